#ifndef MODEL_STROKES_H
#define MODEL_STROKES_H

#include <stddef.h>
#include <stdint.h>

struct error;

enum {
    STROKES_POINTS_MAX = 8192,
    STROKES_SIDE_MAX = 2048, /* pixels of ink that strokes_draw() may be asked for */
};

/* What a pen did: strokes of points, in any unit, y down. A stroke of one point is a dot. */
struct strokes;

/* Returns NULL without memory. */
struct strokes *strokes_create(void);
void strokes_destroy(struct strokes *s); /* accepts NULL */

/* The pen comes down: the next point begins a stroke. */
void strokes_lift(struct strokes *s);

/* Adds a point to the stroke; both numbers must be finite. Returns 0; -E2BIG beyond
 * STROKES_POINTS_MAX. */
int strokes_add(struct strokes *s, float x, float y, struct error *err);

size_t strokes_points(const struct strokes *s);

/* The box of the points, as width and height. Zero without points. */
void strokes_extent(const struct strokes *s, double *ret_width, double *ret_height);

/* Grey, ink 0 on paper 255, as preprocess() takes it. */
struct strokes_picture {
    uint8_t *grey; /* [height][width] */
    size_t width, height;
};

/* Draws what was written as model/train/strokes.py draw_tight() does, to the last bit: the long
 * side of the inked box is `side` pixels (1..STROKES_SIDE_MAX), the round brush `share` of that
 * (above 0, below 1). Returns 0 and *ret with grey for the caller to free(); -EINVAL without a
 * point; -ENOMEM. */
int strokes_draw(const struct strokes *s, double side, double share,
                 struct strokes_picture *ret, struct error *err);

#endif
