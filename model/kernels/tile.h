#ifndef MODEL_KERNELS_TILE_H
#define MODEL_KERNELS_TILE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/kernels/level.h"
#include "model/kernels/vector.h"

/* The one inner loop of convolutions and dense layers: a few pixels (or images) times a few
 * vectors of output channels, with all the sums in registers,
 *     out[pixel][channel] = bias[channel] + sum of in[pixel][window] * weights[window][channel]
 * Every sum is taken in the order of the window, whatever the tile's size is: what comes out
 * for a pixel does not depend on the tile that it falls into, bit for bit. */
struct tile {
    size_t rows, row_step; /* of the window; floats apart in the input */
    size_t runs, run_step; /* in each row */
    size_t run;            /* floats that lie together */
    size_t in_step;        /* floats from one pixel of the tile to the next */
    size_t out_step;
    bool relu;
};

enum { TILE_VECTORS = 6, TILE_PIXELS = 14 };

/* The vectors of the next block, where blocks are of `block` and `left` are left: what there is
 * a tile for. */
size_t LEVEL(tile_next)(size_t block, size_t left);

/* The time of a row of `width` pixels with `vectors` vectors of channels, in no unit; `load` is
 * that of a vector of weights: 1 from the first level of cache, 2 from the second. */
size_t LEVEL(tile_time)(size_t vectors, size_t width, size_t load);

/* A row of `width` pixels, one block of channels. */
void LEVEL(tile_row)(const struct tile *t, size_t vectors, size_t width, const float *weights,
                     const float *bias, const float *in, float *out);

#endif
