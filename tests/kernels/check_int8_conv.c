#include "tests/kernels/check_int8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What all levels are given. */
struct call {
    struct kernels_conv c;
    struct kernels_int8_end end;
    int16_t *weights;
    int32_t *bias;
    float *scale, *shift;
    uint8_t *in, *before, *want;
    size_t out_len;
};

/* A convolution, or one in four a dense layer: one pixel an image. */
static struct kernels_conv random_shape(void)
{
    bool dense = int8_below(4) == 0;
    struct kernels_conv c = {
        .in_channels = dense ? INT8_PICK(1, 3, 4, 17, 63, 64, 784, 1100)
                             : INT8_PICK(1, 1, 2, 4, 5, 6, 16, 17, 32, 48),
        .out_channels = INT8_PICK(1, 3, 6, 10, 16, 17, 32, 33, 48, 64, 100),
        .out_height = dense ? 1 : int8_below(4) + 1,
        .out_width = INT8_PICK(1, 2, 3, 4, 5, 7, 8, 13, 14, 15, 29),
        .kernel_height = dense ? 1 : int8_below(4) + 1,
        .kernel_width = dense ? 1 : int8_below(5) + 1,
        .stride_y = int8_below(2) + 1,
        .stride_x = dense ? 1 : int8_below(3) + 1,
        .dilation_y = int8_below(2) + 1,
        .dilation_x = dense ? 1 : INT8_PICK(1, 1, 2),
        .groups = 1,
    };
    size_t width = (c.out_width - 1) * c.stride_x + (c.kernel_width - 1) * c.dilation_x + 1;

    if (!dense && int8_below(4) == 0)
        for (size_t g = 2; g <= c.in_channels; g++)
            if (c.in_channels % g == 0 && c.out_channels % g == 0 && int8_below(2))
                c.groups = g;
    c.in_pixel = dense || c.in_channels == 1 ? c.in_channels : KERNELS_ROUND(c.in_channels);
    c.in_pixel += dense ? int8_below(5) : 0;
    c.in_row = width * c.in_pixel + int8_below(20);
    c.out_pixel = KERNELS_ROUND(c.out_channels) + KERNELS_LANES * int8_below(2);
    c.out_row = c.out_width * c.out_pixel + int8_below(20);
    return c;
}

static size_t n_weights(const struct kernels_conv *c)
{
    return c->out_channels * (c->in_channels / c->groups) * c->kernel_height * c->kernel_width;
}

static void fill_weights(struct call *k)
{
    int32_t reach =
        int8_below(4) == 0 ? 255 : 128; /* 128 bytes' own, or too far for some level */

    for (size_t i = 0; i < n_weights(&k->c); i++) {
        int32_t w = (int32_t)int8_below((size_t)reach * 2 + 1) - reach;

        if (reach == 128 && w == 128)
            w = int8_below(2) ? 127 : -128;
        k->weights[i] = (int16_t)(int8_below(8) == 0 ? 0 : w);
    }
}

static void fill_end(struct call *k)
{
    static const float magnitudes[] = {1e-3F, 1e-2F, 1e-6F, 1, 1e20F};
    float magnitude = magnitudes[int8_below(5)];
    size_t n = KERNELS_ROUND(k->c.out_channels);

    k->bias = int8_allocate(n * sizeof(*k->bias));
    k->scale = int8_allocate(n * sizeof(*k->scale));
    k->shift = int8_allocate(n * sizeof(*k->shift));
    for (size_t i = 0; i < n; i++) {
        bool pads = i >= k->c.out_channels;

        k->bias[i] = pads ? 0 : (int32_t)int8_next() >> (int8_below(2) ? 12 : 0);
        k->scale[i] = pads ? 0 : (int8_unit() + 1.5F) * magnitude;
        /* Halves, to be rounded to even. */
        if (!pads && int8_below(3) == 0)
            k->scale[i] = 0.5F;
        k->shift[i] = pads ? 0 : int8_unit();
    }
    k->end = (struct kernels_int8_end){.bias = k->bias,
                                       .scale = k->scale,
                                       .shift = int8_below(2) ? k->shift : NULL,
                                       .relu = int8_below(2),
                                       .zero = (int32_t)int8_below(256),
                                       .low = (int32_t)int8_below(100),
                                       .high = 255 - (int32_t)int8_below(100)};
}

static bool conv_agrees(const struct call *k, const struct kernels_int8 *level)
{
    const struct kernels_conv *c = &k->c;
    bool ok = true;

    if (!level->fits(c, k->weights))
        return true;
    uint8_t *got = int8_copy(k->before, k->out_len);
    void *packed = int8_allocate_aligned(level->packed(c));

    level->pack(c, k->weights, packed);
    level->conv(c, packed, &k->end, k->in, got);
    ok = int8_same("conv", k->want, got, k->out_len);
    if (!ok)
        printf("# %s: %zu -> %zu channels, groups %zu, kernel %zux%zu, stride %zu, dilation "
               "%zu, out %zux%zu, %s\n",
               cpu_name(level->cpu), c->in_channels, c->out_channels, c->groups,
               c->kernel_height, c->kernel_width, c->stride_x, c->dilation_x, c->out_height,
               c->out_width,
               k->end.shift ? "floats"
               : c->pool    ? "halved"
                            : "bytes");
    free(packed);
    free(got);
    return ok;
}

/* One pixel of it alone must give the same: an image does not see its batch. */
static bool pixel_agrees(const struct call *k, const struct kernels_int8 *level)
{
    struct kernels_conv c = k->c;
    size_t size = k->end.shift ? sizeof(float) : 1;
    size_t len = KERNELS_ROUND(c.out_channels) * size;
    size_t at = c.out_width - 1;

    if (!level->fits(&c, k->weights) || c.pool)
        return true;
    c.out_width = c.out_height = 1;
    uint8_t *got = int8_allocate(len);
    void *packed = int8_allocate_aligned(level->packed(&k->c));

    level->pack(&k->c, k->weights, packed);
    level->conv(&c, packed, &k->end, k->in + at * c.stride_x * c.in_pixel, got);
    bool ok = int8_same("a pixel alone", k->want + at * c.out_pixel * size, got, len);

    free(packed);
    free(got);
    return ok;
}

static void free_call(struct call *k)
{
    free(k->weights);
    free(k->bias);
    free(k->scale);
    free(k->shift);
    free(k->in);
    free(k->before);
    free(k->want);
}

/* What the reference makes of it, and random numbers behind that. */
static void fill_want(struct call *k)
{
    const struct kernels_int8 *reference = kernels_int8_get(CPU_GENERIC);
    void *packed = int8_allocate_aligned(reference->packed(&k->c));

    k->out_len =
        (k->c.out_height * k->c.out_row + INT8_GUARD) * (k->end.shift ? sizeof(float) : 1);
    k->before = int8_bytes(k->out_len);
    k->want = int8_copy(k->before, k->out_len);
    reference->pack(&k->c, k->weights, packed);
    reference->conv(&k->c, packed, &k->end, k->in, k->want);
    free(packed);
}

bool int8_check_conv(const struct kernels_int8 *level)
{
    struct call k = {.c = random_shape()};
    const struct kernels_conv *c = &k.c;
    size_t rows = (c->out_height - 1) * c->stride_y + (c->kernel_height - 1) * c->dilation_y;
    size_t in_len = rows * c->in_row +
                    ((c->out_width - 1) * c->stride_x + (c->kernel_width - 1) * c->dilation_x) *
                        c->in_pixel +
                    c->in_channels + KERNELS_INT8_BEHIND;

    k.weights = int8_allocate(n_weights(c) * sizeof(*k.weights));
    fill_weights(&k);
    fill_end(&k);
    k.c.pool = !k.end.shift && int8_below(3) == 0;
    k.in = int8_bytes(in_len);
    fill_want(&k);

    bool ok = conv_agrees(&k, level) && pixel_agrees(&k, level);

    free_call(&k);
    return ok;
}

/* For Winograd: with a pool or without. */
static struct kernels_conv winograd_shape(void)
{
    struct kernels_conv c = {
        .in_channels = INT8_PICK(1, 2, 3, 5, 8, 16, 17, 31, 32, 33, 48, 64),
        .out_channels = INT8_PICK(1, 3, 8, 16, 17, 32, 33, 48, 70),
        .out_height = INT8_PICK(1, 2, 3, 4, 5, 7, 8, 9),
        .out_width = INT8_PICK(1, 2, 3, 4, 5, 6, 7, 8, 11, 28, 33),
        .kernel_height = 3,
        .kernel_width = 3,
        .stride_y = 1,
        .stride_x = 1,
        .dilation_y = 1,
        .dilation_x = 1,
        .groups = 1,
        .pool = int8_below(2),
    };

    c.in_pixel = KERNELS_ROUND(c.in_channels) + KERNELS_LANES * int8_below(2);
    c.in_row = ((c.out_width + 3) / 4 * 4 + 2) * c.in_pixel + int8_below(20);
    c.out_pixel = KERNELS_ROUND(c.out_channels) + KERNELS_LANES * int8_below(2);
    c.out_row = c.out_width * c.out_pixel + int8_below(20);
    return c;
}

/* Makes one of the first tile's transformed inputs as large as it can be. */
static void draw_extreme(const struct kernels_conv *c, uint8_t *in)
{
    static const int signs[][6] = {
        {1, 0,  -1, 0,  1, 0},
        {0, -1, -1, 1,  1, 0},
        {0, 1,  -1, -1, 1, 0},
        {0, -1, -1, 1,  1, 0},
        {0, 1,  -1, -1, 1, 0},
        {0, 1,  0,  -1, 0, 1}
    };
    const int *down = signs[int8_below(6)];
    const int *right = signs[int8_below(6)];
    int sign = int8_below(2) ? 1 : -1;

    for (size_t y = 0; y < 6; y++)
        for (size_t x = 0; x < 6; x++)
            memset(in + y * c->in_row + x * c->in_pixel,
                   sign * down[y] * right[x] > 0 ? UINT8_MAX : 0, c->in_channels);
}

static bool winograd_agrees(const struct call *k, const struct kernels_int8 *level)
{
    const struct kernels_conv *c = &k->c;
    uint8_t *got = int8_copy(k->before, k->out_len);
    void *packed = int8_allocate_aligned(level->winograd_packed(c));
    void *work = int8_allocate_aligned(level->winograd_work(c));

    level->winograd_pack(c, k->weights, packed);
    level->winograd(c, packed, &k->end, k->in, work, got);
    bool ok = int8_same("winograd", k->want, got, k->out_len);

    if (!ok)
        printf("# %s: %zu -> %zu channels, out %zux%zu, %s%s\n", cpu_name(level->cpu),
               c->in_channels, c->out_channels, c->out_height, c->out_width,
               k->end.shift ? "floats" : "bytes", c->pool ? ", halved" : "");
    free(packed);
    free(work);
    free(got);
    return ok;
}

/* As int8_check_conv(), with the largest sum that is still exact if `channels` are not 0. */
static bool check_winograd(const struct kernels_int8 *level, size_t channels, bool *fits)
{
    struct call k = {.c = winograd_shape()};
    struct kernels_conv *c = &k.c;

    if (channels > 0) {
        c->in_channels = channels;
        c->in_pixel = KERNELS_ROUND(channels);
        c->in_row = ((c->out_width + 3) / 4 * 4 + 2) * c->in_pixel;
    }
    size_t in_len = ((c->out_height + 3) / 4 * 4 + 1) * c->in_row +
                    ((c->out_width + 3) / 4 * 4 + 1) * c->in_pixel +
                    KERNELS_ROUND(c->in_channels);

    k.weights = int8_allocate(n_weights(c) * sizeof(*k.weights));
    fill_weights(&k);
    for (size_t i = 0; i < n_weights(c) && channels > 0; i++)
        k.weights[i] = INT8_MAX;
    fill_end(&k);
    c->pool = c->pool && !k.end.shift;
    for (size_t i = 0; i < c->out_channels; i++)
        k.bias[i] = channels > 0 ? KERNELS_INT8_SUM_MAX - 1 : k.bias[i] / 256;
    k.in = int8_bytes(in_len);
    if (channels > 0)
        memset(k.in, UINT8_MAX, in_len);
    else if (int8_below(4) == 0)
        draw_extreme(c, k.in);
    fill_want(&k);
    *fits = level->fits(c, k.weights) && kernels_int8_winograd_fits(c, k.weights);

    bool ok = !*fits || winograd_agrees(&k, level);

    free_call(&k);
    return ok;
}

bool int8_check_winograd(const struct kernels_int8 *level)
{
    bool fits = false;

    return check_winograd(level, 0, &fits);
}

bool int8_check_winograd_range(const struct kernels_int8 *level)
{
    enum { MOST = 57 }; /* times 9 * 127 * 255 is less than KERNELS_INT8_SUM_MAX */
    bool fits = false, too_many = true;

    return check_winograd(level, MOST, &fits) && fits &&
           check_winograd(level, MOST + 1, &too_many) && !too_many;
}
