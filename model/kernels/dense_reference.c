/* What a dense layer is: readable, not fast. */
#include <string.h>

#include "model/kernels/level.h"

size_t LEVEL(dense_packed)(const struct kernels_dense *d)
{
    return d->in * d->out;
}

void LEVEL(dense_pack)(const struct kernels_dense *d, const float *weights, float *packed)
{
    memcpy(packed, weights, d->in * d->out * sizeof(*packed));
}

void LEVEL(dense)(const struct kernels_dense *d, const float *packed, const float *bias,
                  const float *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++, x += d->in_stride, y += d->out_stride) {
        for (size_t o = 0; o < d->out; o++) {
            float sum = bias[o];

            for (size_t k = 0; k < d->in; k++)
                sum += packed[o * d->in + k] * x[k];
            y[o] = d->relu && !(sum > 0) ? 0 : sum;
        }
        for (size_t o = d->out; o < d->out_stride; o++)
            y[o] = 0;
    }
}
