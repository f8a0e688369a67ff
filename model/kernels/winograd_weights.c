#include "model/kernels/winograd.h"

/* Where the polynomials of a tile are looked at; the last point is infinity. */
enum { POINTS = WINOGRAD_SIDE - 1, KERNEL_MAX = 5 };
static const double points[POINTS] = {0, 1, -1, 2, -2};
static const double scales[POINTS] = {1.0 / 4, -1.0 / 6, -1.0 / 6, 1.0 / 24, 1.0 / 24};

/* Row `at` of G: how weight k counts. */
static void row(size_t at, size_t kernel, double ret[KERNEL_MAX])
{
    double power = at < POINTS ? scales[at] : 0;

    for (size_t k = 0; k < kernel; k++) {
        ret[k] = power;
        power *= at < POINTS ? points[at] : 0;
    }
    if (at == POINTS)
        ret[kernel - 1] = 1;
}

/* G w G^T, in double, so that the only rounding is the last. */
static void transform(const double g[WINOGRAD_SIDE][KERNEL_MAX], const float *w, size_t kernel,
                      size_t step, float *ret)
{
    double half[WINOGRAD_SIDE][KERNEL_MAX] = {{0}};

    for (size_t i = 0; i < WINOGRAD_SIDE; i++)
        for (size_t k = 0; k < kernel; k++)
            for (size_t x = 0; x < kernel; x++)
                half[i][x] += g[i][k] * (double)w[k * kernel + x];
    for (size_t i = 0; i < WINOGRAD_SIDE; i++)
        for (size_t j = 0; j < WINOGRAD_SIDE; j++) {
            double sum = 0;

            for (size_t k = 0; k < kernel; k++)
                sum += half[i][k] * g[j][k];
            ret[(i * WINOGRAD_SIDE + j) * step] = (float)sum;
        }
}

/* G w: the columns of a window as they are. */
static void transform_strip(const double g[WINOGRAD_SIDE][KERNEL_MAX], const float *w,
                            size_t kernel, size_t step, float *ret)
{
    for (size_t i = 0; i < WINOGRAD_SIDE; i++)
        for (size_t x = 0; x < kernel; x++) {
            double sum = 0;

            for (size_t k = 0; k < kernel; k++)
                sum += g[i][k] * (double)w[k * kernel + x];
            ret[i * step + x] = (float)sum;
        }
}

void winograd_transform(const float *weights, size_t kernel, size_t out, size_t in,
                        float *transformed)
{
    double g[WINOGRAD_SIDE][KERNEL_MAX];
    float *strips = transformed + WINOGRAD_FREQUENCIES * out * in;

    for (size_t i = 0; i < WINOGRAD_SIDE; i++)
        row(i, kernel, g[i]);
    for (size_t i = 0; i < out * in; i++, weights += kernel * kernel) {
        transform((const double(*)[KERNEL_MAX])g, weights, kernel, out * in, transformed + i);
        transform_strip((const double(*)[KERNEL_MAX])g, weights, kernel, out * in * kernel,
                        strips + i * kernel);
    }
}
