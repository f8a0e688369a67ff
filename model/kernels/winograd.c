/* Winograd's convolution: a tile of 4x4 outputs of a 3x3 window costs 36 products of each pair
 * of channels instead of 144; one of 2x2 outputs of a 5x5 window, 36 instead of 100. Its 6x6
 * inputs are transformed, multiplied frequency by frequency with the transformed weights, which
 * is a dense layer whose images are the tiles, and transformed back. Some tiles at a time go
 * through all of it, so that what lies between stays in the cache. */
#include "model/kernels/winograd.h"

#include <math.h>

#include "model/kernels/packed.h"
#include "model/kernels/winograd_output.h"

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

bool LEVEL(winograd_pays)(const struct kernels_conv *c)
{
    /* Found by measuring, in multiply-adds: the transforms of a channel of a tile; what a sum
     * costs besides its terms. Weights grow fourfold: those of more pairs of channels would
     * come from memory, and take a good part of it. */
    enum { TRANSFORM = 100, SUM = 6, PAIRS_MAX = 1 << 18 };
    size_t in = vector_round(c->in_channels);
    size_t out = vector_round(c->out_channels);
    size_t window = c->kernel_height * c->kernel_width;
    size_t tile = WINOGRAD_FREQUENCIES * (c->in_channels + SUM) * out + TRANSFORM * (in + out);
    bool known = window == 9 || window == 25;

    return known && c->kernel_height == c->kernel_width && c->stride_y == 1 &&
           c->stride_x == 1 && c->dilation_y == 1 && c->dilation_x == 1 && c->groups == 1 &&
           c->in_channels > 1 && c->in_channels * out <= PAIRS_MAX &&
           tiles(c) * tile < window * c->in_channels * out * c->out_height * c->out_width;
}

/* Behind the weights are zeros: a bias for where there is none. */
size_t LEVEL(winograd_packed)(const struct kernels_conv *c)
{
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

    for (size_t f = 0; f < WINOGRAD_FREQUENCIES; f++) {
        LEVEL(packed_fill)(&shape, transformed, packed);
        transformed += c->out_channels * c->in_channels;
        packed += frequency_len(c);
    }
    memset(packed, 0, KERNELS_ROUND(c->out_channels) * sizeof(*packed));
}

size_t LEVEL(winograd_work)(const struct kernels_conv *c)
{
    return WINOGRAD_FREQUENCIES *
           (step(block_tiles(c), c->in_channels) + step(block_tiles(c), c->out_channels));
}

/* One of the six rows of B^T times a column of six: `r` is 0 or 5, which stand alone. */
VECTOR_INLINE vector outer(vector a, vector b, vector c)
{
    return a * 4 - b * 5 + c;
}

/* B^T of six values. */
VECTOR_INLINE void transform_input(const vector d[6], float *to, size_t step)
{
    vector even = d[4] - d[2] * 4;
    vector odd = d[3] - d[1] * 4;
    vector even2 = d[4] - d[2];
    vector odd2 = (d[3] - d[1]) * 2;

    vector_store(to, outer(d[0], d[2], d[4]));
    vector_store(to + step, even + odd);
    vector_store(to + 2 * step, even - odd);
    vector_store(to + 3 * step, even2 + odd2);
    vector_store(to + 4 * step, even2 - odd2);
    vector_store(to + 5 * step, outer(d[1], d[3], d[5]));
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

        row[x] = outer(vector_load(at), vector_load(at + 2 * c->in_row),
                       vector_load(at + 4 * c->in_row));
    }
}

/* A vector of channels of one tile. */
VECTOR_INLINE void input_vector(const struct kernels_conv *c, const float *in, float *to,
                                size_t step)
{
    vector a[6], b[6];

    single(c, in, a);
    transform_input(a, to, step);
    pair(c, in, 4, 4, 1, a, b);
    transform_input(a, to + 6 * step, step);
    transform_input(b, to + 12 * step, step);
    pair(c, in, 1, 1, 2, a, b);
    transform_input(a, to + 18 * step, step);
    transform_input(b, to + 24 * step, step);
    single(c, in + c->in_row, a);
    transform_input(a, to + 30 * step, step);
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

    b.products = work + WINOGRAD_FREQUENCIES * b.input_step;
    for (; b.first < tiles(c); b.first += b.tiles) {
        b.tiles = least(tiles(c) - b.first, block_tiles(c));
        inputs(&b, in);
        products(&b, packed, bias);
        outputs(&b, out);
    }
    clear_rest(c, out);
}
