/* The last third of Winograd's convolution: from frequencies to pixels. */
#include "model/kernels/winograd_output.h"

#include "model/kernels/winograd.h"
#include "model/kernels/winograd_side.h"

/* Rows 0 and 2 of A^T times the six columns; with `odd`, rows 1 and 3. */
VECTOR_INLINE void output_rows(const float *from, size_t step, size_t tile, bool odd,
                               vector a[6], vector b[6])
{
    VECTOR_UNROLL
    for (size_t x = 0; x < 6; x++) {
        const float *at = from + x * step;
        vector m1 = vector_load(at + 6 * step), m2 = vector_load(at + 12 * step);
        vector m3 = vector_load(at + 18 * step), m4 = vector_load(at + 24 * step);
        vector edge = vector_load(at + (odd ? 30 * step : 0));
        vector first = odd ? m1 - m2 : m1 + m2;
        vector second = odd ? m3 - m4 : m3 + m4;

        a[x] = first + (odd ? second * 2 : second);
        if (!odd || tile == 2)
            a[x] += edge;
        b[x] = odd ? first + second * 8 + edge : first + second * 4;
    }
}

/* The outputs of every other row, the first of which `out` is. */
VECTOR_INLINE void store(const struct winograd_target *t, const vector *y, size_t tile,
                         float *out)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < tile / 2 * tile; i++)
        vector_store(out + i / tile * 2 * t->row + i % tile * t->pixel,
                     vector_max(t->floor, y[i]));
}

/* The same, of which each two columns become one; what is there is from the row before. */
VECTOR_INLINE void store_halved(const struct winograd_target *t, const vector *y, size_t tile,
                                bool odd)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < tile / 2 * tile; i += 2) {
        float *at = t->out + i / tile * t->row + i % tile / 2 * t->pixel;
        vector before = odd ? vector_load(at) : t->floor;

        vector_store(at, vector_max(before, vector_max(y[i], y[i + 1])));
    }
}

/* A vector of channels of one tile. */
VECTOR_INLINE void output_vector(const float *from, size_t step, size_t tile, bool pool,
                                 const struct winograd_target *t)
{
    VECTOR_UNROLL
    for (size_t odd = 0; odd < 2; odd++) {
        vector a[6], b[6], y[8];

        output_rows(from, step, tile, odd, a, b);
        winograd_side_out(a, tile, y);
        if (tile == 4)
            winograd_side_out(b, tile, y + 4);
        if (pool)
            store_halved(t, y, tile, odd);
        else
            store(t, y, tile, t->out + odd * t->row);
    }
}

static void output_full(const struct kernels_conv *c, const float *from, size_t step,
                        const struct winograd_target *t)
{
    if (winograd_tile(c->kernel_height) == 4 && c->pool)
        output_vector(from, step, 4, true, t);
    else if (winograd_tile(c->kernel_height) == 4)
        output_vector(from, step, 4, false, t);
    else if (c->pool)
        output_vector(from, step, 2, true, t);
    else
        output_vector(from, step, 2, false, t);
}

/* At the edge of the picture, some of the tile is nobody's. */
static void output_part(const struct kernels_conv *c, const float *from, size_t step,
                        const struct winograd_target *t)
{
    enum { TILE_MAX = 4 };
    float all[TILE_MAX * TILE_MAX * VECTOR_LANES];
    struct winograd_target whole = *t;

    whole.out = all;
    whole.row = (size_t)TILE_MAX * VECTOR_LANES;
    whole.pixel = VECTOR_LANES;
    output_full(c, from, step, &whole);
    for (size_t y = 0; y < t->height; y++)
        for (size_t x = 0; x < t->width; x++)
            memcpy(t->out + y * t->row + x * t->pixel, all + y * whole.row + x * whole.pixel,
                   sizeof(vector));
}

void LEVEL(winograd_output)(const struct kernels_conv *c, const float *from, size_t step,
                            const struct winograd_target *t)
{
    size_t whole = winograd_tile(c->kernel_height) / (c->pool ? 2 : 1);
    struct winograd_target at = *t;

    for (size_t k = 0; k < c->out_channels; k += VECTOR_LANES) {
        if (t->height >= whole && t->width >= whole)
            output_full(c, from + k, step, &at);
        else
            output_part(c, from + k, step, &at);
        at.out += VECTOR_LANES;
    }
}
