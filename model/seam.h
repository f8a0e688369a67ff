#ifndef MODEL_SEAM_H
#define MODEL_SEAM_H

#include <stddef.h>
#include <stdint.h>

enum { SEAM_MAX = 24 };

/* Ways down through a patch of ink that meet as little of it as they can: where digits that
 * touch may be cut apart. They go a column to the side with each row, at most, and do not
 * cross. */
struct seams {
    size_t n, height;
    uint32_t ink[SEAM_MAX]; /* the sum of what each meets */
    uint16_t *columns;      /* [n][height]: the first on its right; left to right */
};

/* Finds seams through ink[height][width] that cross the middle row at least `apart` columns
 * from each other and from both sides, the weakest first until SEAM_MAX. Sides are at most
 * 65535. Returns 0 and `ret` for seam_finish(); -ENOMEM. */
int seam_find(const uint8_t *ink, size_t width, size_t height, size_t apart, struct seams *ret);
void seam_finish(struct seams *s); /* accepts a zeroed one */

#endif
