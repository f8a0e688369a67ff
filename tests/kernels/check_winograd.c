#include <stdio.h>
#include <stdlib.h>

#include "model/kernels/winograd.h"
#include "tests/kernels/check.h"

/* Against the plain convolution: three roundings that direct sums do not have, of values that
 * are up to so many times larger than what comes out. */
enum { GROWTH = 30 };

static const size_t outs[] = {1, 3, 6, 15, 16, 17, 32, 33, 48, 64, 96, 100};
static const size_t ins[] = {2, 3, 5, 6, 15, 16, 17, 31, 32, 48, 64};
static const size_t sides[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16, 28};

enum {
    OUTS = sizeof(outs) / sizeof(outs[0]),
    INS = sizeof(ins) / sizeof(ins[0]),
    SIDES = sizeof(sides) / sizeof(sides[0]),
    SHAPES = 66, /* 15 sides, 12 and 11 channels: never the same three in step */
};

struct call {
    struct kernels_conv c;
    size_t n_weights, n_in, n_out;
    float *weights, *transformed, *bias, *in;
    float *want, *magnitude; /* of the plain convolution */
};

/* Inputs that whole tiles for n outputs look at. */
static size_t whole(size_t n, size_t kernel)
{
    size_t tile = winograd_tile(kernel);

    return (n + tile - 1) / tile * tile + kernel - 1;
}

static void print_shape(const struct kernels_conv *c, const char *level)
{
    printf("# winograd %s: kernel %zu, in %zu (row %zu), out %zux%zux%zu (row %zu), relu %d, "
           "pool %d\n",
           level, c->kernel_height, c->in_channels, c->in_row, c->out_height, c->out_width,
           c->out_channels, c->out_row, c->relu, c->pool);
}

/* Of one size: a tile mixes all its inputs, and what is tiny drowns in what is not. */
static float *units(size_t count)
{
    float *x = check_floats(count);

    for (size_t i = 0; i < count; i++)
        x[i] = check_random(4) == 0 ? 0 : ((float)check_random(2001) - 1000) / 1000;
    return x;
}

/* Zeros where the contract wants them: behind the channels, and behind what outputs use. */
static void clear_padding(struct call *k)
{
    const struct kernels_conv *c = &k->c;

    for (size_t i = 0; i < k->n_in; i++) {
        size_t at = i % c->in_row;

        if (i / c->in_row >= c->out_height + c->kernel_height - 1 ||
            at / c->in_pixel >= c->out_width + c->kernel_width - 1 ||
            at % c->in_pixel >= c->in_channels)
            k->in[i] = 0;
    }
}

static float larger(float a, float b)
{
    return b > a ? b : a;
}

/* [out_height][out_width][out_pixel] to what a halved picture holds. */
static void halve(const struct kernels_conv *c, const float *from, float *to)
{
    for (size_t y = 0; y < c->out_height / 2; y++)
        for (size_t x = 0; x < c->out_width / 2; x++)
            for (size_t i = 0; i < c->out_pixel; i++) {
                const float *at = from + (2 * y * c->out_width + 2 * x) * c->out_pixel + i;
                size_t row = c->out_width * c->out_pixel;

                to[y * c->out_row + x * c->out_pixel + i] = larger(
                    larger(at[0], at[c->out_pixel]), larger(at[row], at[row + c->out_pixel]));
            }
}

/* The plain convolution, without gaps, pooled if so. */
static void plain(const struct call *k, const float *weights, const float *bias,
                  const float *in, bool relu, float *to)
{
    const struct kernels *reference = kernels_get(CPU_GENERIC);
    struct kernels_conv c = k->c;
    float *out = check_floats(c.out_height * c.out_width * c.out_pixel);
    float *packed = check_floats(reference->conv_packed(&c));

    c.relu = relu;
    if (c.pool)
        c.out_row = c.out_width * c.out_pixel;
    reference->conv_pack(&c, weights, packed);
    reference->conv(&c, packed, bias, in, c.pool ? out : to);
    if (c.pool)
        halve(&k->c, out, to);
    free(out);
    free(packed);
}

static void expect(struct call *k)
{
    float *weights = check_absolute(k->weights, k->n_weights);
    float *bias = check_absolute(k->bias, k->c.out_pixel);
    float *in = check_absolute(k->in, k->n_in);

    k->magnitude = check_copy(k->want, k->n_out);
    plain(k, weights, bias, in, false, k->magnitude);
    plain(k, k->weights, k->bias, k->in, k->c.relu, k->want);
    /* A tile mixes all its inputs, so each output has the error of the largest. */
    for (size_t i = 0; i < k->n_out; i++)
        k->magnitude[0] = larger(k->magnitude[0], k->magnitude[i]);
    for (size_t i = 0; i < k->n_out; i++)
        k->magnitude[i] = k->magnitude[0];
    free(weights);
    free(bias);
    free(in);
}

static void call_prepare(struct call *k)
{
    const struct kernels_conv *c = &k->c;

    k->n_weights = c->out_channels * c->in_channels * c->kernel_height * c->kernel_width;
    k->n_in = whole(c->out_height, c->kernel_height) * c->in_row;
    k->n_out = (c->pool ? c->out_height / 2 : c->out_height) * c->out_row + CHECK_GUARD;
    k->weights = units(k->n_weights);
    k->transformed = check_floats(c->out_channels * c->in_channels * WINOGRAD_TRANSFORMED);
    winograd_transform(k->weights, c->kernel_height, c->out_channels, c->in_channels,
                       k->transformed);
    k->bias = units(c->out_pixel);
    for (size_t i = c->out_channels; i < c->out_pixel; i++)
        k->bias[i] = 0;
    k->in = units(k->n_in);
    clear_padding(k);
    k->want = check_floats(k->n_out);
}

static void call_finish(struct call *k)
{
    free(k->weights);
    free(k->transformed);
    free(k->bias);
    free(k->in);
    free(k->want);
    free(k->magnitude);
}

static float *run(const struct call *k, const struct kernels *level, const float *before)
{
    float *got = check_copy(before, k->n_out);
    float *packed = check_floats(level->winograd_packed(&k->c));
    float *work = check_floats(level->winograd_work(&k->c));

    level->winograd_pack(&k->c, k->transformed, packed);
    level->winograd(&k->c, packed, k->bias, k->in, work, got);
    free(packed);
    free(work);
    return got;
}

static bool agrees(const struct call *k, const float *got)
{
    size_t written = k->n_out - CHECK_GUARD;
    size_t terms = k->n_weights / k->c.out_channels + GROWTH;

    return check_sums(k->want, got, k->magnitude, written, terms) &&
           check_bits(k->want + written, got + written, CHECK_GUARD);
}

static void check_shape(const struct kernels_conv *c)
{
    struct call k = {.c = *c};

    call_prepare(&k);
    float *before = check_copy(k.want, k.n_out);

    expect(&k);
    for (size_t i = 0; i <= check_n_levels; i++) {
        bool last = i == check_n_levels;
        const struct kernels *level = last ? kernels_get(CPU_GENERIC) : check_levels[i];
        float *got = run(&k, level, before);

        if (!agrees(&k, got)) {
            print_shape(c, cpu_name(level->cpu));
            check_failed[last ? 0 : i] = true;
        }
        free(got);
    }
    free(before);
    call_finish(&k);
}

void check_winograd(void)
{
    for (size_t i = 0; i < SHAPES; i++) {
        size_t kernel = check_random(3) ? 3 : 5;
        struct kernels_conv c = {
            .in_channels = ins[i % INS],
            .out_channels = outs[i % OUTS],
            .out_pixel = KERNELS_ROUND(outs[i % OUTS]),
            .out_height = sides[check_random(SIDES)],
            .out_width = sides[i % SIDES],
            .kernel_height = kernel,
            .kernel_width = kernel,
            .stride_y = 1,
            .stride_x = 1,
            .dilation_y = 1,
            .dilation_x = 1,
            .groups = 1,
            .relu = check_random(2),
        };

        c.pool = c.out_height > 1 && c.out_width > 1 && check_random(2);
        c.in_pixel = KERNELS_ROUND(c.in_channels);
        c.in_row = whole(c.out_width, kernel) * c.in_pixel + check_random(4);
        c.out_row = (c.pool ? c.out_width / 2 : c.out_width) * c.out_pixel;
        c.out_row += check_random(4);
        check_shape(&c);
    }
}
