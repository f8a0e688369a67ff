#ifndef MODEL_COMPONENTS_H
#define MODEL_COMPONENTS_H

#include <stddef.h>
#include <stdint.h>

/* One patch of ink whose pixels touch each other, sideways or slantwise. */
struct component {
    size_t left, top, right, bottom; /* its box; right and bottom excluded */
    size_t area;                     /* pixels */
    uint64_t mass;                   /* the sum of their ink */
    uint8_t peak;                    /* the strongest of them */
};

/* The patches of a picture, in the order of their first pixels, row by row. */
struct components {
    uint16_t *labels; /* [height][width]: 0 is paper, i + 1 is all[i] */
    struct component *all;
    size_t n;
};

enum { COMPONENTS_MAX = 2048 }; /* what comes after so many is left as paper */

/* Finds the patches of pixels of `threshold` (at least 1) and more in ink[height][width].
 * Returns 0 and `ret` for components_finish(); -ENOMEM. */
int components_find(const uint8_t *ink, size_t width, size_t height, uint8_t threshold,
                    struct components *ret);
void components_finish(struct components *c); /* accepts a zeroed one */

#endif
