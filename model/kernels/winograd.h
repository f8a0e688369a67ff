#ifndef MODEL_KERNELS_WINOGRAD_H
#define MODEL_KERNELS_WINOGRAD_H

#include "model/kernels/level.h"

/* Winograd's F(4x4,3x3), for model/kernels.h. */
enum {
    WINOGRAD_TILE = 4,         /* outputs along a side of a tile */
    WINOGRAD_FREQUENCIES = 36, /* (WINOGRAD_TILE + 2) squared */
};

/* weights[out][in][3][3] to [WINOGRAD_FREQUENCIES][out][in]: what winograd_pack() takes, the
 * same at every level. */
void winograd_transform(const float *weights, size_t out, size_t in, float *transformed);

#endif
