#include "model/kernels/int8_tile.h"

#include "model/kernels/int8_end.h"

/* Sums, weights and inputs have to fit the registers. Halved ones are counted in outputs. */
#if defined(__AVX512VNNI__)
#define TILES(X)  UPTO_14(X, 1) UPTO_14(X, 2) UPTO_6(X, 4)
#define HALVED(X) UPTO_7(X, 1) UPTO_7(X, 2) UPTO_3(X, 4)
static const unsigned char most_pixels[INT8_VECTORS + 1] = {0, 14, 14, 0, 6};
#elif VECTOR_REGISTERS == 32 && !defined(__aarch64__)
#define TILES(X)  UPTO_14(X, 1) UPTO_12(X, 2) UPTO_5(X, 4)
#define HALVED(X) UPTO_7(X, 1) UPTO_6(X, 2) UPTO_2(X, 4)
static const unsigned char most_pixels[INT8_VECTORS + 1] = {0, 14, 12, 0, 5};
#elif defined(__aarch64__)
#define TILES(X)  UPTO_14(X, 1) UPTO_8(X, 2) UPTO_2(X, 4)
#define HALVED(X) UPTO_7(X, 1) UPTO_4(X, 2) X(1, 4)
static const unsigned char most_pixels[INT8_VECTORS + 1] = {0, 14, 8, 0, 2};
#else
#define TILES(X)  UPTO_8(X, 1) UPTO_4(X, 2) UPTO_2(X, 4)
#define HALVED(X) UPTO_4(X, 1) UPTO_2(X, 2) X(1, 4)
static const unsigned char most_pixels[INT8_VECTORS + 1] = {0, 8, 4, 0, 2};
#endif

#define UPTO_2(X, v)  X(1, v) X(2, v)
#define UPTO_3(X, v)  UPTO_2(X, v) X(3, v)
#define UPTO_4(X, v)  UPTO_3(X, v) X(4, v)
#define UPTO_5(X, v)  UPTO_4(X, v) X(5, v)
#define UPTO_6(X, v)  UPTO_5(X, v) X(6, v)
#define UPTO_7(X, v)  UPTO_6(X, v) X(7, v)
#define UPTO_8(X, v)  UPTO_7(X, v) X(8, v)
#define UPTO_12(X, v) UPTO_8(X, v) X(9, v) X(10, v) X(11, v) X(12, v)
#define UPTO_14(X, v) UPTO_12(X, v) X(13, v) X(14, v)

/* As in tile.c: one base serves three pixels. */
enum {
    PER_BASE = 3,
    BASES = (INT8_PIXELS + PER_BASE - 1) / PER_BASE,
};

/* sums: [pixels][vectors], here and below */
VECTOR_INLINE void multiply_add(ints *sums, const dot_weight *weights, const uint8_t **bases,
                                size_t at, size_t step, size_t pixels, size_t vectors)
{
    dot_weights w[INT8_VECTORS];

    VECTOR_UNROLL
    for (size_t v = 0; v < vectors; v++)
        w[v] = dot_load(weights + v * DOT_LEN);
    VECTOR_UNROLL
    for (size_t p = 0; p < pixels; p++) {
        dot_inputs x = dot_take(bases[p / PER_BASE] + p % PER_BASE * step + at);

        VECTOR_UNROLL
        for (size_t v = 0; v < vectors; v++)
            sums[p * vectors + v] = dot(sums[p * vectors + v], x, w[v]);
    }
}

/* `count` steps of the window, and on to the next. */
VECTOR_INLINE const dot_weight *steps(size_t count, ints *sums, const dot_weight *weights,
                                      const uint8_t **bases, size_t step, size_t pixels,
                                      size_t vectors)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < count; i++, weights += vectors * DOT_LEN) {
        VECTOR_KEEP_ORDER;
        multiply_add(sums, weights, bases, i * DOT_INPUTS, step, pixels, vectors);
    }
    VECTOR_UNROLL
    for (size_t b = 0; b < BASES; b++)
        bases[b] += count * DOT_INPUTS;
    return weights;
}

/* One run of the window. Returns the weights behind those of the run. */
VECTOR_INLINE const dot_weight *run(size_t len, ints *sums, const dot_weight *weights,
                                    const uint8_t *in, size_t step, size_t pixels,
                                    size_t vectors)
{
    const uint8_t *bases[BASES];

    VECTOR_UNROLL
    for (size_t b = 0; b < BASES; b++)
        bases[b] = in + b * PER_BASE * step;
    for (; len >= 4; len -= 4)
        weights = steps(4, sums, weights, bases, step, pixels, vectors);
    for (; len > 0; len--)
        weights = steps(1, sums, weights, bases, step, pixels, vectors);
    return weights;
}

VECTOR_INLINE void finish_bytes(const ints *sums, const struct int8_tile *t,
                                const struct kernels_int8_end *end, size_t channel,
                                uint8_t *out, size_t pixels, size_t vectors)
{
    struct int8_bounds bounds = int8_bounds(end->zero, end->low, end->high);

    VECTOR_UNROLL
    for (size_t v = 0; v < vectors; v++) {
        vector scale = vector_load(end->scale + channel + v * VECTOR_LANES);

        VECTOR_UNROLL
        for (size_t p = 0; p < pixels; p++)
            int8_store(out + p * t->out_step + channel + v * VECTOR_LANES,
                       __builtin_convertvector(sums[p * vectors + v], vector) * scale, &bounds);
    }
}

VECTOR_INLINE void finish_floats(const ints *sums, const struct int8_tile *t,
                                 const struct kernels_int8_end *end, size_t channel, float *out,
                                 size_t pixels, size_t vectors)
{
    vector low = int8_splat(end->relu ? 0 : -__builtin_inff());

    VECTOR_UNROLL
    for (size_t v = 0; v < vectors; v++) {
        vector scale = vector_load(end->scale + channel + v * VECTOR_LANES);
        vector shift = vector_load(end->shift + channel + v * VECTOR_LANES);

        VECTOR_UNROLL
        for (size_t p = 0; p < pixels; p++)
            vector_store(
                out + p * t->out_step + channel + v * VECTOR_LANES,
                int8_max(__builtin_convertvector(sums[p * vectors + v], vector) * scale + shift,
                         low));
    }
}

VECTOR_INLINE void add_up(const struct int8_tile *t, const dot_weight *weights,
                          const int32_t *bias, const uint8_t *in, size_t pixels, size_t vectors,
                          ints *sums)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < pixels * vectors; i++)
        memcpy(&sums[i], bias + i % vectors * VECTOR_LANES, sizeof(ints));

    for (size_t y = 0; y < t->rows; y++)
        for (size_t x = 0; x < t->runs; x++)
            weights = run(t->run, sums, weights, in + y * t->row_step + x * t->run_step,
                          t->in_step, pixels, vectors);
}

VECTOR_INLINE void tile(const struct int8_tile *t, const dot_weight *weights,
                        const struct kernels_int8_end *end, size_t channel, const uint8_t *in,
                        void *out, size_t pixels, size_t vectors)
{
    ints sums[INT8_PIXELS * INT8_VECTORS];

    add_up(t, weights, end->bias + channel, in, pixels, vectors, sums);
    if (end->shift)
        finish_floats(sums, t, end, channel, out, pixels, vectors);
    else
        finish_bytes(sums, t, end, channel, out, pixels, vectors);
}

/* Pairs of pixels, of which the larger stays: [pairs][vectors]. */
VECTOR_INLINE void halve(const ints *sums, size_t pairs, size_t vectors, ints *ret)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < pairs * vectors; i++) {
        size_t at = i / vectors * 2 * vectors + i % vectors;

        ret[i] = int8_larger(sums[at], sums[at + vectors]);
    }
}

/* The same of two lines, one after the other, of which every 2x2 become one. */
VECTOR_INLINE void tile_halved(const struct int8_tile *t, const dot_weight *weights,
                               const struct kernels_int8_end *end, size_t channel,
                               const uint8_t *in, void *out, size_t pairs, size_t vectors)
{
    ints sums[INT8_PIXELS * INT8_VECTORS];
    ints first[INT8_PIXELS * INT8_VECTORS / 2], second[INT8_PIXELS * INT8_VECTORS / 2];

    add_up(t, weights, end->bias + channel, in, 2 * pairs, vectors, sums);
    halve(sums, pairs, vectors, first);
    add_up(t, weights, end->bias + channel, in + t->next_line, 2 * pairs, vectors, sums);
    halve(sums, pairs, vectors, second);
    VECTOR_UNROLL
    for (size_t i = 0; i < pairs * vectors; i++)
        first[i] = int8_larger(first[i], second[i]);
    finish_bytes(first, t, end, channel, out, pairs, vectors);
}

typedef void tile_fn(const struct int8_tile *t, const dot_weight *weights,
                     const struct kernels_int8_end *end, size_t channel, const uint8_t *in,
                     void *out);

#define DEFINE(p, v)                                                                 \
    static void tile_##p##x##v(const struct int8_tile *t, const dot_weight *weights, \
                               const struct kernels_int8_end *end, size_t channel,   \
                               const uint8_t *in, void *out)                         \
    {                                                                                \
        tile(t, weights, end, channel, in, out, p, v);                               \
    }
TILES(DEFINE)

#define DEFINE_HALVED(p, v)                                                            \
    static void halved_##p##x##v(const struct int8_tile *t, const dot_weight *weights, \
                                 const struct kernels_int8_end *end, size_t channel,   \
                                 const uint8_t *in, void *out)                         \
    {                                                                                  \
        tile_halved(t, weights, end, channel, in, out, p, v);                          \
    }
HALVED(DEFINE_HALVED)

#define ENTRY(p, v)        [v][p] = tile_##p##x##v,
#define ENTRY_HALVED(p, v) [v][p] = halved_##p##x##v,
static tile_fn *const tiles[INT8_VECTORS + 1][INT8_PIXELS + 1] = {TILES(ENTRY)};
static tile_fn *const halved[INT8_VECTORS + 1][INT8_PIXELS / 2 + 1] = {HALVED(ENTRY_HALVED)};

size_t LEVEL(int8_next)(size_t block, size_t left)
{
    size_t vectors = left < block ? left : block;

    return vectors == 3 ? 2 : vectors;
}

/* Few pixels leave registers free, and would not keep the units busy. */
size_t LEVEL(int8_block)(size_t width)
{
    return width > most_pixels[4] ? 2 : 4;
}

void LEVEL(int8_row)(const struct int8_tile *t, size_t vectors, size_t width,
                     const dot_weight *weights, const struct kernels_int8_end *end,
                     size_t channel, const uint8_t *in, void *out)
{
    size_t each = t->next_line > 0 ? 2 : 1; /* pixels of an output */
    size_t outputs = width / each;
    size_t most = most_pixels[vectors] / each;
    size_t count = (outputs + most - 1) / most;
    size_t size = end->shift ? sizeof(float) : 1;

    for (size_t i = 0; i < count; i++) {
        size_t pixels = outputs / count + (i < outputs % count);

        if (each > 1)
            halved[vectors][pixels](t, weights, end, channel, in, out);
        else
            tiles[vectors][pixels](t, weights, end, channel, in, out);
        in += pixels * each * t->in_step;
        out = (char *)out + pixels * t->out_step * size;
    }
}
