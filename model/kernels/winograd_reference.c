/* What Winograd's convolution is: three products of small matrices,
 *     out = A^T ((G w G^T) * (B^T in B)) A
 * for each tile of outputs, where * is element by element, summed over the inputs. */
#include <string.h>

#include "model/kernels/winograd.h"

enum { IN = WINOGRAD_SIDE, OUT_MAX = 4 };

static const float to_input[IN][IN] = {
    {4, 0,  -5, 0,  1, 0},
    {0, -4, -4, 1,  1, 0},
    {0, 4,  -4, -1, 1, 0},
    {0, -2, -1, 2,  1, 0},
    {0, 2,  -1, -2, 1, 0},
    {0, 4,  0,  -5, 0, 1},
};

/* A^T: how a frequency counts in output `i` of a tile's side. */
static float to_output(size_t tile, size_t i, size_t frequency)
{
    static const float points[] = {0, 1, -1, 2, -2};
    float power = 1;

    if (frequency == IN - 1)
        return i == tile - 1 ? 1 : 0;
    while (i-- > 0)
        power *= points[frequency];
    return power;
}

bool LEVEL(winograd_pays)(const struct kernels_conv *c)
{
    (void)c;
    return false; /* of two references the plainer one */
}

size_t LEVEL(winograd_packed)(const struct kernels_conv *c)
{
    return WINOGRAD_FREQUENCIES * c->in_channels * c->out_channels;
}

void LEVEL(winograd_pack)(const struct kernels_conv *c, const float *transformed, float *packed)
{
    memcpy(packed, transformed, LEVEL(winograd_packed)(c) * sizeof(*packed));
}

size_t LEVEL(winograd_work)(const struct kernels_conv *c)
{
    (void)c;
    return 0;
}

/* Adds one input channel's part of the products. */
static void add_input(const struct kernels_conv *c, const float *in, const float *w,
                      float sums[IN][IN])
{
    float half[IN][IN] = {{0}};

    for (size_t i = 0; i < IN; i++)
        for (size_t k = 0; k < IN; k++)
            for (size_t x = 0; x < IN; x++)
                half[i][x] += to_input[i][k] * in[k * c->in_row + x * c->in_pixel];
    for (size_t i = 0; i < IN; i++)
        for (size_t j = 0; j < IN; j++) {
            float sum = 0;

            for (size_t k = 0; k < IN; k++)
                sum += half[i][k] * to_input[j][k];
            sums[i][j] += sum * w[(i * IN + j) * c->in_channels * c->out_channels];
        }
}

/* One channel of a tile, without its bias. */
static void tile(const struct kernels_conv *c, const float *in, const float *w,
                 float ret[OUT_MAX][OUT_MAX])
{
    size_t side = winograd_tile(c->kernel_height);
    float sums[IN][IN] = {{0}};
    float half[OUT_MAX][IN] = {{0}};

    for (size_t i = 0; i < c->in_channels; i++)
        add_input(c, in + i, w + i, sums);
    for (size_t i = 0; i < side; i++)
        for (size_t k = 0; k < IN; k++)
            for (size_t x = 0; x < IN; x++)
                half[i][x] += to_output(side, i, k) * sums[k][x];
    for (size_t i = 0; i < side; i++)
        for (size_t j = 0; j < side; j++) {
            ret[i][j] = 0;
            for (size_t k = 0; k < IN; k++)
                ret[i][j] += half[i][k] * to_output(side, j, k);
        }
}

/* The output at (y, x) of a tile. */
static float value(const struct kernels_conv *c, float all[OUT_MAX][OUT_MAX], float bias,
                   size_t y, size_t x)
{
    float top = 0;

    if (c->pool) {
        top = all[2 * y][2 * x];
        for (size_t i = 1; i < 4; i++) {
            float other = all[2 * y + i / 2][2 * x + i % 2];

            top = other > top ? other : top;
        }
    } else {
        top = all[y][x];
    }
    top += bias;
    return c->relu && !(top > 0) ? 0 : top;
}

/* All channels of the tile whose first output is (y, x). */
static void channels(const struct kernels_conv *c, const float *packed, const float *bias,
                     const float *in, float *out, size_t height, size_t width)
{
    for (size_t oc = 0; oc < c->out_pixel; oc++) {
        float all[OUT_MAX][OUT_MAX] = {{0}};

        if (oc < c->out_channels)
            tile(c, in, packed + oc * c->in_channels, all);
        for (size_t y = 0; y < height; y++)
            for (size_t x = 0; x < width; x++)
                out[y * c->out_row + x * c->out_pixel + oc] = value(c, all, bias[oc], y, x);
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void LEVEL(winograd)(const struct kernels_conv *c, const float *packed, const float *bias,
                     /* NOLINTNEXTLINE(readability-non-const-parameter): as elsewhere */
                     const float *in, float *work, float *out)
{
    size_t halves = c->pool ? 2 : 1;
    size_t side = winograd_tile(c->kernel_height) / halves;
    size_t height = c->out_height / halves;
    size_t width = c->out_width / halves;

    (void)work;
    for (size_t y = 0; y < height; y += side)
        for (size_t x = 0; x < width; x += side)
            channels(c, packed, bias, in + halves * (y * c->in_row + x * c->in_pixel),
                     out + y * c->out_row + x * c->out_pixel, least(height - y, side),
                     least(width - x, side));
}
