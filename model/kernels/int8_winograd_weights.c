#include "model/kernels/int8_winograd.h"

enum { KERNEL = INT8_WINOGRAD_KERNEL, SIDE = WINOGRAD_SIDE, WINDOW = KERNEL * KERNEL };

/* 24 times G; 12 times its last row. */
static const int32_t to_weights[SIDE][KERNEL] = {
    {6,  0,  0 },
    {-4, -4, -4},
    {-4, 4,  -4},
    {1,  2,  4 },
    {1,  -2, 4 },
    {0,  0,  12},
};

void int8_winograd_transform(const int16_t *weights, int32_t ret[WINOGRAD_FREQUENCIES])
{
    int32_t half[SIDE][KERNEL] = {{0}};

    for (size_t i = 0; i < SIDE; i++)
        for (size_t k = 0; k < KERNEL; k++)
            for (size_t x = 0; x < KERNEL; x++)
                half[i][x] += to_weights[i][k] * weights[k * KERNEL + x];
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j < SIDE; j++) {
            ret[i * SIDE + j] = 0;
            for (size_t k = 0; k < KERNEL; k++)
                ret[i * SIDE + j] += half[i][k] * to_weights[j][k];
        }
}

static bool are_words(const int16_t *weights)
{
    int32_t transformed[WINOGRAD_FREQUENCIES];
    bool ret = true;

    int8_winograd_transform(weights, transformed);
    for (size_t f = 0; f < WINOGRAD_FREQUENCIES; f++)
        ret = ret && transformed[f] >= INT16_MIN && transformed[f] <= INT16_MAX;
    return ret;
}

/* One output channel's weights: no input may make a sum that is too large either way. */
static bool sums_fit(const int16_t *weights, size_t n)
{
    int64_t most = 0, least = 0;

    for (size_t i = 0; i < n; i++)
        *(weights[i] > 0 ? &most : &least) += weights[i] * UINT8_MAX;
    return most < KERNELS_INT8_SUM_MAX && least > -KERNELS_INT8_SUM_MAX;
}

bool kernels_int8_winograd_fits(const struct kernels_conv *c, const int16_t *weights)
{
    bool ret = true;

    for (size_t o = 0; o < c->out_channels && ret; o++, weights += c->in_channels * WINDOW) {
        ret = sums_fit(weights, c->in_channels * WINDOW);
        for (size_t i = 0; i < c->in_channels && ret; i++)
            ret = are_words(weights + i * WINDOW);
    }
    return ret;
}
