#include "model/kernels/tile.h"

/* Sums, weights and one input have to fit the registers; without FMA, a product too. Found by
 * measuring: gcc 12 and clang 14 spill much beyond these. */
#if defined(__aarch64__)
#define TILES(X) UPTO_14(X, 1) UPTO_9(X, 2) UPTO_6(X, 3) UPTO_4(X, 4) UPTO_3(X, 6)
static const unsigned char most_pixels[TILE_VECTORS + 1] = {0, 14, 9, 6, 4, 0, 3};
#elif VECTOR_REGISTERS == 32
#define TILES(X) UPTO_14(X, 1) UPTO_14(X, 2) UPTO_9(X, 3) UPTO_6(X, 4) UPTO_4(X, 6)
static const unsigned char most_pixels[TILE_VECTORS + 1] = {0, 14, 14, 9, 6, 0, 4};
#elif defined(__FMA__)
#define TILES(X) UPTO_8(X, 1) UPTO_6(X, 2) UPTO_4(X, 3) UPTO_2(X, 4) UPTO_1(X, 6)
static const unsigned char most_pixels[TILE_VECTORS + 1] = {0, 8, 6, 4, 2, 0, 1};
#else
#define TILES(X) UPTO_8(X, 1) UPTO_4(X, 2) UPTO_3(X, 3) UPTO_2(X, 4) UPTO_1(X, 6)
static const unsigned char most_pixels[TILE_VECTORS + 1] = {0, 8, 4, 3, 2, 0, 1};
#endif

#define UPTO_1(X, v)  X(1, v)
#define UPTO_2(X, v)  UPTO_1(X, v) X(2, v)
#define UPTO_3(X, v)  UPTO_2(X, v) X(3, v)
#define UPTO_4(X, v)  UPTO_3(X, v) X(4, v)
#define UPTO_6(X, v)  UPTO_4(X, v) X(5, v) X(6, v)
#define UPTO_8(X, v)  UPTO_6(X, v) X(7, v) X(8, v)
#define UPTO_9(X, v)  UPTO_8(X, v) X(9, v)
#define UPTO_14(X, v) UPTO_9(X, v) X(10, v) X(11, v) X(12, v) X(13, v) X(14, v)

/* An address of x86 is base + index, or base + 2 * index, at no cost: so one base serves three
 * pixels, and the bases of the largest tile leave registers for the rest of the loop. */
enum {
    PER_BASE = 3,
    BASES = (TILE_PIXELS + PER_BASE - 1) / PER_BASE,
};

/* sums: [pixels][vectors], here and below */
VECTOR_INLINE void multiply_add(vector *sums, const float *weights, const float **bases,
                                size_t at, size_t step, size_t pixels, size_t vectors)
{
    vector w[TILE_VECTORS];

    VECTOR_UNROLL
    for (size_t v = 0; v < vectors; v++)
        w[v] = vector_load_aligned(weights + v * VECTOR_LANES);
    VECTOR_UNROLL
    for (size_t i = 0; i < pixels * vectors; i++) {
        size_t pixel = i / vectors;

        sums[i] = vector_multiply_add(sums[i], w[i % vectors],
                                      bases[pixel / PER_BASE][pixel % PER_BASE * step + at]);
    }
}

/* `count` steps of the window, and on to the next. */
VECTOR_INLINE const float *steps(size_t count, vector *sums, const float *weights,
                                 const float **bases, size_t step, size_t pixels,
                                 size_t vectors)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < count; i++, weights += vectors * VECTOR_LANES) {
        VECTOR_KEEP_ORDER;
        multiply_add(sums, weights, bases, i, step, pixels, vectors);
    }
    VECTOR_UNROLL
    for (size_t b = 0; b < BASES; b++)
        bases[b] += count;
    return weights;
}

/* One run of the window. Returns the weights behind those of the run. */
VECTOR_INLINE const float *run(size_t len, vector *sums, const float *weights, const float *in,
                               size_t step, size_t pixels, size_t vectors)
{
    const float *bases[BASES];

    VECTOR_UNROLL
    for (size_t b = 0; b < BASES; b++)
        bases[b] = in + b * PER_BASE * step;
    for (; len >= 4; len -= 4)
        weights = steps(4, sums, weights, bases, step, pixels, vectors);
    for (; len > 0; len--)
        weights = steps(1, sums, weights, bases, step, pixels, vectors);
    return weights;
}

VECTOR_INLINE void finish(const vector *sums, size_t step, float *out, bool relu, size_t pixels,
                          size_t vectors)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < pixels * vectors; i++)
        vector_store(out + i / vectors * step + i % vectors * VECTOR_LANES,
                     vector_finish(sums[i], relu));
}

VECTOR_INLINE void tile(const struct tile *t, const float *weights, const float *bias,
                        const float *in, float *out, size_t pixels, size_t vectors)
{
    vector sums[TILE_PIXELS * TILE_VECTORS];

    VECTOR_UNROLL
    for (size_t i = 0; i < pixels * vectors; i++)
        sums[i] = vector_load(bias + i % vectors * VECTOR_LANES);

    for (size_t y = 0; y < t->rows; y++)
        for (size_t x = 0; x < t->runs; x++)
            weights = run(t->run, sums, weights, in + y * t->row_step + x * t->run_step,
                          t->in_step, pixels, vectors);

    if (t->relu)
        finish(sums, t->out_step, out, true, pixels, vectors);
    else
        finish(sums, t->out_step, out, false, pixels, vectors);
}

/* weights: [rows][runs][run][vectors * VECTOR_LANES], aligned to a vector */
typedef void tile_fn(const struct tile *t, const float *weights, const float *bias,
                     const float *in, float *out);

#define DEFINE(p, v)                                                                          \
    static void tile_##p##x##v(const struct tile *t, const float *weights, const float *bias, \
                               const float *in, float *out)                                   \
    {                                                                                         \
        tile(t, weights, bias, in, out, p, v);                                                \
    }
TILES(DEFINE)

#define ENTRY(p, v) [v][p] = tile_##p##x##v,
static tile_fn *const tiles[TILE_VECTORS + 1][TILE_PIXELS + 1] = {TILES(ENTRY)};

size_t LEVEL(tile_next)(size_t block, size_t left)
{
    size_t vectors = left < block ? left : block;

    return vectors == 5 ? 4 : vectors;
}

/* Multiply-adds of one step of the window, but never less than it takes to load the operands,
 * or than a processor with two units of four cycles each has in flight. */
static size_t time_of(size_t pixels, size_t vectors, size_t load)
{
    size_t time = pixels * vectors;
    size_t loads = pixels + load * vectors;

    time = time > loads ? time : loads;
    return 1 + (time > 8 ? time : 8);
}

/* A row is cut into tiles of nearly the same size: two of 12 are faster than 14 and 10. */
static size_t tiles_of(size_t vectors, size_t width)
{
    return (width + most_pixels[vectors] - 1) / most_pixels[vectors];
}

size_t LEVEL(tile_time)(size_t vectors, size_t width, size_t load)
{
    size_t count = tiles_of(vectors, width);
    size_t larger = width % count;

    return larger * time_of(width / count + 1, vectors, load) +
           (count - larger) * time_of(width / count, vectors, load);
}

void LEVEL(tile_row)(const struct tile *t, size_t vectors, size_t width, const float *weights,
                     const float *bias, const float *in, float *out)
{
    size_t count = tiles_of(vectors, width);
    size_t larger = width % count;

    for (size_t i = 0; i < count; i++) {
        size_t pixels = width / count + (i < larger);

        tiles[vectors][pixels](t, weights, bias, in, out);
        in += pixels * t->in_step;
        out += pixels * t->out_step;
    }
}
