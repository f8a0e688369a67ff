#include "model/kernels/thin.h"

#include "model/kernels/vector.h"

/* Output channels at a time, in groups of nearly the same size: two rows of that many sums. */
enum { GROUP = 6 };

static size_t groups(const struct kernels_conv *c)
{
    return (c->out_channels + GROUP - 1) / GROUP;
}

/* Of groups that are `left`, with so many channels. */
static size_t next(size_t channels, size_t left)
{
    return (channels + left - 1) / left;
}

bool LEVEL(thin_pays)(const struct kernels_conv *c)
{
    /* Vectors of sums in a row, either way. */
    size_t pixels = (c->out_width + VECTOR_LANES - 1) / VECTOR_LANES * c->out_channels;
    size_t channels = (c->out_channels + VECTOR_LANES - 1) / VECTOR_LANES * c->out_width;

    return c->in_channels == 1 && c->in_pixel == 1 && c->groups == 1 && c->stride_y == 1 &&
           c->stride_x == 1 && c->dilation_y == 1 && c->dilation_x == 1 && c->out_height > 1 &&
           c->out_width > VECTOR_LANES && c->kernel_height * c->kernel_width >= 9 &&
           pixels < channels;
}

size_t LEVEL(thin_packed)(const struct kernels_conv *c)
{
    return c->out_channels * c->kernel_height * c->kernel_width;
}

/* [groups][kernel_height][kernel_width][channels of the group] */
void LEVEL(thin_pack)(const struct kernels_conv *c, const float *weights, float *packed)
{
    size_t window = c->kernel_height * c->kernel_width;
    size_t first = 0;

    for (size_t left = groups(c); left > 0; left--) {
        size_t channels = next(c->out_channels - first, left);

        for (size_t at = 0; at < window; at++)
            for (size_t i = 0; i < channels; i++)
                *packed++ = weights[(first + i) * window + at];
        first += channels;
    }
}

/* Adds an input row's part to the sums of one output row. */
VECTOR_INLINE void add(vector *sums, vector x, const float *weights, size_t channels)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < channels; i++)
        sums[i] = vector_multiply_add(sums[i], x, weights[i]);
}

/* Two rows of one vector of pixels; sums: [2][channels] */
VECTOR_INLINE void two_rows(const struct kernels_conv *c, const float *weights,
                            const float *bias, const float *in, vector *sums, size_t channels)
{
    size_t step = c->kernel_width * channels; /* from one row of the window to the next */

    VECTOR_UNROLL
    for (size_t i = 0; i < channels; i++)
        sums[i] = sums[channels + i] = (vector){0} + bias[i];
    for (size_t x = 0; x < c->kernel_width; x++)
        add(sums, vector_load(in + x), weights + x * channels, channels);
    for (size_t y = 1; y < c->kernel_height; y++) {
        weights += step;
        for (size_t x = 0; x < c->kernel_width; x++) {
            vector v = vector_load(in + y * c->in_row + x);

            add(sums, v, weights + x * channels, channels);
            add(sums + channels, v, weights + x * channels - step, channels);
        }
    }
    for (size_t x = 0; x < c->kernel_width; x++)
        add(sums + channels, vector_load(in + c->kernel_height * c->in_row + x),
            weights + x * channels, channels);
}

/* rows: [channels][VECTOR_LANES] to these pixels. */
VECTOR_INLINE void spread(const float *rows, size_t channels, size_t pixel, float *out)
{
    for (size_t x = 0; x < VECTOR_LANES; x++)
        for (size_t i = 0; i < channels; i++)
            out[x * pixel + i] = rows[i * VECTOR_LANES + x];
}

VECTOR_INLINE void store_rows(const struct kernels_conv *c, const vector *sums, size_t channels,
                              float *out)
{
    float rows[GROUP * VECTOR_LANES] __attribute__((aligned(64)));

    for (size_t y = 0; y < 2; y++, out += c->out_row) {
        VECTOR_UNROLL
        for (size_t i = 0; i < channels; i++)
            vector_store(rows + i * VECTOR_LANES,
                         vector_finish(sums[y * channels + i], c->relu));
        spread(rows, channels, c->out_pixel, out);
    }
}

/* The largest of each 2x2 of a channel, in both lanes of two pixels; zero behind the last
 * channel. */
VECTOR_INLINE vector largest(const struct kernels_conv *c, const vector *sums, size_t channels,
                             size_t channel)
{
    vector top = {0};

    if (channel >= channels)
        return top;
    top = vector_max(sums[channel], sums[channels + channel]);
    return vector_finish(vector_max(top, vector_swap(top)), c->relu);
}

/* Two channels lie side by side in one vector, for half as many stores. The zero behind an odd
 * number of channels is nobody's, or the next group writes over it. */
VECTOR_INLINE void store_halved(const struct kernels_conv *c, const vector *sums,
                                size_t channels, float *out)
{
    enum { PAIR = 2 };
    float pairs[GROUP / PAIR * VECTOR_LANES] __attribute__((aligned(64)));

    VECTOR_UNROLL
    for (size_t i = 0; i < channels; i += PAIR)
        vector_store(
            pairs + i / PAIR * VECTOR_LANES,
            vector_alternate(largest(c, sums, channels, i), largest(c, sums, channels, i + 1)));
    for (size_t x = 0; x < VECTOR_LANES; x += PAIR)
        for (size_t i = 0; i < channels; i += PAIR)
            memcpy(out + x / PAIR * c->out_pixel + i, pairs + i / PAIR * VECTOR_LANES + x,
                   PAIR * sizeof(*out));
}

/* Two rows of the output, or one of the halved picture, of one group of channels. The last
 * vector ends where the row does, and may do some pixels again. */
VECTOR_INLINE void group(const struct kernels_conv *c, const float *weights, const float *bias,
                         const float *in, float *out, size_t channels, bool pool)
{
    size_t halves = pool ? 2 : 1;
    size_t end = c->out_width / halves * halves;

    for (size_t x = 0; x < end; x += VECTOR_LANES) {
        vector sums[2 * GROUP];
        size_t at = x + VECTOR_LANES > end ? end - VECTOR_LANES : x;

        two_rows(c, weights, bias, in + at, sums, channels);
        if (pool)
            store_halved(c, sums, channels, out + at / 2 * c->out_pixel);
        else
            store_rows(c, sums, channels, out + at * c->out_pixel);
    }
}

typedef void group_fn(const struct kernels_conv *c, const float *weights, const float *bias,
                      const float *in, float *out);

#define DEFINE(n)                                                              \
    static void group_##n(const struct kernels_conv *c, const float *weights,  \
                          const float *bias, const float *in, float *out)      \
    {                                                                          \
        group(c, weights, bias, in, out, n, false);                            \
    }                                                                          \
    static void halved_##n(const struct kernels_conv *c, const float *weights, \
                           const float *bias, const float *in, float *out)     \
    {                                                                          \
        group(c, weights, bias, in, out, n, true);                             \
    }
#define ALL(X) X(1) X(2) X(3) X(4) X(5) X(6)
ALL(DEFINE)

#define ENTRY(n) {group_##n, halved_##n},
static group_fn *const functions[GROUP + 1][2] = {
    {NULL, NULL},
    ALL(ENTRY)
};

static void rows(const struct kernels_conv *c, const float *packed, const float *bias,
                 const float *in, float *out)
{
    size_t first = 0;

    for (size_t left = groups(c); left > 0; left--) {
        size_t channels = next(c->out_channels - first, left);

        functions[channels][c->pool](c, packed + first * c->kernel_height * c->kernel_width,
                                     bias + first, in, out + first);
        first += channels;
    }
}

void LEVEL(thin)(const struct kernels_conv *c, const float *packed, const float *bias,
                 const float *in, float *out)
{
    size_t halves = c->pool ? 2 : 1;
    size_t height = c->out_height / halves;
    size_t step = 2 / halves;

    for (size_t y = 0; y < height; y++) /* for the channels behind the last one */
        memset(out + y * c->out_row, 0, c->out_width / halves * c->out_pixel * sizeof(*out));
    for (size_t y = 0; y < height; y += step) {
        /* An odd last row is done with the one before, again. */
        size_t at = y + step > height ? height - step : y;

        rows(c, packed, bias, in + at * halves * c->in_row, out + at * c->out_row);
    }
}
