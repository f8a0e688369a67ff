#ifndef MODEL_PHOTO_PAPER_H
#define MODEL_PHOTO_PAPER_H

#include <stddef.h>
#include <stdint.h>

/* How bright the paper is, cell by cell, as if nothing were written on it. */
struct photo_paper {
    float *level; /* [rows][columns], 0..255, in the middle of each cell */
    size_t columns, rows;
};

enum { PHOTO_CELL = 8 }; /* pixels, each way */

/* Estimates it from grey[height][width]. Returns 0 and `ret` for photo_paper_finish(); -ENOMEM.
 */
int photo_paper_find(const uint8_t *grey, size_t width, size_t height, struct photo_paper *ret);
void photo_paper_finish(struct photo_paper *p); /* accepts a zeroed one */

/* The paper's brightness at a pixel, between the cells' middles. */
float photo_paper_at(const struct photo_paper *p, size_t x, size_t y);

#endif
