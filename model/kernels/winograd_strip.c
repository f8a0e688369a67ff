/* Winograd's convolution of 5x5 windows over a few channels: a strip of two output rows costs
 * six products with a row of the window, instead of ten. Its six input rows are transformed,
 * column by column, to six without gaps between the pixels, so that the five pixels of a
 * product are one long run of terms; the six rows of products become two. */
#include "model/kernels/winograd_strip.h"

#include <math.h>

#include "model/kernels/packed.h"
#include "model/kernels/winograd.h"
#include "model/kernels/winograd_side.h"

enum { KERNEL = WINOGRAD_KERNEL_MAX, ROWS = 2 };

static size_t vector_round(size_t channels)
{
    return (channels + VECTOR_LANES - 1) / VECTOR_LANES * VECTOR_LANES;
}

static size_t frequency_len(const struct kernels_conv *c)
{
    return LEVEL(packed_len)(c->out_channels, c->in_channels * KERNEL);
}

/* A transformed row: the last pixel's vectors may end behind it. */
static size_t input_step(const struct kernels_conv *c)
{
    return KERNELS_ROUND((c->out_width + KERNEL - 1) * c->in_channels) + KERNELS_LANES;
}

static size_t product_step(const struct kernels_conv *c)
{
    return c->out_width * KERNELS_ROUND(c->out_channels) + KERNELS_LANES;
}

/* Behind the weights are zeros: a bias for where there is none. */
size_t LEVEL(winograd_strip_packed)(const struct kernels_conv *c)
{
    return WINOGRAD_SIDE * frequency_len(c) + KERNELS_ROUND(c->out_channels);
}

void LEVEL(winograd_strip_pack)(const struct kernels_conv *c, const float *transformed,
                                float *packed)
{
    const struct packed_shape shape = {
        .channels = c->out_channels,
        .in = c->in_channels,
        .places = KERNEL,
        .group_out = c->out_channels,
        .group_in = c->in_channels,
        .width = c->out_width,
        .load = 1,
    };

    transformed += WINOGRAD_FREQUENCIES * c->out_channels * c->in_channels;
    for (size_t f = 0; f < WINOGRAD_SIDE; f++) {
        LEVEL(packed_fill)(&shape, transformed, packed);
        transformed += c->out_channels * c->in_channels * KERNEL;
        packed += frequency_len(c);
    }
    memset(packed, 0, KERNELS_ROUND(c->out_channels) * sizeof(*packed));
}

size_t LEVEL(winograd_strip_work)(const struct kernels_conv *c)
{
    return WINOGRAD_SIDE * (input_step(c) + product_step(c));
}

/* to: [WINOGRAD_SIDE][columns][in_channels]; what a vector writes behind a pixel's channels,
 * the next pixel's vectors write again. */
static void inputs(const struct kernels_conv *c, const float *in, float *to)
{
    for (size_t x = 0; x < c->out_width + KERNEL - 1; x++)
        for (size_t k = 0; k < vector_round(c->in_channels); k += VECTOR_LANES) {
            const float *from = in + x * c->in_pixel + k;
            vector d[WINOGRAD_SIDE];

            VECTOR_UNROLL
            for (size_t y = 0; y < WINOGRAD_SIDE; y++)
                d[y] = vector_load(from + y * c->in_row);
            winograd_side_in(d, to + x * c->in_channels + k, input_step(c));
        }
}

static void products(const struct kernels_conv *c, const float *packed, const float *bias,
                     const float *inputs, float *to)
{
    const float *zeros = packed + WINOGRAD_SIDE * frequency_len(c);
    const struct tile t = {
        .rows = 1,
        .runs = 1,
        .run = c->in_channels * KERNEL,
        .in_step = c->in_channels,
        .out_step = KERNELS_ROUND(c->out_channels),
    };

    for (size_t f = 0; f < WINOGRAD_SIDE; f++) {
        /* Frequency 1 is in each output once. */
        LEVEL(packed_row)
        (&t, c->out_channels, c->out_width, packed, f == 1 ? bias : zeros,
         inputs + f * input_step(c), to + f * product_step(c));
        packed += frequency_len(c);
    }
}

/* The two outputs of a vector of channels of a column. */
VECTOR_INLINE void column(const float *from, size_t step, vector y[ROWS])
{
    vector m[WINOGRAD_SIDE];

    VECTOR_UNROLL
    for (size_t f = 0; f < WINOGRAD_SIDE; f++)
        m[f] = vector_load(from + f * step);
    winograd_side_out(m, ROWS, y);
}

static void outputs(const struct kernels_conv *c, const float *from, size_t rows, float *out)
{
    vector floor = (vector){0} + (c->relu ? 0 : -INFINITY);

    for (size_t x = 0; x < c->out_width; x++)
        for (size_t k = 0; k < vector_round(c->out_channels); k += VECTOR_LANES) {
            float *at = out + x * c->out_pixel + k;
            vector y[ROWS];

            column(from + x * KERNELS_ROUND(c->out_channels) + k, product_step(c), y);
            vector_store(at, vector_max(floor, y[0]));
            if (rows > 1)
                vector_store(at + c->out_row, vector_max(floor, y[1]));
        }
}

static void outputs_halved(const struct kernels_conv *c, const float *from, float *out)
{
    size_t pixel = KERNELS_ROUND(c->out_channels);
    vector floor = (vector){0} + (c->relu ? 0 : -INFINITY);

    for (size_t x = 0; x < c->out_width / 2; x++)
        for (size_t k = 0; k < vector_round(c->out_channels); k += VECTOR_LANES) {
            const float *at = from + 2 * x * pixel + k;
            vector left[ROWS], right[ROWS];

            column(at, product_step(c), left);
            column(at + pixel, product_step(c), right);
            left[0] = vector_max(vector_max(left[0], left[1]), vector_max(right[0], right[1]));
            vector_store(out + x * c->out_pixel + k, vector_max(floor, left[0]));
        }
}

/* The channels that no vector wrote. */
static void clear_rest(const struct kernels_conv *c, size_t rows, size_t columns, float *out)
{
    size_t written = vector_round(c->out_channels);

    for (size_t y = 0; y < rows && written < c->out_pixel; y++)
        for (size_t x = 0; x < columns; x++)
            memset(out + y * c->out_row + x * c->out_pixel + written, 0,
                   (c->out_pixel - written) * sizeof(*out));
}

void LEVEL(winograd_strip)(const struct kernels_conv *c, const float *packed, const float *bias,
                           const float *in, float *work, float *out)
{
    float *between = work + WINOGRAD_SIDE * input_step(c);
    size_t halves = c->pool ? 2 : 1;
    size_t end = c->out_height / halves * halves;

    for (size_t y = 0; y < end; y += ROWS) {
        float *row = out + y / halves * c->out_row;

        inputs(c, in + y * c->in_row, work);
        products(c, packed, bias, work, between);
        if (c->pool)
            outputs_halved(c, between, row);
        else
            outputs(c, between, end - y < ROWS ? 1 : ROWS, row);
    }
    clear_rest(c, end / halves, c->out_width / halves, out);
}
