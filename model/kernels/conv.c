/* Direct convolution, NHWC: no copy of the input is made. */
#include "model/kernels/packed.h"

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

static size_t group_packed(const struct kernels_conv *c)
{
    return LEVEL(packed_len)(group_out(c), group_in(c) * places(c));
}

static bool one_pixel(const struct kernels_conv *c)
{
    return c->out_height == 1 && c->out_width == 1;
}

/* Groups have to end where a vector does. */
bool LEVEL(conv_fits)(const struct kernels_conv *c)
{
    return c->groups == 1 || group_out(c) % VECTOR_LANES == 0;
}

size_t LEVEL(conv_packed)(const struct kernels_conv *c)
{
    return c->groups * group_packed(c);
}

void LEVEL(conv_pack)(const struct kernels_conv *c, const float *weights, float *packed)
{
    const struct packed_shape shape = {
        .channels = group_out(c),
        .in = group_in(c),
        .places = places(c),
        .width = c->out_width,
        .load = 1, /* every row uses them again */
    };

    for (size_t g = 0; g < c->groups; g++) {
        LEVEL(packed_fill)(&shape, weights, packed);
        weights += group_out(c) * group_in(c) * places(c);
        packed += group_packed(c);
    }
}

static struct tile tile_of(const struct kernels_conv *c)
{
    struct tile t = {
        .rows = c->kernel_height,
        .row_step = c->dilation_y * c->in_row,
        .runs = c->kernel_width,
        .run_step = c->dilation_x * c->in_pixel,
        .run = group_in(c),
        .in_step = c->stride_x * c->in_pixel,
        .out_step = c->out_pixel,
        .relu = c->relu,
    };

    /* Pixels side by side without a gap are one long run. */
    if (t.run == t.run_step) {
        t.run *= t.runs;
        t.runs = 1;
    }
    return t;
}

/* One row of one group's channels. */
static void row(const struct kernels_conv *c, const struct tile *t, const float *packed,
                const float *bias, const float *in, float *out)
{
    if (one_pixel(c))
        LEVEL(packed_pixel)(t, group_out(c), packed, bias, in, out);
    else
        LEVEL(packed_row)(t, group_out(c), c->out_width, packed, bias, in, out);
}

/* The channels that no vector wrote. */
static void clear_rest(const struct kernels_conv *c, float *out)
{
    size_t written = (c->out_channels + VECTOR_LANES - 1) / VECTOR_LANES * VECTOR_LANES;

    if (written < c->out_pixel)
        for (size_t x = 0; x < c->out_width; x++)
            memset(out + x * c->out_pixel + written, 0,
                   (c->out_pixel - written) * sizeof(*out));
}

void LEVEL(conv)(const struct kernels_conv *c, const float *packed, const float *bias,
                 const float *in, float *out)
{
    const struct tile t = tile_of(c);

    for (size_t y = 0; y < c->out_height; y++) {
        for (size_t g = 0; g < c->groups; g++)
            row(c, &t, packed + g * group_packed(c), bias + g * group_out(c),
                in + g * group_in(c), out + g * group_out(c));
        clear_rest(c, out);
        in += c->stride_y * c->in_row;
        out += c->out_row;
    }
}
