#ifndef MODEL_KERNELS_INT8_TILE_H
#define MODEL_KERNELS_INT8_TILE_H

#include "model/kernels/int8_dot.h"
#include "model/kernels/int8_level.h"

/* The one inner loop of quantised layers, as model/kernels/tile.h is that of the others: a few
 * pixels times a few vectors of channels. Strides of the input are in bytes. */
struct int8_tile {
    size_t rows, row_step; /* of the window */
    size_t runs, run_step; /* in each row */
    size_t run;            /* groups of DOT_INPUTS bytes that lie together */
    size_t in_step;        /* from one pixel of the tile to the next */
    size_t out_step;       /* likewise, in elements of the output */
    size_t next_line;      /* if each 2x2 outputs become one: to the pixels below, or beside */
};

enum { INT8_VECTORS = 4, INT8_PIXELS = 14 };

/* The vectors of the next block, where blocks are of `block` and `left` are left: 1, 2 or 4. */
size_t LEVEL(int8_next)(size_t block, size_t left);

/* The block that suits rows of `width` pixels. */
size_t LEVEL(int8_block)(size_t width);

/* A row of `width` pixels, one block of channels. weights: [rows][runs][run][vectors][DOT_LEN];
 * `channel` is the block's first, for the arrays of the end and the place in a pixel. */
void LEVEL(int8_row)(const struct int8_tile *t, size_t vectors, size_t width,
                     const dot_weight *weights, const struct kernels_int8_end *end,
                     size_t channel, const uint8_t *in, void *out);

/* As int8_conv(), for pictures of a few columns: pixel by pixel down. */
void LEVEL(int8_conv_columns)(const struct kernels_conv *c, const void *packed,
                              const struct kernels_int8_end *end, const uint8_t *in, void *out);

#endif
