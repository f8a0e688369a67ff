#ifndef MODEL_KERNELS_IM2COL_H
#define MODEL_KERNELS_IM2COL_H

#include <stddef.h>

#include "model/blas.h"
#include "model/kernels.h"

/* Convolution by matrix multiplication: every window is copied into a row of a matrix, some
 * rows of the picture at a time. Any shape; slower than the direct kernels, faster than the
 * reference. The functions are those of struct kernels, with scratch of im2col_scratch()
 * floats, 64-byte aligned, for im2col_conv(). */
size_t im2col_packed(const struct kernels_conv *c);
void im2col_pack(const struct kernels_conv *c, const float *weights, float *packed);
size_t im2col_scratch(const struct kernels_conv *c);
void im2col_conv(const struct blas *blas, const struct kernels_conv *c, const float *packed,
                 const float *bias, const float *in, float *scratch, float *out);

#endif
