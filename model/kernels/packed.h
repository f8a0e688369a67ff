#ifndef MODEL_KERNELS_PACKED_H
#define MODEL_KERNELS_PACKED_H

#include <stddef.h>

#include "model/kernels/tile.h"

/* Weights in the order in which tiles read them: [channels / block][terms][block], where a term
 * is one input of one place of the window, and a block is a few vectors of channels, chosen for
 * the shape. The last block is smaller; channels behind the last one are zero. In front is a
 * head of KERNELS_LANES floats that says how large a block is. */
size_t LEVEL(packed_len)(size_t channels, size_t terms);

/* What is packed: weights[channels][group_in][places], of which each `group_out` channels use
 * the next `group_in` of the `in` inputs; the terms are [places][in]. The block is the fastest
 * for rows of `width` pixels plus `singles` rows of one; `load` as in tile_time(). */
struct packed_shape {
    size_t channels, in, places;
    size_t group_out, group_in;
    size_t width, singles, load;
};
void LEVEL(packed_fill)(const struct packed_shape *s, const float *weights, float *packed);

/* A row of `width` pixels, all channels; out: [width][out_step], zero behind `channels` as far
 * as their last vector. */
void LEVEL(packed_row)(const struct tile *t, size_t channels, size_t width, const float *packed,
                       const float *bias, const float *in, float *out);

/* As packed_row() with one pixel, bit for bit, but inputs that are zero are skipped and their
 * weights never read: in pictures, and after a ReLU, most are. */
void LEVEL(packed_pixel)(const struct tile *t, size_t channels, const float *packed,
                         const float *bias, const float *in, float *out);

#endif
