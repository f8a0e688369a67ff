#ifndef MODEL_SEGMENT_H
#define MODEL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a line of digits: a patch of ink, or a part of one that was cut. */
struct segment_piece {
    size_t left, top, right, bottom; /* its box; right and bottom excluded */
    bool cut;                        /* from the piece before it, of the same patch */
    size_t ink;                      /* that the cut meets, in percent of the height */
};

enum { SEGMENT_MAX = 64 };

/* A line of digits in pieces, left to right. A digit is one piece or several in a row: which,
 * is for the classifier to say. */
struct segment {
    size_t width, height;
    size_t high; /* of the tallest piece */
    size_t n;
    struct segment_piece pieces[SEGMENT_MAX];
    uint8_t *owners; /* [height][width]: 0 is paper, i + 1 is pieces[i] */
};

/* Cuts ink[height][width] (0 = paper) into pieces: patches that touch; small ones joined to
 * those above or below them, such as the bar of a 5; wide ones cut where there is least ink.
 * Specks, and what comes after SEGMENT_MAX pieces, are left out. Returns 0 and `ret` for
 * segment_finish(); -ENOMEM. */
int segment_find(const uint8_t *ink, size_t width, size_t height, struct segment *ret);
void segment_finish(struct segment *s); /* accepts a zeroed one */

/* The box of `count` pieces in a row. */
struct segment_piece segment_box(const struct segment *s, size_t first, size_t count);

/* Draws `count` pieces in a row by themselves, within a ring of paper:
 * ret[box height + 2][box width + 2], as a picture for preprocess(). */
void segment_draw(const struct segment *s, const uint8_t *ink, size_t first, size_t count,
                  uint8_t *ret);

#endif
