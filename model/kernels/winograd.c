/* Winograd's convolution: a tile of 4x4 outputs of a 3x3 window costs 36 products of each pair
 * of channels instead of 144; one of 2x2 outputs of a 5x5 window, 36 instead of 100. Its 6x6
 * inputs are transformed, multiplied frequency by frequency with the transformed weights, which
 * is a dense layer whose images are the tiles, and transformed back. Some tiles at a time go
 * through all of it, so that what lies between stays in the cache. */
#include "model/kernels/winograd.h"

#include <math.h>

#include "model/kernels/packed.h"
#include "model/kernels/winograd_output.h"
#include "model/kernels/winograd_side.h"
#include "model/kernels/winograd_strip.h"

/* Tiles at a time, in runs of nearly the same length. */
enum { BLOCK = 16 };

/* Some tiles of a picture, [WINOGRAD_FREQUENCIES][tiles][pixel] before and after the product.
 */
struct block {
    const struct kernels_conv *c;
    size_t first, tiles;
    float *inputs, *products;
    size_t input_step, product_step; /* from one frequency to the next */
};

static size_t side(const struct kernels_conv *c)
{
    return winograd_tile(c->kernel_height);
}

static size_t across(const struct kernels_conv *c)
{
    return (c->out_width + side(c) - 1) / side(c);
}

static size_t tiles(const struct kernels_conv *c)
{
    return across(c) * ((c->out_height + side(c) - 1) / side(c));
}

static size_t block_tiles(const struct kernels_conv *c)
{
    size_t blocks = (tiles(c) + BLOCK - 1) / BLOCK;

    return (tiles(c) + blocks - 1) / blocks;
}

static size_t vector_round(size_t channels)
{
    return (channels + VECTOR_LANES - 1) / VECTOR_LANES * VECTOR_LANES;
}

static size_t frequency_len(const struct kernels_conv *c)
{
    return LEVEL(packed_len)(c->out_channels, c->in_channels);
}

/* A line more than there are tiles: steps of a power of two would all fall into the same few
 * places of the cache. */
static size_t step(size_t block, size_t channels)
{
    return block * KERNELS_ROUND(channels) + KERNELS_LANES;
}

/* In multiply-adds: what a strip takes for a column and pair of channels; found by measuring:
 * the transforms of a channel of a tile, and of a column of a strip; what a sum of a tile costs
 * besides its terms. */
enum { STRIP = 30, TRANSFORM = 100, TRANSFORM_STRIP = 25, SUM = 6 };

static size_t time_tiles(const struct kernels_conv *c)
{
    size_t in = vector_round(c->in_channels);
    size_t out = vector_round(c->out_channels);

    return tiles(c) *
           (WINOGRAD_FREQUENCIES * (c->in_channels + SUM) * out + TRANSFORM * (in + out));
}

static size_t time_strips(const struct kernels_conv *c)
{
    size_t in = vector_round(c->in_channels);
    size_t out = vector_round(c->out_channels);

    return (c->out_height + 1) / 2 * c->out_width *
           (STRIP * c->in_channels * out + TRANSFORM_STRIP * (in + out));
}

/* With few channels, tiles are mostly transforms. */
static bool strips(const struct kernels_conv *c)
{
    return c->kernel_height == WINOGRAD_KERNEL_MAX && time_strips(c) < time_tiles(c);
}

bool LEVEL(winograd_pays)(const struct kernels_conv *c)
{
    /* Weights grow fourfold: those of more pairs of channels would come from memory, and take a
     * good part of the time. */
    enum { PAIRS_MAX = 1 << 18 };
    size_t out = vector_round(c->out_channels);
    size_t window = c->kernel_height * c->kernel_width;

    /* Other windows have no tiles to ask the time of. */
    if ((window != 9 && window != 25) || c->kernel_height != c->kernel_width ||
        c->stride_y != 1 || c->stride_x != 1 || c->dilation_y != 1 || c->dilation_x != 1 ||
        c->groups != 1 || c->in_channels < 2 || c->in_channels * out > PAIRS_MAX)
        return false;
    size_t time = strips(c) ? time_strips(c) : time_tiles(c);

    return time < window * c->in_channels * out * c->out_height * c->out_width;
}

/* Behind the weights are zeros: a bias for where there is none. */
size_t LEVEL(winograd_packed)(const struct kernels_conv *c)
{
    if (strips(c))
        return LEVEL(winograd_strip_packed)(c);
    return WINOGRAD_FREQUENCIES * frequency_len(c) + KERNELS_ROUND(c->out_channels);
}

void LEVEL(winograd_pack)(const struct kernels_conv *c, const float *transformed, float *packed)
{
    const struct packed_shape shape = {
        .channels = c->out_channels,
        .in = c->in_channels,
        .places = 1,
        .group_out = c->out_channels,
        .group_in = c->in_channels,
        .width = block_tiles(c),
        .load = 2,
    };

    if (strips(c)) {
        LEVEL(winograd_strip_pack)(c, transformed, packed);
        return;
    }
    for (size_t f = 0; f < WINOGRAD_FREQUENCIES; f++) {
        LEVEL(packed_fill)(&shape, transformed, packed);
        transformed += c->out_channels * c->in_channels;
        packed += frequency_len(c);
    }
    memset(packed, 0, KERNELS_ROUND(c->out_channels) * sizeof(*packed));
}

size_t LEVEL(winograd_work)(const struct kernels_conv *c)
{
    if (strips(c))
        return LEVEL(winograd_strip_work)(c);
    return WINOGRAD_FREQUENCIES *
           (step(block_tiles(c), c->in_channels) + step(block_tiles(c), c->out_channels));
}

/* Rows 1 and 2, or 3 and 4, of B^T times the six columns. */
VECTOR_INLINE void pair(const struct kernels_conv *c, const float *in, float even, float odd,
                        float scale, vector plus[6], vector minus[6])
{
    VECTOR_UNROLL
    for (size_t x = 0; x < 6; x++) {
        const float *at = in + x * c->in_pixel;
        vector e = vector_load(at + 4 * c->in_row) - vector_load(at + 2 * c->in_row) * even;
        vector o = vector_load(at + 3 * c->in_row) - vector_load(at + c->in_row) * odd;

        plus[x] = e + o * scale;
        minus[x] = e - o * scale;
    }
}

/* Row 0 or 5, whose first input row is `in`. */
VECTOR_INLINE void single(const struct kernels_conv *c, const float *in, vector row[6])
{
    VECTOR_UNROLL
    for (size_t x = 0; x < 6; x++) {
        const float *at = in + x * c->in_pixel;

        row[x] = winograd_side_outer(vector_load(at), vector_load(at + 2 * c->in_row),
                                     vector_load(at + 4 * c->in_row));
    }
}

/* A vector of channels of one tile. */
VECTOR_INLINE void input_vector(const struct kernels_conv *c, const float *in, float *to,
                                size_t step)
{
    vector a[6], b[6];

    single(c, in, a);
    winograd_side_in(a, to, step);
    pair(c, in, 4, 4, 1, a, b);
    winograd_side_in(a, to + 6 * step, step);
    winograd_side_in(b, to + 12 * step, step);
    pair(c, in, 1, 1, 2, a, b);
    winograd_side_in(a, to + 18 * step, step);
    winograd_side_in(b, to + 24 * step, step);
    single(c, in + c->in_row, a);
    winograd_side_in(a, to + 30 * step, step);
}

static void inputs(const struct block *b, const float *in)
{
    const struct kernels_conv *c = b->c;

    for (size_t i = 0; i < b->tiles; i++) {
        size_t y = (b->first + i) / across(c) * side(c);
        size_t x = (b->first + i) % across(c) * side(c);
        const float *from = in + y * c->in_row + x * c->in_pixel;

        for (size_t k = 0; k < vector_round(c->in_channels); k += VECTOR_LANES)
            input_vector(c, from + k, b->inputs + i * KERNELS_ROUND(c->in_channels) + k,
                         b->input_step);
    }
}

static void products(const struct block *b, const float *packed, const float *bias)
{
    enum { ALL = 7 }; /* frequency (1, 1) is in each output of a tile once */
    const struct kernels_conv *c = b->c;
    const float *zeros = packed + WINOGRAD_FREQUENCIES * frequency_len(c);
    const struct tile t = {
        .rows = 1,
        .runs = 1,
        .run = c->in_channels,
        .in_step = KERNELS_ROUND(c->in_channels),
        .out_step = KERNELS_ROUND(c->out_channels),
    };

    for (size_t f = 0; f < WINOGRAD_FREQUENCIES; f++, packed += frequency_len(c))
        LEVEL(packed_row)
    (&t, c->out_channels, b->tiles, packed, f == ALL ? bias : zeros,
     b->inputs + f * b->input_step, b->products + f * b->product_step);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void outputs(const struct block *b, float *out)
{
    const struct kernels_conv *c = b->c;
    size_t halves = c->pool ? 2 : 1;
    size_t whole = side(c) / halves;
    float floor = c->relu ? 0 : -INFINITY;

    for (size_t i = 0; i < b->tiles; i++) {
        size_t y = (b->first + i) / across(c) * whole;
        size_t x = (b->first + i) % across(c) * whole;
        const float *from = b->products + i * KERNELS_ROUND(c->out_channels);
        struct winograd_target t = {
            .row = c->out_row,
            .pixel = c->out_pixel,
            .height = least(c->out_height / halves - y, whole),
            .width = least(c->out_width / halves - x, whole),
            .floor = (vector){0} + floor,
        };

        t.out = out + y * c->out_row + x * c->out_pixel;
        LEVEL(winograd_output)(c, from, b->product_step, &t);
    }
}

/* The channels that no vector wrote. */
static void clear_rest(const struct kernels_conv *c, float *out)
{
    size_t written = vector_round(c->out_channels);
    size_t halves = c->pool ? 2 : 1;

    for (size_t y = 0; y < c->out_height / halves && written < c->out_pixel; y++)
        for (size_t x = 0; x < c->out_width / halves; x++)
            memset(out + y * c->out_row + x * c->out_pixel + written, 0,
                   (c->out_pixel - written) * sizeof(*out));
}

void LEVEL(winograd)(const struct kernels_conv *c, const float *packed, const float *bias,
                     const float *in, float *work, float *out)
{
    struct block b = {
        .c = c,
        .inputs = work,
        .input_step = step(block_tiles(c), c->in_channels),
        .product_step = step(block_tiles(c), c->out_channels),
    };

    if (strips(c)) {
        LEVEL(winograd_strip)(c, packed, bias, in, work, out);
        return;
    }
    b.products = work + WINOGRAD_FREQUENCIES * b.input_step;
    for (; b.first < tiles(c); b.first += b.tiles) {
        b.tiles = least(tiles(c) - b.first, block_tiles(c));
        inputs(&b, in);
        products(&b, packed, bias);
        outputs(&b, out);
    }
    clear_rest(c, out);
}
