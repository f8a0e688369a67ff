/* Direct convolution, NHWC: no copy of the input is made. */
#include "model/kernels/packed.h"
#include "model/kernels/thin.h"

/* Groups that end within a vector are taken together, as many as end where one does, with zeros
 * for the inputs of the others: that wastes less than working on single channels would. */
struct part {
    size_t groups;
    size_t in, out; /* channels */
};

static struct part part_of(const struct kernels_conv *c)
{
    size_t group_out = c->out_channels / c->groups;
    size_t groups = 1;

    while (groups * group_out % VECTOR_LANES != 0 && groups < c->groups)
        groups *= 2;
    if (c->groups % groups != 0)
        groups = c->groups;
    return (struct part){
        .groups = groups,
        .in = c->in_channels / c->groups * groups,
        .out = group_out * groups,
    };
}

static size_t places(const struct kernels_conv *c)
{
    return c->kernel_height * c->kernel_width;
}

bool LEVEL(conv_fits)(const struct kernels_conv *c)
{
    return part_of(c).groups <= VECTOR_LANES;
}

bool LEVEL(conv_pools)(const struct kernels_conv *c)
{
    return LEVEL(thin_pays)(c);
}

size_t LEVEL(conv_packed)(const struct kernels_conv *c)
{
    struct part part = part_of(c);

    if (LEVEL(thin_pays)(c))
        return LEVEL(thin_packed)(c);
    return c->groups / part.groups * LEVEL(packed_len)(part.out, part.in * places(c));
}

void LEVEL(conv_pack)(const struct kernels_conv *c, const float *weights, float *packed)
{
    struct part part = part_of(c);
    const struct packed_shape shape = {
        .channels = part.out,
        .in = part.in,
        .places = places(c),
        .group_out = c->out_channels / c->groups,
        .group_in = c->in_channels / c->groups,
        .width = c->out_width,
        .load = 1, /* every row uses them again */
    };

    if (LEVEL(thin_pays)(c)) {
        LEVEL(thin_pack)(c, weights, packed);
        return;
    }
    for (size_t g = 0; g < c->groups; g += part.groups) {
        LEVEL(packed_fill)(&shape, weights, packed);
        weights += part.out * shape.group_in * places(c);
        packed += LEVEL(packed_len)(part.out, part.in * places(c));
    }
}

static struct tile tile_of(const struct kernels_conv *c, size_t in)
{
    struct tile t = {
        .rows = c->kernel_height,
        .row_step = c->dilation_y * c->in_row,
        .runs = c->kernel_width,
        .run_step = c->dilation_x * c->in_pixel,
        .run = in,
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

/* The channels that no vector wrote. */
static void clear_rest(const struct kernels_conv *c, float *out)
{
    size_t written = (c->out_channels + VECTOR_LANES - 1) / VECTOR_LANES * VECTOR_LANES;

    if (written < c->out_pixel)
        for (size_t x = 0; x < c->out_width; x++)
            memset(out + x * c->out_pixel + written, 0,
                   (c->out_pixel - written) * sizeof(*out));
}

/* One row, all channels. */
static void row(const struct kernels_conv *c, const float *packed, const float *bias,
                const float *in, float *out)
{
    struct part part = part_of(c);
    const struct tile t = tile_of(c, part.in);
    bool one = c->out_height == 1 && c->out_width == 1;

    for (size_t g = 0; g < c->groups; g += part.groups) {
        if (one)
            LEVEL(packed_pixel)(&t, part.out, packed, bias, in, out);
        else
            LEVEL(packed_row)(&t, part.out, c->out_width, packed, bias, in, out);
        packed += LEVEL(packed_len)(part.out, part.in * places(c));
        bias += part.out;
        in += part.in;
        out += part.out;
    }
}

void LEVEL(conv)(const struct kernels_conv *c, const float *packed, const float *bias,
                 const float *in, float *out)
{
    if (LEVEL(thin_pays)(c)) {
        LEVEL(thin)(c, packed, bias, in, out);
        return;
    }
    for (size_t y = 0; y < c->out_height; y++) {
        row(c, packed, bias, in, out);
        clear_rest(c, out);
        in += c->stride_y * c->in_row;
        out += c->out_row;
    }
}
