#ifndef MODEL_KERNELS_WINOGRAD_H
#define MODEL_KERNELS_WINOGRAD_H

#include "model/kernels/level.h"

/* Winograd's F(4x4,3x3) and F(2x2,5x5), for model/kernels.h. Both look at tiles of 6x6 inputs,
 * at the same points, and so differ only in what they do to weights and outputs; so does
 * F(2x1,5x1), along strips of six rows. */
enum {
    WINOGRAD_SIDE = 6, /* inputs along a side of a tile */
    WINOGRAD_FREQUENCIES = WINOGRAD_SIDE * WINOGRAD_SIDE,
    WINOGRAD_KERNEL_MAX = 5,
    /* Floats of a pair of channels: for tiles, then for strips. */
    WINOGRAD_TRANSFORMED = WINOGRAD_FREQUENCIES + WINOGRAD_SIDE * WINOGRAD_KERNEL_MAX,
};

/* Outputs along a side of a tile. */
static inline size_t winograd_tile(size_t kernel)
{
    return WINOGRAD_SIDE + 1 - kernel;
}

/* weights[out][in][kernel][kernel] to [WINOGRAD_FREQUENCIES][out][in], and behind it
 * [WINOGRAD_SIDE][out][in][kernel], transformed down the rows only: what winograd_pack() takes,
 * the same at every level. */
void winograd_transform(const float *weights, size_t kernel, size_t out, size_t in,
                        float *transformed);

#endif
