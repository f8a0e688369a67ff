/* The last third of quantised Winograd: from frequencies to what the end makes of sums. */
#include "model/kernels/int8_end.h"
#include "model/kernels/int8_winograd.h"

enum { TILE = INT8_WINOGRAD_TILE, SIDE = WINOGRAD_SIDE };

VECTOR_INLINE ints load(const int32_t *from)
{
    ints v;

    memcpy(&v, from, sizeof(v));
    return v;
}

/* Rows 0 and 2 of A^T times the six columns; with `odd`, rows 1 and 3. */
VECTOR_INLINE void rows(const int32_t *from, size_t step, bool odd, ints a[SIDE], ints b[SIDE])
{
    VECTOR_UNROLL
    for (size_t x = 0; x < SIDE; x++) {
        const int32_t *at = from + x * step;
        ints m1 = load(at + 6 * step), m2 = load(at + 12 * step);
        ints m3 = load(at + 18 * step), m4 = load(at + 24 * step);
        ints edge = load(at + (odd ? 30 * step : 0));
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

/* The end, for a vector of channels. */
struct finish {
    ints bias;
    vector scale, shift, low;
    struct int8_bounds bounds;
};

VECTOR_INLINE struct finish finish(const struct kernels_int8_end *end, size_t channel)
{
    struct finish f = {
        .bias = load(end->bias + channel),
        .scale = vector_load(end->scale + channel),
    };

    if (end->shift)
        f.shift = vector_load(end->shift + channel);
    f.low = int8_splat(end->relu ? 0 : -__builtin_inff());
    f.bounds = int8_bounds(end->zero, end->low, end->high);
    return f;
}

/* A sum as it would have been without Winograd, and that as a number. */
VECTOR_INLINE vector number(const struct finish *f, ints sum, bool floats)
{
    vector x = __builtin_convertvector(
        ((sum * INT8_WINOGRAD_INVERSE) >> INT8_WINOGRAD_SHIFT) + f->bias, vector);

    return floats ? x * f->scale + f->shift : x * f->scale;
}

/* If there is room for (y, x). */
VECTOR_INLINE void store(const struct finish *f, const struct int8_winograd_target *t, size_t y,
                         size_t x, vector value, bool floats, bool whole)
{
    size_t at = y * t->row + x * t->pixel;

    if (!whole && (y >= t->height || x >= t->width))
        return;
    if (floats)
        vector_store((float *)t->out + at, int8_max(value, f->low));
    else
        int8_store((uint8_t *)t->out + at, value, &f->bounds);
}

/* Outputs of rows `y` and `y` + 2. */
VECTOR_INLINE void store_rows(const struct finish *f, const struct int8_winograd_target *t,
                              const ints *sums, size_t y, bool floats, bool whole)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < 2; i++)
        VECTOR_UNROLL
    for (size_t x = 0; x < TILE; x++)
        store(f, t, y + 2 * i, x, number(f, sums[i * TILE + x], floats), floats, whole);
}

/* The larger of neighbours in rows 0 and 2, or 1 and 3. */
VECTOR_INLINE void halve(const struct finish *f, const ints *sums, bool floats, vector ret[4])
{
    VECTOR_UNROLL
    for (size_t i = 0; i < 4; i++)
        ret[i] = int8_max(number(f, sums[2 * i], floats), number(f, sums[2 * i + 1], floats));
}

VECTOR_INLINE void output(const int32_t *from, size_t step, const struct finish *f,
                          const struct int8_winograd_target *t, bool pool, bool floats,
                          bool whole)
{
    vector even[4], odd[4];
    ints a[SIDE], b[SIDE], y[2 * TILE];

    rows(from, step, false, a, b);
    side(a, y);
    side(b, y + TILE);
    if (pool)
        halve(f, y, floats, even);
    else
        store_rows(f, t, y, 0, floats, whole);
    rows(from, step, true, a, b);
    side(a, y);
    side(b, y + TILE);
    if (!pool) {
        store_rows(f, t, y, 1, floats, whole);
        return;
    }
    halve(f, y, floats, odd);
    VECTOR_UNROLL
    for (size_t i = 0; i < 4; i++)
        store(f, t, i / 2, i % 2, int8_max(even[i], odd[i]), floats, whole);
}

void LEVEL(int8_winograd_output)(const struct kernels_conv *c,
                                 const struct kernels_int8_end *end, size_t channel,
                                 const int32_t *from, size_t step,
                                 const struct int8_winograd_target *t)
{
    const struct finish f = finish(end, channel);
    size_t side = c->pool ? TILE / 2 : TILE;
    bool whole = t->height >= side && t->width >= side;

    if (end->shift && c->pool)
        output(from, step, &f, t, true, true, false);
    else if (end->shift)
        output(from, step, &f, t, false, true, false);
    else if (c->pool && whole)
        output(from, step, &f, t, true, false, true);
    else if (c->pool)
        output(from, step, &f, t, true, false, false);
    else if (whole)
        output(from, step, &f, t, false, false, true);
    else
        output(from, step, &f, t, false, false, false);
}
