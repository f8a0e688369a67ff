/* The last third of quantised Winograd: from frequencies to what the end makes of sums. */
#include "model/kernels/int8_end.h"
#include "model/kernels/int8_winograd.h"

enum { TILE = INT8_WINOGRAD_TILE, SIDE = WINOGRAD_SIDE, STEP = INT8_WINOGRAD_STEP };

VECTOR_INLINE ints load(const int32_t *from)
{
    ints v;

    memcpy(&v, from, sizeof(v));
    return v;
}

/* Rows 0 and 2 of A^T times the six columns; with `odd`, rows 1 and 3. */
VECTOR_INLINE void rows(const int32_t *from, ints bias, bool odd, ints a[SIDE], ints b[SIDE])
{
    VECTOR_UNROLL
    for (size_t x = 0; x < SIDE; x++) {
        const int32_t *at = from + x * STEP;
        ints m1 = load(at + 6 * STEP), m2 = load(at + 12 * STEP);
        ints m3 = load(at + 18 * STEP), m4 = load(at + 24 * STEP);
        ints edge = load(at + (odd ? 30 * STEP : 0));

        m1 = x == 1 ? m1 + bias : m1; /* which is in each output once */
        ints first = odd ? m1 - m2 : m1 + m2;
        ints second = odd ? m3 - m4 : m3 + m4;

        a[x] = odd ? first + second * 2 : first + second + edge;
        b[x] = odd ? first + (second * 4 + edge) * 2 : first + second * 4;
    }
}

/* A^T of six values. */
VECTOR_INLINE void side(const ints m[SIDE], ints y[TILE])
{
    ints sum = m[1] + m[2], difference = m[1] - m[2];
    ints sum2 = m[3] + m[4], difference2 = m[3] - m[4];

    y[0] = m[0] + sum + sum2;
    y[1] = difference + difference2 * 2;
    y[2] = sum + sum2 * 4;
    y[3] = difference + (difference2 * 4 + m[5]) * 2;
}

/* The end, for a vector of channels: the bias INT8_WINOGRAD_UNIT times, as all sums are. */
struct finish {
    ints bias;
    vector scale, shift, low;
    struct int8_bounds bounds;
};

VECTOR_INLINE struct finish finish(const struct kernels_int8_end *end, size_t channel)
{
    struct finish f = {
        .bias = load(end->bias + channel) * INT8_WINOGRAD_UNIT,
        .scale = vector_load(end->scale + channel),
    };

    if (end->shift)
        f.shift = vector_load(end->shift + channel);
    else
        f.scale *= 1.0F / (1 << INT8_WINOGRAD_SHIFT); /* instead of a shift of each sum */
    f.low = int8_splat(end->relu ? 0 : -__builtin_inff());
    f.bounds = int8_bounds(end->zero, end->low, end->high);
    return f;
}

/* A^T of six values, 2^INT8_WINOGRAD_SHIFT times what they would have been without Winograd. */
VECTOR_INLINE void outputs(const ints m[SIDE], ints y[TILE])
{
    side(m, y);
    VECTOR_UNROLL
    for (size_t i = 0; i < TILE; i++)
        y[i] *= INT8_WINOGRAD_INVERSE;
}

/* If there is room for (y, x). */
VECTOR_INLINE void store(const struct finish *f, const struct int8_winograd_target *t, size_t y,
                         size_t x, ints sum, bool floats, bool whole)
{
    size_t at = y * t->row + x * t->pixel;

    if (!whole && (y >= t->height || x >= t->width))
        return;
    if (floats) {
        vector value = __builtin_convertvector(sum >> INT8_WINOGRAD_SHIFT, vector) * f->scale;

        vector_store((float *)t->out + at, int8_max(value + f->shift, f->low));
    } else {
        int8_store((uint8_t *)t->out + at, __builtin_convertvector(sum, vector) * f->scale,
                   &f->bounds);
    }
}

VECTOR_INLINE void output(const int32_t *from, const struct finish *f,
                          const struct int8_winograd_target *t, bool pool, bool floats,
                          bool whole)
{
    ints a[SIDE], b[SIDE], y[2][2 * TILE];

    VECTOR_UNROLL
    for (size_t odd = 0; odd < 2; odd++) {
        rows(from, f->bias, odd, a, b);
        outputs(a, y[odd]);
        outputs(b, y[odd] + TILE);
        VECTOR_UNROLL
        for (size_t i = 0; i < 2 * TILE && !pool; i++)
            store(f, t, i / TILE * 2 + odd, i % TILE, y[odd][i], floats, whole);
        VECTOR_UNROLL
        for (size_t i = 0; i < TILE && pool; i++)
            y[odd][i] = int8_larger(y[odd][2 * i], y[odd][2 * i + 1]);
    }
    VECTOR_UNROLL
    for (size_t i = 0; i < TILE && pool; i++)
        store(f, t, i / 2, i % 2, int8_larger(y[0][i], y[1][i]), floats, whole);
}

void LEVEL(int8_winograd_output)(const struct kernels_conv *c,
                                 const struct kernels_int8_end *end, size_t channel,
                                 const int32_t *from, const struct int8_winograd_target *t)
{
    const struct finish f = finish(end, channel);
    size_t side = c->pool ? TILE / 2 : TILE;
    bool whole = t->height >= side && t->width >= side;

    if (end->shift)
        output(from, &f, t, false, true, false);
    else if (c->pool && whole)
        output(from, &f, t, true, false, true);
    else if (c->pool)
        output(from, &f, t, true, false, false);
    else if (whole)
        output(from, &f, t, false, false, true);
    else
        output(from, &f, t, false, false, false);
}
