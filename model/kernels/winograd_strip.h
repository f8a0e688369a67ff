#ifndef MODEL_KERNELS_WINOGRAD_STRIP_H
#define MODEL_KERNELS_WINOGRAD_STRIP_H

#include "model/kernels/level.h"

/* Winograd's F(2,5) down the rows only, for 5x5 windows over channels too few for tiles: what
 * winograd.c does for such a shape. */
size_t LEVEL(winograd_strip_packed)(const struct kernels_conv *c);
void LEVEL(winograd_strip_pack)(const struct kernels_conv *c, const float *transformed,
                                float *packed);
size_t LEVEL(winograd_strip_work)(const struct kernels_conv *c);
void LEVEL(winograd_strip)(const struct kernels_conv *c, const float *packed, const float *bias,
                           const float *in, float *work, float *out);

#endif
