#ifndef MODEL_KERNELS_WINOGRAD_OUTPUT_H
#define MODEL_KERNELS_WINOGRAD_OUTPUT_H

#include "model/kernels/level.h"
#include "model/kernels/vector.h"

/* Where a tile goes. */
struct winograd_target {
    float *out;
    size_t row, pixel;
    size_t height, width; /* what there is room for */
    vector floor;         /* nothing is less: 0 is ReLU */
};

/* All channels of one tile; from: [WINOGRAD_FREQUENCIES][out_channels], `step` floats from one
 * frequency to the next. */
void LEVEL(winograd_output)(const struct kernels_conv *c, const float *from, size_t step,
                            const struct winograd_target *t);

#endif
