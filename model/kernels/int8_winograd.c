/* Quantised convolutions of 3x3 windows by Winograd's way, as winograd.c does those of floats:
 * some tiles at a time, so that what lies between stays in the cache. The sums are those of the
 * direct way, bit by bit. */
#include "model/kernels/int8_winograd.h"

#include "model/kernels/int8_tile.h"
#include "model/kernels/int8_words.h"

enum {
    TILE = INT8_WINOGRAD_TILE,
    SIDE = WINOGRAD_SIDE,
    VECTORS = INT8_WINOGRAD_VECTORS,
    WIDE = WORDS_WIDE,
    BLOCK = INT8_WINOGRAD_BLOCK,
    STEP = INT8_WINOGRAD_STEP,
};

/* Some tiles of a picture, as [WINOGRAD_FREQUENCIES][tiles][pixel] before the product and, of
 * one block of channels, after it. */
struct block {
    const struct kernels_conv *c;
    size_t first, tiles;
    size_t across; /* tiles of the picture side by side */
    int16_t *inputs;
    int32_t *products;
    size_t input_step; /* from one frequency to the next */
};

/* What is left of a side behind whole tiles is done directly if it is no more than this, for
 * most of a tile's work would be for nothing. In products of a vector: what the direct way
 * takes for DOT_INPUTS products. */
#if defined(__AVX512VNNI__)
enum { LEFT_MAX = 2, DIRECT = 1 };
#else
enum { LEFT_MAX = 1, DIRECT = 2 };
#endif

/* How much of a side's outputs, the last of which a pool may not look at, go by tiles, and how
 * much directly. */
static size_t by_tiles(const struct kernels_conv *c, size_t out)
{
    size_t used = c->pool ? out / 2 * 2 : out;

    return used > TILE && used % TILE <= LEFT_MAX ? used / TILE * TILE : used;
}

static size_t directly(const struct kernels_conv *c, size_t out)
{
    return (c->pool ? out / 2 * 2 : out) - by_tiles(c, out);
}

static size_t across(const struct kernels_conv *c)
{
    return (by_tiles(c, c->out_width) + TILE - 1) / TILE;
}

static size_t tiles(const struct kernels_conv *c)
{
    return across(c) * ((by_tiles(c, c->out_height) + TILE - 1) / TILE);
}

static size_t block_tiles(const struct kernels_conv *c)
{
    size_t blocks = (tiles(c) + BLOCK - 1) / BLOCK;

    return blocks > 0 ? (tiles(c) + blocks - 1) / blocks : 0;
}

static size_t input_vectors(const struct kernels_conv *c)
{
    return (c->in_channels + WIDE - 1) / WIDE;
}

static size_t output_vectors(const struct kernels_conv *c)
{
    return KERNELS_ROUND(c->out_channels) / VECTOR_LANES;
}

/* Groups of WORDS_INPUTS in a pixel. */
static size_t groups(const struct kernels_conv *c)
{
    return (c->in_channels + WORDS_INPUTS - 1) / WORDS_INPUTS;
}

/* A line more than there are tiles, as in winograd.c. */
static size_t input_step(const struct kernels_conv *c)
{
    return (block_tiles(c) + 1) * input_vectors(c) * WIDE;
}

/* In products of a vector, found by measuring: what the transforms of a vector of channels of a
 * tile do, and what a sum costs besides its terms. */
enum { TRANSFORM_IN = 120, TRANSFORM_OUT = 180, SUM = 2 };

bool LEVEL(int8_winograd_pays)(const struct kernels_conv *c)
{
    enum { PAIRS_MAX = 1 << 17 }; /* as in winograd.c */
    size_t out = output_vectors(c);
    size_t window = (size_t)INT8_WINOGRAD_KERNEL * INT8_WINOGRAD_KERNEL;

    if (c->kernel_height != INT8_WINOGRAD_KERNEL || c->kernel_width != INT8_WINOGRAD_KERNEL ||
        c->stride_y != 1 || c->stride_x != 1 || c->dilation_y != 1 || c->dilation_x != 1 ||
        c->groups != 1 || c->in_channels < 2 || c->in_channels > PAIRS_MAX / out / VECTOR_LANES)
        return false;
    size_t direct = DIRECT * window * ((c->in_channels + DOT_INPUTS - 1) / DOT_INPUTS) * out;
    size_t sums = WINOGRAD_FREQUENCIES * ((c->in_channels + 1) / 2 + SUM) * out;

    return tiles(c) * (sums + TRANSFORM_IN * input_vectors(c) + TRANSFORM_OUT * out) <
           direct * by_tiles(c, c->out_height) * by_tiles(c, c->out_width);
}

/* The weights of the direct way are behind those of all frequencies. */
static size_t transformed_len(const struct kernels_conv *c)
{
    return WINOGRAD_FREQUENCIES * groups(c) * output_vectors(c) * WORDS_LEN;
}

size_t LEVEL(int8_winograd_packed)(const struct kernels_conv *c)
{
    return transformed_len(c) * sizeof(int16_t) + LEVEL(int8_packed)(c);
}

static size_t block_vectors(const struct kernels_conv *c, size_t done)
{
    return output_vectors(c) - done < VECTORS ? 1 : VECTORS;
}

/* Blocks of channels one after the other, each [WINOGRAD_FREQUENCIES][groups][vectors]
 * [WORDS_LEN]. */
void LEVEL(int8_winograd_pack)(const struct kernels_conv *c, const int16_t *weights,
                               void *packed)
{
    size_t block = (size_t)VECTORS * VECTOR_LANES;
    int16_t *to = packed;

    LEVEL(int8_pack)(c, weights, to + transformed_len(c));
    memset(packed, 0, transformed_len(c) * sizeof(*to));
    for (size_t o = 0; o < c->out_channels; o++)
        for (size_t i = 0; i < c->in_channels; i++) {
            size_t done = o / block * VECTORS;
            size_t vectors = block_vectors(c, done);
            size_t lane = o % block;
            int32_t transformed[WINOGRAD_FREQUENCIES];

            int8_winograd_transform(weights, transformed);
            weights += INT8_WINOGRAD_KERNEL * INT8_WINOGRAD_KERNEL;
            for (size_t f = 0; f < WINOGRAD_FREQUENCIES; f++)
                to[(WINOGRAD_FREQUENCIES * groups(c) * done +
                    (f * groups(c) + i / WORDS_INPUTS) * vectors + lane / VECTOR_LANES) *
                       WORDS_LEN +
                   words_place(lane % VECTOR_LANES, i % WORDS_INPUTS)] =
                    (int16_t)transformed[f];
        }
}

size_t LEVEL(int8_winograd_work)(const struct kernels_conv *c)
{
    return WINOGRAD_FREQUENCIES * (input_step(c) * sizeof(int16_t) + STEP * sizeof(int32_t));
}

/* A pixel's channels, of which the last vector may have only half. */
VECTOR_INLINE words_vector load(const uint8_t *from, bool half)
{
    return half ? words_widen_half(from) : words_widen(from);
}

/* Row 0 or 5 of B^T: 4a - 5b + c */
VECTOR_INLINE words_vector outer(words_vector a, words_vector b, words_vector c)
{
    return (a - b) * 4 + (c - b);
}

/* B^T of six values. */
VECTOR_INLINE void side(const words_vector d[SIDE], int16_t *to, size_t step)
{
    words_vector even = d[4] - d[2] * 4;
    words_vector odd = d[3] - d[1] * 4;
    words_vector even2 = d[4] - d[2];
    words_vector odd2 = (d[3] - d[1]) * 2;
    const words_vector y[SIDE] = {
        outer(d[0], d[2], d[4]), even + odd, even - odd, even2 + odd2, even2 - odd2,
        outer(d[1], d[3], d[5]),
    };

    VECTOR_UNROLL
    for (size_t i = 0; i < SIDE; i++)
        memcpy(to + i * step, &y[i], sizeof(y[i]));
}

/* Columns that tiles of a block side by side look at: two of each are the next one's too. */
enum { LINE = (TILE * BLOCK + SIDE - TILE) * WIDE };

/* B^T times the columns of some tiles in a row, a vector of channels: [SIDE][columns][WIDE]. */
VECTOR_INLINE void columns(const struct kernels_conv *c, const uint8_t *in, size_t count,
                           bool half, int16_t *lines)
{
    for (size_t x = 0; x < count; x++, in += c->in_pixel, lines += WIDE) {
        words_vector d[SIDE];

        VECTOR_UNROLL
        for (size_t y = 0; y < SIDE; y++)
            d[y] = load(in + y * c->in_row, half);
        side(d, lines, LINE);
    }
}

/* The rest of one tile. */
VECTOR_INLINE void lines(const int16_t *from, int16_t *to, size_t step)
{
    for (size_t y = 0; y < SIDE; y++, from += LINE, to += SIDE * step) {
        words_vector d[SIDE];

        VECTOR_UNROLL
        for (size_t x = 0; x < SIDE; x++)
            memcpy(&d[x], from + x * WIDE, sizeof(d[x]));
        side(d, to, step);
    }
}

/* `count` tiles in a row, of which the first is tile `i` of the block. */
static void input_row(const struct block *b, const uint8_t *in, size_t i, size_t count)
{
    const struct kernels_conv *c = b->c;
    const size_t wide = WIDE;
    size_t pixel = input_vectors(c) * wide;
    int16_t *half_done = (int16_t *)b->products; /* which are not there yet */

    for (size_t k = 0; k < pixel; k += wide) {
        if (wide > KERNELS_LANES && k + wide > KERNELS_ROUND(c->in_channels))
            columns(c, in + k, TILE * count + SIDE - TILE, true, half_done);
        else
            columns(c, in + k, TILE * count + SIDE - TILE, false, half_done);
        for (size_t n = 0; n < count; n++)
            lines(half_done + n * TILE * wide, b->inputs + (i + n) * pixel + k, b->input_step);
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void inputs(const struct block *b, const uint8_t *in)
{
    const struct kernels_conv *c = b->c;
    size_t x = b->first % b->across;

    in += TILE * (b->first / b->across) * c->in_row;
    for (size_t i = 0, count = 0; i < b->tiles; i += count) {
        count = least(b->across - x, b->tiles - i);
        input_row(b, in + TILE * x * c->in_pixel, i, count);
        in += TILE * c->in_row;
        x = 0;
    }
}

/* A block of channels, the first of which is `channel`. */
static void outputs(const struct block *b, const struct kernels_int8_end *end, size_t channel,
                    size_t vectors, void *out)
{
    const struct kernels_conv *c = b->c;
    size_t size = end->shift ? sizeof(float) : 1;
    size_t halves = c->pool ? 2 : 1;
    size_t whole = TILE / halves;

    for (size_t i = 0; i < b->tiles; i++) {
        size_t y = (b->first + i) / b->across * whole;
        size_t x = (b->first + i) % b->across * whole;
        struct int8_winograd_target t = {
            .row = c->out_row,
            .pixel = c->out_pixel,
            .height = least(by_tiles(c, c->out_height) / halves - y, whole),
            .width = least(by_tiles(c, c->out_width) / halves - x, whole),
        };

        for (size_t v = 0; v < vectors; v++) {
            size_t at = channel + v * VECTOR_LANES;

            t.out = (char *)out + (y * c->out_row + x * c->out_pixel + at) * size;
            LEVEL(int8_winograd_output)
            (c, end, at, b->products + (i * vectors + v) * VECTOR_LANES, &t);
        }
    }
}

static void channels(const struct block *b, const int16_t *weights,
                     const struct kernels_int8_end *end, void *out)
{
    const struct kernels_conv *c = b->c;

    for (size_t done = 0, vectors = 0; done < output_vectors(c); done += vectors) {
        vectors = block_vectors(c, done);
        for (size_t f = 0; f < WINOGRAD_FREQUENCIES; f++) {
            LEVEL(int8_winograd_row)
            (vectors, b->tiles, groups(c), weights, b->inputs + f * b->input_step,
             input_vectors(c) * WIDE, b->products + f * STEP);
            weights += groups(c) * vectors * WORDS_LEN;
        }
        outputs(b, end, done * VECTOR_LANES, vectors, out);
    }
}

/* A part of the outputs, more rows than columns, or the other way round. */
struct part {
    size_t y, x, height, width;
};

static void rest(const struct kernels_conv *c, const void *weights,
                 const struct kernels_int8_end *end, const struct part *p, const uint8_t *in,
                 void *out)
{
    struct kernels_conv of = *c;
    size_t size = end->shift ? sizeof(float) : 1;
    size_t halves = c->pool ? 2 : 1;

    of.out_height = p->height;
    of.out_width = p->width;
    in += p->y * c->in_row + p->x * c->in_pixel;
    out = (char *)out + (p->y * c->out_row + p->x * c->out_pixel) / halves * size;
    if (p->height > p->width)
        LEVEL(int8_conv_columns)(&of, weights, end, in, out);
    else
        LEVEL(int8_conv)(&of, weights, end, in, out);
}

void LEVEL(int8_winograd)(const struct kernels_conv *c, const void *packed,
                          const struct kernels_int8_end *end, const uint8_t *in, void *work,
                          void *out)
{
    const void *direct = (const int16_t *)packed + transformed_len(c);
    size_t height = by_tiles(c, c->out_height), below = directly(c, c->out_height);
    size_t width = by_tiles(c, c->out_width), beside = directly(c, c->out_width);
    const struct part right = {.x = width, .height = height + below, .width = beside};
    const struct part bottom = {.y = height, .height = below, .width = width};
    struct block b = {
        .c = c,
        .across = across(c),
        .products = work,
        .input_step = input_step(c),
    };

    b.inputs = (int16_t *)(b.products + WINOGRAD_FREQUENCIES * STEP);
    for (; b.across > 0 && b.first < tiles(c); b.first += b.tiles) {
        b.tiles = least(tiles(c) - b.first, block_tiles(c));
        inputs(&b, in);
        channels(&b, packed, end, out);
    }
    if (beside > 0)
        rest(c, direct, end, &right, in, out);
    if (below > 0)
        rest(c, direct, end, &bottom, in, out);
}
