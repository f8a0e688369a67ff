/* A dense layer, as a convolution whose pixels are the images. */
#include "model/kernels/packed.h"

size_t LEVEL(dense_packed)(const struct kernels_dense *d)
{
    return LEVEL(packed_len)(d->out, d->in);
}

void LEVEL(dense_pack)(const struct kernels_dense *d, const float *weights, float *packed)
{
    const struct packed_shape shape = {
        .channels = d->out,
        .in = d->in,
        .places = 1,
        .group_out = d->out,
        .group_in = d->in,
        .width = TILE_PIXELS,
        .singles = 4, /* most requests hold one image */
        .load = 2,
    };

    LEVEL(packed_fill)(&shape, weights, packed);
}

/* Skipping zeros pays where less than a third of the inputs is left: a tile reads its weights
 * once for all its images. */
static bool mostly_zero(const float *x, size_t count)
{
    size_t nonzero = 0;

    for (size_t i = 0; i < count; i++)
        nonzero += x[i] != 0;
    return nonzero < count / 3;
}

/* How many images from the first can share tiles. */
static size_t full_images(const struct kernels_dense *d, const float *x, size_t n)
{
    size_t full = 0;

    if (n == 1)
        return 0;
    while (full < n && !mostly_zero(x + full * d->in_stride, d->in))
        full++;
    return full > 1 ? full : 0;
}

void LEVEL(dense)(const struct kernels_dense *d, const float *packed, const float *bias,
                  const float *x, size_t n, float *y)
{
    const struct tile t = {
        .rows = 1,
        .runs = 1,
        .run = d->in,
        .in_step = d->in_stride,
        .out_step = d->out_stride,
        .relu = d->relu,
    };
    size_t written = (d->out + VECTOR_LANES - 1) / VECTOR_LANES * VECTOR_LANES;

    for (size_t i = 0; i < n && written < d->out_stride; i++)
        memset(y + i * d->out_stride + written, 0, (d->out_stride - written) * sizeof(*y));
    while (n > 0) {
        size_t full = full_images(d, x, n);
        size_t now = full > 0 ? full : 1;

        if (full > 0)
            LEVEL(packed_row)(&t, d->out, full, packed, bias, x, y);
        else
            LEVEL(packed_pixel)(&t, d->out, packed, bias, x, y);
        x += now * d->in_stride;
        y += now * d->out_stride;
        n -= now;
    }
}
