/* The products of quantised Winograd: as int8_tile.c, of 16 bits and without windows. */
#include "model/kernels/int8_winograd.h"
#include "model/kernels/int8_words.h"

/* Sums, weights, one input and, without VNNI, a product have to fit the registers. */
#if defined(__AVX512VNNI__)
#define TILES(X) UPTO_14(X, 1) UPTO_14(X, 2)
enum { PIXELS = 14 };
#elif VECTOR_REGISTERS == 32
#define TILES(X) UPTO_8(X, 1) UPTO_8(X, 2)
enum { PIXELS = 8 };
#else
#define TILES(X) UPTO_6(X, 1) UPTO_6(X, 2)
enum { PIXELS = 6 };
#endif

#define UPTO_6(X, v)  X(1, v) X(2, v) X(3, v) X(4, v) X(5, v) X(6, v)
#define UPTO_8(X, v)  UPTO_6(X, v) X(7, v) X(8, v)
#define UPTO_14(X, v) UPTO_8(X, v) X(9, v) X(10, v) X(11, v) X(12, v) X(13, v) X(14, v)

/* As in tile.c: one base serves three tiles. */
enum {
    PER_BASE = 3,
    BASES = (PIXELS + PER_BASE - 1) / PER_BASE,
    VECTORS = INT8_WINOGRAD_VECTORS,
};

/* sums: [pixels][vectors], here and below */
VECTOR_INLINE void multiply_add(ints *sums, const int16_t *weights, const int16_t **bases,
                                size_t at, size_t step, size_t pixels, size_t vectors)
{
    words_weights w[VECTORS];

    VECTOR_UNROLL
    for (size_t v = 0; v < vectors; v++)
        w[v] = words_load(weights + v * WORDS_LEN);
    VECTOR_UNROLL
    for (size_t p = 0; p < pixels; p++) {
        words_inputs x = words_take(bases[p / PER_BASE] + p % PER_BASE * step + at);

        VECTOR_UNROLL
        for (size_t v = 0; v < vectors; v++)
            sums[p * vectors + v] = words_dot(sums[p * vectors + v], x, w[v]);
    }
}

/* `count` steps, and on to the next. */
VECTOR_INLINE const int16_t *steps(size_t count, ints *sums, const int16_t *weights,
                                   const int16_t **bases, size_t step, size_t pixels,
                                   size_t vectors)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < count; i++, weights += vectors * WORDS_LEN) {
        VECTOR_KEEP_ORDER;
        multiply_add(sums, weights, bases, i * WORDS_INPUTS, step, pixels, vectors);
    }
    VECTOR_UNROLL
    for (size_t b = 0; b < BASES; b++)
        bases[b] += count * WORDS_INPUTS;
    return weights;
}

VECTOR_INLINE void tile(size_t len, const int16_t *weights, const int16_t *in, size_t in_step,
                        int32_t *out, size_t pixels, size_t vectors)
{
    ints sums[PIXELS * VECTORS];
    const int16_t *bases[BASES];

    VECTOR_UNROLL
    for (size_t i = 0; i < pixels * vectors; i++)
        sums[i] = (ints){0};
    VECTOR_UNROLL
    for (size_t b = 0; b < BASES; b++)
        bases[b] = in + b * PER_BASE * in_step;
    for (; len >= 4; len -= 4)
        weights = steps(4, sums, weights, bases, in_step, pixels, vectors);
    for (; len > 0; len--)
        weights = steps(1, sums, weights, bases, in_step, pixels, vectors);
    VECTOR_UNROLL
    for (size_t i = 0; i < pixels * vectors; i++)
        memcpy(out + i * VECTOR_LANES, &sums[i], sizeof(sums[i]));
}

typedef void tile_fn(size_t len, const int16_t *weights, const int16_t *in, size_t in_step,
                     int32_t *out);

#define DEFINE(p, v)                                                                  \
    static void tile_##p##x##v(size_t len, const int16_t *weights, const int16_t *in, \
                               size_t in_step, int32_t *out)                          \
    {                                                                                 \
        tile(len, weights, in, in_step, out, p, v);                                   \
    }
TILES(DEFINE)

#define ENTRY(p, v) [v][p] = tile_##p##x##v,
static tile_fn *const tiles[VECTORS + 1][PIXELS + 1] = {TILES(ENTRY)};

void LEVEL(int8_winograd_row)(size_t vectors, size_t width, size_t steps,
                              const int16_t *weights, const int16_t *in, size_t in_step,
                              int32_t *out)
{
    size_t count = (width + PIXELS - 1) / PIXELS;
    size_t larger = width % count;

    for (size_t i = 0; i < count; i++) {
        size_t pixels = width / count + (i < larger);

        tiles[vectors][pixels](steps, weights, in, in_step, out);
        in += pixels * in_step;
        out += pixels * vectors * VECTOR_LANES;
    }
}
