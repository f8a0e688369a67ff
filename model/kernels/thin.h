#ifndef MODEL_KERNELS_THIN_H
#define MODEL_KERNELS_THIN_H

#include "model/kernels/level.h"

/* Convolutions of one channel to a few, where vectors of output channels would be half empty:
 * here a vector is pixels side by side. With c->pool, the largest of each 2x2 comes out. */
bool LEVEL(thin_pays)(const struct kernels_conv *c);
size_t LEVEL(thin_packed)(const struct kernels_conv *c);
void LEVEL(thin_pack)(const struct kernels_conv *c, const float *weights, float *packed);
void LEVEL(thin)(const struct kernels_conv *c, const float *packed, const float *bias,
                 const float *in, float *out);

#endif
