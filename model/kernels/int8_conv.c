/* Quantised convolutions and dense layers, NHWC, without a copy of the input. */
#include "model/kernels/int8_tile.h"

/* Groups are taken together, with zeros for the inputs of the others; up to so many weights. */
enum { EXPANDED_MAX = 1 << 22 };

enum { HEAD = 64 }; /* bytes in front of the weights, that say how large a block is */

static size_t vectors_of(const struct kernels_conv *c)
{
    return KERNELS_ROUND(c->out_channels) / VECTOR_LANES;
}

/* Pixels side by side without a gap are one long run. */
static struct int8_tile tile_of(const struct kernels_conv *c)
{
    struct int8_tile t = {
        .rows = c->kernel_height,
        .row_step = c->dilation_y * c->in_row,
        .runs = c->kernel_width,
        .run_step = c->dilation_x * c->in_pixel,
        .in_step = c->stride_x * c->in_pixel,
        .out_step = c->out_pixel,
    };
    size_t run = c->in_channels;

    if (run == t.run_step) {
        run *= t.runs;
        t.runs = 1;
    }
    t.run = (run + DOT_INPUTS - 1) / DOT_INPUTS;
    return t;
}

/* Groups of DOT_INPUTS in a window. */
static size_t groups_of(const struct int8_tile *t)
{
    return t->rows * t->runs * t->run;
}

bool LEVEL(int8_fits)(const struct kernels_conv *c, const int16_t *weights)
{
    size_t count =
        c->out_channels * (c->in_channels / c->groups) * c->kernel_height * c->kernel_width;

    if (c->groups > 1 && count > EXPANDED_MAX / c->groups)
        return false;
    for (size_t i = 0; i < count; i++)
        if (weights[i] < DOT_WEIGHT_MIN || weights[i] > DOT_WEIGHT_MAX)
            return false;
    return true;
}

size_t LEVEL(int8_packed)(const struct kernels_conv *c)
{
    struct int8_tile t = tile_of(c);

    return HEAD + groups_of(&t) * vectors_of(c) * DOT_LEN * sizeof(dot_weight);
}

/* One channel's weights, [group_in][height][width], to its lane of a block of `vectors`;
 * `first` is its group's first input. */
static void pack_channel(const struct kernels_conv *c, const int16_t *weights, size_t first,
                         size_t lane, size_t vectors, dot_weight *packed)
{
    const struct int8_tile t = tile_of(c);
    size_t in_run = t.runs == 1 && c->kernel_width > 1 ? c->kernel_width : 1; /* places */

    for (size_t i = 0; i < c->in_channels / c->groups; i++)
        for (size_t y = 0; y < c->kernel_height; y++)
            for (size_t x = 0; x < c->kernel_width; x++) {
                size_t at = x % in_run * c->in_channels + first + i; /* in its run */
                size_t group = (y * t.runs + x / in_run) * t.run + at / DOT_INPUTS;

                packed[(group * vectors + lane / VECTOR_LANES) * DOT_LEN +
                       dot_place(lane % VECTOR_LANES, at % DOT_INPUTS)] =
                    (dot_weight)*weights++;
            }
}

void LEVEL(int8_pack)(const struct kernels_conv *c, const int16_t *weights, void *packed)
{
    const struct int8_tile t = tile_of(c);
    size_t block = LEVEL(int8_block)(c->out_width);
    size_t left = vectors_of(c);
    size_t group_in = c->in_channels / c->groups;
    size_t group_out = c->out_channels / c->groups;
    dot_weight *to = (dot_weight *)(void *)((char *)packed + HEAD);

    memset(packed, 0, LEVEL(int8_packed)(c));
    memcpy(packed, &block, sizeof(block));
    for (size_t channel = 0; left > 0;) {
        size_t vectors = LEVEL(int8_next)(block, left);

        for (size_t i = 0; i < vectors * VECTOR_LANES && channel < c->out_channels;
             i++, channel++)
            pack_channel(c, weights + channel * group_in * c->kernel_height * c->kernel_width,
                         channel / group_out * group_in, i, vectors, to);
        to += groups_of(&t) * vectors * DOT_LEN;
        left -= vectors;
    }
}

/* Lines of pixels, or with a pool pairs of them, which lie so many elements apart. */
struct lines {
    size_t count, width;
    size_t in_step, out_step;
};

static void convolve(const struct kernels_conv *c, struct int8_tile t, const struct lines *l,
                     const void *packed, const struct kernels_int8_end *end, const uint8_t *in,
                     void *out)
{
    size_t block = 0;
    size_t size = end->shift ? sizeof(float) : 1;
    size_t each = c->pool ? 2 : 1;

    memcpy(&block, packed, sizeof(block));
    t.next_line = c->pool ? l->in_step : 0;
    for (size_t i = 0; i < l->count / each; i++) {
        const dot_weight *weights =
            (const dot_weight *)(const void *)((const char *)packed + HEAD);

        for (size_t done = 0, vectors = 0; done < vectors_of(c); done += vectors) {
            vectors = LEVEL(int8_next)(block, vectors_of(c) - done);
            LEVEL(int8_row)
            (&t, vectors, l->width, weights, end, done * VECTOR_LANES,
             in + i * each * l->in_step, (char *)out + i * l->out_step * size);
            weights += groups_of(&t) * vectors * DOT_LEN;
        }
    }
}

void LEVEL(int8_conv)(const struct kernels_conv *c, const void *packed,
                      const struct kernels_int8_end *end, const uint8_t *in, void *out)
{
    const struct int8_tile t = tile_of(c);
    const struct lines rows = {
        .count = c->out_height,
        .width = c->out_width,
        .in_step = c->stride_y * c->in_row,
        .out_step = c->out_row,
    };

    convolve(c, t, &rows, packed, end, in, out);
}

void LEVEL(int8_conv_columns)(const struct kernels_conv *c, const void *packed,
                              const struct kernels_int8_end *end, const uint8_t *in, void *out)
{
    const struct lines columns = {
        .count = c->out_width,
        .width = c->out_height,
        .in_step = c->stride_x * c->in_pixel,
        .out_step = c->out_pixel,
    };
    struct int8_tile t = tile_of(c);

    t.in_step = c->stride_y * c->in_row;
    t.out_step = c->out_row;
    convolve(c, t, &columns, packed, end, in, out);
}
