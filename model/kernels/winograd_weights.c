#include "model/kernels/winograd.h"

enum { FREQUENCIES = WINOGRAD_TILE + 2, KERNEL = 3 }; /* along a side */

/* G of winograd_reference.c */
static const double to_weights[FREQUENCIES][KERNEL] = {
    {1.0 / 4,  0,         0       },
    {-1.0 / 6, -1.0 / 6,  -1.0 / 6},
    {-1.0 / 6, 1.0 / 6,   -1.0 / 6},
    {1.0 / 24, 1.0 / 12,  1.0 / 6 },
    {1.0 / 24, -1.0 / 12, 1.0 / 6 },
    {0,        0,         1       },
};

/* In double, so that the only rounding is the last. */
static void transform_kernel(const float *w, size_t step, float *ret)
{
    double half[FREQUENCIES][KERNEL] = {{0}};

    for (size_t i = 0; i < FREQUENCIES; i++)
        for (size_t k = 0; k < KERNEL; k++)
            for (size_t x = 0; x < KERNEL; x++)
                half[i][x] += to_weights[i][k] * (double)w[k * KERNEL + x];
    for (size_t i = 0; i < FREQUENCIES; i++)
        for (size_t j = 0; j < FREQUENCIES; j++) {
            double sum = 0;

            for (size_t k = 0; k < KERNEL; k++)
                sum += half[i][k] * to_weights[j][k];
            ret[(i * FREQUENCIES + j) * step] = (float)sum;
        }
}

void winograd_transform(const float *weights, size_t out, size_t in, float *transformed)
{
    for (size_t i = 0; i < out * in; i++, weights += (size_t)KERNEL * KERNEL)
        transform_kernel(weights, out * in, transformed + i);
}
