/* What quantised layers are: readable, any shape, not fast. */
#include <math.h>
#include <string.h>

#include "model/kernels/int8_level.h"

bool LEVEL(int8_fits)(const struct kernels_conv *c, const int16_t *weights)
{
    (void)c;
    (void)weights;
    return true;
}

static size_t window_len(const struct kernels_conv *c)
{
    return c->in_channels / c->groups * c->kernel_height * c->kernel_width;
}

size_t LEVEL(int8_packed)(const struct kernels_conv *c)
{
    return c->out_channels * window_len(c) * sizeof(int16_t);
}

void LEVEL(int8_pack)(const struct kernels_conv *c, const int16_t *weights, void *packed)
{
    memcpy(packed, weights, LEVEL(int8_packed)(c));
}

/* in: the window's first channel of this group */
static int32_t window_sum(const struct kernels_conv *c, const int16_t *w, int32_t bias,
                          const uint8_t *in)
{
    uint32_t sum = (uint32_t)bias; /* wraps around without harm */

    for (size_t ic = 0; ic < c->in_channels / c->groups; ic++)
        for (size_t ky = 0; ky < c->kernel_height; ky++)
            for (size_t kx = 0; kx < c->kernel_width; kx++)
                sum += (uint32_t)(*w++ * in[ky * c->dilation_y * c->in_row +
                                            kx * c->dilation_x * c->in_pixel + ic]);
    return (int32_t)sum;
}

static float within(float x, float low, float high)
{
    x = x > low ? x : low;
    return x < high ? x : high;
}

static uint8_t round_byte(float x, int32_t zero, int32_t low, int32_t high)
{
    return (uint8_t)((int32_t)rintf(within(x, (float)(low - zero), (float)(high - zero))) +
                     zero);
}

/* `oc` of a pixel, but for what the end does to single numbers; in: the window's first channel
 */
static float number(const struct kernels_conv *c, const int16_t *w,
                    const struct kernels_int8_end *end, size_t oc, const uint8_t *in)
{
    size_t group_in = c->in_channels / c->groups;
    size_t group_out = c->out_channels / c->groups;
    int32_t sum = end->bias[oc];
    float x = 0;

    if (oc < c->out_channels)
        sum = window_sum(c, w + oc * window_len(c), sum, in + oc / group_out * group_in);
    x = (float)sum * end->scale[oc];
    return end->shift ? x + end->shift[oc] : x;
}

static void finish(const struct kernels_int8_end *end, float x, size_t channel, void *out)
{
    if (end->shift)
        ((float *)out)[channel] = end->relu && !(x > 0) ? 0 : x;
    else
        ((uint8_t *)out)[channel] = round_byte(x, end->zero, end->low, end->high);
}

/* out: the pixel, which is the largest of `side` squared */
static void pixel(const struct kernels_conv *c, const int16_t *w,
                  const struct kernels_int8_end *end, size_t side, const uint8_t *in, void *out)
{
    for (size_t oc = 0; oc < KERNELS_ROUND(c->out_channels); oc++) {
        float top = number(c, w, end, oc, in);

        for (size_t i = 1; i < side * side; i++) {
            float x = number(c, w, end, oc,
                             in + i / side * c->stride_y * c->in_row +
                                 i % side * c->stride_x * c->in_pixel);

            top = x > top ? x : top;
        }
        finish(end, top, oc, out);
    }
}

void LEVEL(int8_conv)(const struct kernels_conv *c, const void *packed,
                      const struct kernels_int8_end *end, const uint8_t *in, void *out)
{
    size_t size = end->shift ? sizeof(float) : 1;
    size_t side = c->pool ? 2 : 1;

    for (size_t y = 0; y < c->out_height / side; y++)
        for (size_t x = 0; x < c->out_width / side; x++)
            pixel(c, packed, end, side,
                  in + side * (y * c->stride_y * c->in_row + x * c->stride_x * c->in_pixel),
                  (char *)out + (y * c->out_row + x * c->out_pixel) * size);
}

bool LEVEL(int8_winograd_pays)(const struct kernels_conv *c)
{
    (void)c;
    return false;
}

size_t LEVEL(int8_winograd_packed)(const struct kernels_conv *c)
{
    return LEVEL(int8_packed)(c);
}

void LEVEL(int8_winograd_pack)(const struct kernels_conv *c, const int16_t *weights,
                               void *packed)
{
    LEVEL(int8_pack)(c, weights, packed);
}

size_t LEVEL(int8_winograd_work)(const struct kernels_conv *c)
{
    (void)c;
    return 0;
}

void LEVEL(int8_winograd)(const struct kernels_conv *c, const void *packed,
                          const struct kernels_int8_end *end, const uint8_t *in, void *work,
                          void *out)
{
    (void)work;
    LEVEL(int8_conv)(c, packed, end, in, out);
}

static uint8_t window_max(const struct kernels_pool *p, const uint8_t *in)
{
    uint8_t top = 0;

    for (size_t y = 0; y < p->kernel_height; y++)
        for (size_t x = 0; x < p->kernel_width; x++)
            if (in[y * p->in_row + x * p->in_pixel] > top)
                top = in[y * p->in_row + x * p->in_pixel];
    return top;
}

void LEVEL(int8_max_pool)(const struct kernels_pool *p, const uint8_t *in, uint8_t *out)
{
    for (size_t y = 0; y < p->out_height; y++)
        for (size_t x = 0; x < p->out_width; x++)
            for (size_t c = 0; c < p->out_pixel; c++)
                out[y * p->out_row + x * p->out_pixel + c] = window_max(
                    p, in + y * p->stride_y * p->in_row + x * p->stride_x * p->in_pixel + c);
}

void LEVEL(int8_add)(const struct kernels_int8_add *add, const uint8_t *a, const uint8_t *b,
                     size_t count, uint8_t *y)
{
    for (size_t i = 0; i < count; i++) {
        float x = (float)(a[i] - add->zero[0]) * add->scale[0];
        float z = (float)(b[i] - add->zero[1]) * add->scale[1];

        y[i] = round_byte((x + z) / add->scale[2], add->zero[2], add->low, add->high);
    }
}

void LEVEL(int8_quantize)(const float *x, float scale, int32_t zero, size_t count, uint8_t *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = round_byte(x[i] / scale, zero, 0, UINT8_MAX);
}

void LEVEL(int8_dequantize)(const uint8_t *x, float scale, int32_t zero, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (float)(x[i] - zero) * scale;
}

void LEVEL(int8_map)(const uint8_t *x, const uint8_t table[256], size_t count, uint8_t *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = table[x[i]];
}

size_t LEVEL(int8_spin)(size_t steps)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < steps; i++) {
        sum = sum * 3 + 1;
        __asm__ volatile("" : "+r"(sum));
    }
    return steps;
}
