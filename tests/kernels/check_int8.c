/* Compares the kernels of quantised models at every level that this processor has with the
 * reference, bit for bit, on random data of awkward sizes. `check_int8 SEED` repeats a failing
 * run. Memory is taken with exactly the length that a kernel may touch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernels_int8.h"

enum { GUARD = 64, SHAPES = 1500, COUNT_MAX = 200 };

static uint32_t state = 0x9e3779b9;

static uint32_t next(void) /* xorshift32 */
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static size_t below(size_t n)
{
    return next() % n;
}

static void *sure(void *x)
{
    if (x)
        return x;
    (void)fputs("check_int8: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

static void *allocate(size_t len)
{
    return sure(malloc(len + !len));
}

static void *allocate_packed(const struct kernels_int8 *level, const struct kernels_conv *c)
{
    return sure(aligned_alloc(64, (level->packed(c) + 63) / 64 * 64));
}

/* Random bytes, many of them extreme. */
static uint8_t *random_bytes(size_t count)
{
    uint8_t *x = allocate(count);

    for (size_t i = 0; i < count; i++)
        x[i] = (uint8_t)(below(4) == 0 ? (below(2) ? UINT8_MAX : 0) : next());
    return x;
}

static void *copy_of(const void *x, size_t len)
{
    return memcpy(allocate(len), x, len);
}

static float unit(void)
{
    return (float)next() / 2147483648.0F - 1.0F;
}

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

static size_t pick(const size_t *of, size_t n)
{
    return of[below(n)];
}

#define PICK(...) \
    pick((const size_t[]){__VA_ARGS__}, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t))

/* A convolution, or one in four a dense layer: one pixel an image. */
static struct kernels_conv random_shape(void)
{
    bool dense = below(4) == 0;
    struct kernels_conv c = {
        .in_channels = dense ? PICK(1, 3, 4, 17, 63, 64, 784, 1100)
                             : PICK(1, 1, 2, 4, 5, 6, 16, 17, 32, 48),
        .out_channels = PICK(1, 3, 6, 10, 16, 17, 32, 33, 48, 64, 100),
        .out_height = dense ? 1 : below(4) + 1,
        .out_width = PICK(1, 2, 3, 4, 5, 7, 8, 13, 14, 15, 29),
        .kernel_height = dense ? 1 : below(4) + 1,
        .kernel_width = dense ? 1 : below(5) + 1,
        .stride_y = below(2) + 1,
        .stride_x = dense ? 1 : below(3) + 1,
        .dilation_y = below(2) + 1,
        .dilation_x = dense ? 1 : PICK(1, 1, 2),
        .groups = 1,
    };
    size_t width = (c.out_width - 1) * c.stride_x + (c.kernel_width - 1) * c.dilation_x + 1;

    if (!dense && below(4) == 0)
        for (size_t g = 2; g <= c.in_channels; g++)
            if (c.in_channels % g == 0 && c.out_channels % g == 0 && below(2))
                c.groups = g;
    c.in_pixel = dense || c.in_channels == 1 ? c.in_channels : KERNELS_ROUND(c.in_channels);
    c.in_pixel += dense ? below(5) : 0;
    c.in_row = width * c.in_pixel + below(20);
    c.out_pixel = KERNELS_ROUND(c.out_channels) + KERNELS_LANES * below(2);
    c.out_row = c.out_width * c.out_pixel + below(20);
    return c;
}

static size_t n_weights(const struct kernels_conv *c)
{
    return c->out_channels * (c->in_channels / c->groups) * c->kernel_height * c->kernel_width;
}

static void fill_weights(struct call *k)
{
    int32_t reach = below(4) == 0 ? 255 : 128; /* 128 bytes' own, or too far for some level */

    for (size_t i = 0; i < n_weights(&k->c); i++) {
        int32_t w = (int32_t)below((size_t)reach * 2 + 1) - reach;

        if (reach == 128 && w == 128)
            w = below(2) ? 127 : -128;
        k->weights[i] = (int16_t)(below(8) == 0 ? 0 : w);
    }
}

static void fill_end(struct call *k)
{
    static const float magnitudes[] = {1e-3F, 1e-2F, 1e-6F, 1, 1e20F};
    float magnitude = magnitudes[below(5)];
    size_t n = KERNELS_ROUND(k->c.out_channels);

    k->bias = allocate(n * sizeof(*k->bias));
    k->scale = allocate(n * sizeof(*k->scale));
    k->shift = allocate(n * sizeof(*k->shift));
    for (size_t i = 0; i < n; i++) {
        bool pads = i >= k->c.out_channels;

        k->bias[i] = pads ? 0 : (int32_t)next() >> (below(2) ? 12 : 0);
        k->scale[i] = pads ? 0 : (unit() + 1.5F) * magnitude;
        /* Halves, to be rounded to even. */
        if (!pads && below(3) == 0)
            k->scale[i] = 0.5F;
        k->shift[i] = pads ? 0 : unit();
    }
    k->end = (struct kernels_int8_end){.bias = k->bias,
                                       .scale = k->scale,
                                       .shift = below(2) ? k->shift : NULL,
                                       .relu = below(2),
                                       .zero = (int32_t)below(256),
                                       .low = (int32_t)below(100),
                                       .high = 255 - (int32_t)below(100)};
}

static bool same(const char *what, const void *want, const void *got, size_t len)
{
    const uint8_t *a = want;
    const uint8_t *b = got;

    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i]) {
            printf("# %s: byte %zu is %d, not %d\n", what, i, b[i], a[i]);
            return false;
        }
    return true;
}

static bool conv_agrees(const struct call *k, const struct kernels_int8 *level)
{
    const struct kernels_conv *c = &k->c;
    bool ok = true;

    if (!level->fits(c, k->weights))
        return true;
    uint8_t *got = copy_of(k->before, k->out_len);
    void *packed = allocate_packed(level, c);

    level->pack(c, k->weights, packed);
    level->conv(c, packed, &k->end, k->in, got);
    ok = same("conv", k->want, got, k->out_len);
    if (!ok)
        printf("# %s: %zu -> %zu channels, groups %zu, kernel %zux%zu, stride %zu, dilation "
               "%zu, out %zux%zu, %s\n",
               cpu_name(level->cpu), c->in_channels, c->out_channels, c->groups,
               c->kernel_height, c->kernel_width, c->stride_x, c->dilation_x, c->out_height,
               c->out_width, k->end.shift ? "floats" : "bytes");
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

    if (!level->fits(&c, k->weights))
        return true;
    c.out_width = c.out_height = 1;
    uint8_t *got = allocate(len);
    void *packed = allocate_packed(level, &k->c);

    level->pack(&k->c, k->weights, packed);
    level->conv(&c, packed, &k->end, k->in + at * c.stride_x * c.in_pixel, got);
    bool ok = same("a pixel alone", k->want + at * c.out_pixel * size, got, len);

    free(packed);
    free(got);
    return ok;
}

static bool check_conv(const struct kernels_int8 *level)
{
    const struct kernels_int8 *reference = kernels_int8_get(CPU_GENERIC);
    struct call k = {.c = random_shape()};
    const struct kernels_conv *c = &k.c;
    size_t rows = (c->out_height - 1) * c->stride_y + (c->kernel_height - 1) * c->dilation_y;
    size_t in_len = rows * c->in_row +
                    ((c->out_width - 1) * c->stride_x + (c->kernel_width - 1) * c->dilation_x) *
                        c->in_pixel +
                    c->in_channels + KERNELS_INT8_BEHIND;
    void *packed = NULL;

    k.weights = allocate(n_weights(c) * sizeof(*k.weights));
    fill_weights(&k);
    fill_end(&k);
    k.in = random_bytes(in_len);
    k.out_len = (c->out_height * c->out_row + GUARD) * (k.end.shift ? sizeof(float) : 1);
    k.before = random_bytes(k.out_len);
    k.want = copy_of(k.before, k.out_len);
    packed = allocate_packed(reference, c);
    reference->pack(c, k.weights, packed);
    reference->conv(c, packed, &k.end, k.in, k.want);

    bool ok = conv_agrees(&k, level) && pixel_agrees(&k, level);

    free(packed);
    free(k.weights);
    free(k.bias);
    free(k.scale);
    free(k.shift);
    free(k.in);
    free(k.before);
    free(k.want);
    return ok;
}

static bool check_pool(const struct kernels_int8 *level)
{
    struct kernels_pool p = {
        .channels = below(60) + 1,
        .out_height = below(4) + 1,
        .out_width = below(5) + 1,
        .kernel_height = PICK(2, 2, 1, 3),
        .kernel_width = PICK(2, 2, 1, 3),
        .stride_y = below(3) + 1,
        .stride_x = below(3) + 1,
    };
    size_t width = (p.out_width - 1) * p.stride_x + p.kernel_width;

    p.in_pixel = p.out_pixel = KERNELS_ROUND(p.channels);
    p.in_row = width * p.in_pixel;
    p.out_row = p.out_width * p.out_pixel;
    size_t in_len = ((p.out_height - 1) * p.stride_y + p.kernel_height) * p.in_row;
    size_t out_len = p.out_height * p.out_row + GUARD;
    uint8_t *in = random_bytes(in_len);
    uint8_t *want = random_bytes(out_len);
    uint8_t *got = copy_of(want, out_len);

    kernels_int8_get(CPU_GENERIC)->max_pool(&p, in, want);
    level->max_pool(&p, in, got);
    bool ok = same("max_pool", want, got, out_len);

    free(in);
    free(want);
    free(got);
    return ok;
}

/* Many near the middle between two bytes, some far outside, some not numbers. */
static float *random_floats(size_t count, float scale)
{
    float *x = allocate(count * sizeof(*x));

    for (size_t i = 0; i < count; i++) {
        x[i] = unit() * 300 * scale;
        if (below(3) == 0)
            x[i] = ((float)below(400) - 200.5F) * scale;
        else if (below(20) == 0)
            x[i] = unit() * 1e30F;
        else if (below(20) == 0)
            x[i] = __builtin_nanf("");
    }
    return x;
}

static bool check_rounding(const struct kernels_int8 *level)
{
    const struct kernels_int8 *reference = kernels_int8_get(CPU_GENERIC);
    size_t count = below(COUNT_MAX) + 1;
    float scale = below(2) ? 0.25F : unit() + 1.01F;
    int32_t zero = (int32_t)below(256);
    float *x = random_floats(count, scale);
    uint8_t *want = random_bytes(count + GUARD);
    uint8_t *got = copy_of(want, count + GUARD);

    reference->quantize(x, scale, zero, count, want);
    level->quantize(x, scale, zero, count, got);
    bool ok = same("quantize", want, got, count + GUARD);
    float *back = random_floats(count + 1, 1);
    float *again = copy_of(back, (count + 1) * sizeof(*back));

    reference->dequantize(want, scale, zero, count, back);
    level->dequantize(want, scale, zero, count, again);
    ok = same("dequantize", back, again, (count + 1) * sizeof(*back)) && ok;
    free(x);
    free(want);
    free(got);
    free(back);
    free(again);
    return ok;
}

static bool check_bytes(const struct kernels_int8 *level)
{
    const struct kernels_int8 *reference = kernels_int8_get(CPU_GENERIC);
    size_t count = below(COUNT_MAX) + 1;
    struct kernels_int8_add add = {
        .scale = {unit() + 1.5F,       below(2) ? 0.5F : 0.3F, 2  },
        .zero = {(int32_t)below(256), (int32_t)below(256),    128},
        .low = (int32_t)below(100),
        .high = 200 + (int32_t)below(56),
    };
    uint8_t *a = random_bytes(count);
    uint8_t *b = random_bytes(count);
    uint8_t *table = random_bytes(256);
    uint8_t *want = random_bytes(count + GUARD);
    uint8_t *got = copy_of(want, count + GUARD);

    reference->add(&add, a, b, count, want);
    level->add(&add, a, b, count, got);
    bool ok = same("add", want, got, count + GUARD);

    reference->map(a, table, count, want);
    level->map(a, table, count, got);
    ok = same("map", want, got, count + GUARD) && ok;
    free(a);
    free(b);
    free(table);
    free(want);
    free(got);
    return ok;
}

static bool check_level(const struct kernels_int8 *level)
{
    bool ok = true;

    for (size_t i = 0; i < SHAPES && ok; i++)
        ok = check_conv(level) && check_pool(level) && check_rounding(level) &&
             check_bytes(level);
    return ok;
}

/* One line of TAP for each level; those that are missing pass. */
int main(int argc, char **argv)
{
    static const enum cpu_level all[] = {CPU_X86_64_V2, CPU_X86_64_V3, CPU_X86_64_V4,
                                         CPU_X86_64_VNNI, CPU_NEON};
    const size_t levels = sizeof(all) / sizeof(all[0]);
    bool ok = true;

    if (argc > 1)
        state = (uint32_t)strtoul(argv[1], NULL, 0);
    printf("# seed 0x%x\n1..%zu\n", (unsigned)state, levels);
    for (size_t i = 0; i < levels; i++) {
        const struct kernels_int8 *level = kernels_int8_get(all[i]);
        bool runs = level->cpu == all[i] && cpu_detect() >= all[i];
        bool good = !runs || check_level(level);

        printf("%s %zu int8 %s%s\n", good ? "ok" : "not ok", i + 1, cpu_name(all[i]),
               runs ? "" : " # SKIP not on this machine");
        ok = ok && good;
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
