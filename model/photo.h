#ifndef MODEL_PHOTO_H
#define MODEL_PHOTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct preprocess;

/* A photograph without its light: only the ink is left. */
struct photo {
    uint8_t *ink; /* [height][width], 255 = ink, 0 = paper; the outermost ring is paper */
    size_t width, height;
    size_t scale;  /* pixels of the photograph, each way, in one of these */
    bool inverted; /* the ink was brighter than the paper */
};

/* Whether a picture is a photograph or a scan: at least 64 pixels each way, and more than a
 * quarter of its outermost ring differs from the ring's median by more than 1, or at least
 * eight thin lines cross it: the paper is ruled or squared. The paper of drawings and of MNIST
 * is of one grey; they are none, and do not pass through here. */
bool photo_is_one(const uint8_t *grey, size_t width, size_t height);

/* Takes the light off a photograph: gradients, shadows, grain and texture, specks, and what
 * reaches in from the edges, also the rules of paper that are fainter than what is written. The
 * paper's brightness is a robust quadratic surface plus medians of neighbourhoods wider than a
 * stroke; ink is what differs from it, relative to it, in the direction that differs most.
 * If that leaves nothing, a sheet is looked for that lies on something darker or brighter.
 * Nothing is left if nothing stands out from the grain. grey: uint8_t[height][width], both
 * sides at most PREPROCESS_PICTURE_SIDE_MAX. Returns 0 and `ret` for photo_finish(); -ENOMEM.
 * Thread-safe. */
int photo_clean(const uint8_t *grey, size_t width, size_t height, struct photo *ret);
void photo_finish(struct photo *p); /* accepts a zeroed one */

/* preprocess() for any picture: a photograph is cleaned before it. Returns 0; -ENOMEM. */
int photo_preprocess(const uint8_t *grey, size_t width, size_t height, struct preprocess *ret);

#endif
