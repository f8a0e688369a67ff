#include "model/kernels/im2col.h"

#include <string.h>

/* Floats of copied windows at a time: they should stay in the second level of cache. */
enum { COLUMNS_MAX = 65536 };

static size_t group_in(const struct kernels_conv *c)
{
    return c->in_channels / c->groups;
}

static size_t group_out(const struct kernels_conv *c)
{
    return c->out_channels / c->groups;
}

static size_t places(const struct kernels_conv *c)
{
    return c->kernel_height * c->kernel_width;
}

size_t im2col_packed(const struct kernels_conv *c)
{
    return c->out_channels * group_in(c) * places(c);
}

/* [out_channels][group_in][places] becomes [out_channels][places][group_in], the order in which
 * a window is copied. */
void im2col_pack(const struct kernels_conv *c, const float *weights, float *packed)
{
    for (size_t oc = 0; oc < c->out_channels; oc++) {
        for (size_t place = 0; place < places(c); place++)
            for (size_t ic = 0; ic < group_in(c); ic++)
                *packed++ = weights[ic * places(c) + place];
        weights += group_in(c) * places(c);
    }
}

/* Rows of the output at a time. With a gap behind each row they are no matrix, so one. */
static size_t rows_at_once(const struct kernels_conv *c)
{
    size_t row = c->out_width * places(c) * group_in(c);
    size_t rows = COLUMNS_MAX / row;

    if (c->out_row != c->out_width * c->out_pixel || rows == 0)
        return 1;
    return rows < c->out_height ? rows : c->out_height;
}

size_t im2col_scratch(const struct kernels_conv *c)
{
    return rows_at_once(c) * c->out_width * places(c) * group_in(c);
}

/* in: the window's first channel; columns: [places][group_in]. Returns what is behind them. */
static float *copy_window(const struct kernels_conv *c, const float *in, float *columns)
{
    size_t channels = group_in(c);

    for (size_t ky = 0; ky < c->kernel_height; ky++)
        for (size_t kx = 0; kx < c->kernel_width; kx++, columns += channels)
            memcpy(columns,
                   in + ky * c->dilation_y * c->in_row + kx * c->dilation_x * c->in_pixel,
                   channels * sizeof(*columns));
    return columns;
}

static void copy_windows(const struct kernels_conv *c, size_t rows, const float *in,
                         float *columns)
{
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < c->out_width; x++)
            columns = copy_window(
                c, in + y * c->stride_y * c->in_row + x * c->stride_x * c->in_pixel, columns);
}

/* The bias is where the sums start; it is zero behind out_channels, and so is the output. */
static void start_sums(const struct kernels_conv *c, size_t rows, const float *bias, float *out)
{
    for (size_t i = 0; i < rows * c->out_width; i++)
        memcpy(out + i * c->out_pixel, bias, c->out_pixel * sizeof(*out));
}

static void clip(float *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = out[i] > 0 ? out[i] : 0;
}

/* Some rows of one group's channels. */
static void multiply(const struct blas *blas, const struct kernels_conv *c, size_t rows,
                     const float *packed, const float *columns, float *out)
{
    int terms = (int)(group_in(c) * places(c));

    blas->sgemm(BLAS_ROW_MAJOR, BLAS_NO_TRANS, BLAS_TRANS, (int)(rows * c->out_width),
                (int)group_out(c), terms, 1, columns, terms, packed, terms, 1, out,
                (int)c->out_pixel);
}

void im2col_conv(const struct blas *blas, const struct kernels_conv *c, const float *packed,
                 const float *bias, const float *in, float *scratch, float *out)
{
    size_t step = rows_at_once(c);

    for (size_t y = 0; y < c->out_height; y += step) {
        size_t rows = y + step < c->out_height ? step : c->out_height - y;
        const float *from = in + y * c->stride_y * c->in_row;
        float *to = out + y * c->out_row;

        start_sums(c, rows, bias, to);
        for (size_t g = 0; g < c->groups; g++) {
            copy_windows(c, rows, from + g * group_in(c), scratch);
            multiply(blas, c, rows, packed + g * group_out(c) * group_in(c) * places(c),
                     scratch, to + g * group_out(c));
        }
        if (c->relu)
            clip(to, rows * c->out_width * c->out_pixel);
    }
}
