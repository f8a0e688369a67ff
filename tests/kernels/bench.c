#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model/kernels/winograd.h"
#include "model/peak.h"
#include "tests/kernels/check.h"

/* The best of many short runs: other programs on the machine only ever add time. */
enum { RUNS = 30 };
static const double RUN_S = 0.002;

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of one call. */
static double best_time(void (*call)(const void *), const void *argument)
{
    double best = 1e9;
    size_t calls = 1;

    for (size_t run = 0; run < RUNS; run++) {
        double start = now();

        for (size_t i = 0; i < calls; i++)
            call(argument);
        double time = now() - start;

        if (time / (double)calls < best)
            best = time / (double)calls;
        if (time < RUN_S)
            calls *= 2;
    }
    return best;
}

static void print_rate(double flops, double seconds, double top)
{
    printf("  %7.2f us %6.1f GF/s %3.0f %%", seconds * 1e6, flops / seconds / 1e9,
           100 * flops / seconds / 1e9 / top);
}

struct conv_call {
    const struct kernels *k;
    struct kernels_conv c;
    float *packed, *bias, *in, *out;
};

static void run_conv(const void *argument)
{
    const struct conv_call *call = argument;

    call->k->conv(&call->c, call->packed, call->bias, call->in, call->out);
}

static void bench_conv(const struct kernels *k, const struct kernels_conv *c, double top)
{
    struct conv_call call = {.k = k, .c = *c};
    size_t in_height = c->out_height + c->kernel_height - 1;
    size_t n_weights = c->in_channels * c->out_channels * c->kernel_height * c->kernel_width;
    float *weights = check_floats(n_weights);

    call.packed = check_floats(k->conv_packed(c));
    call.bias = check_floats(c->out_pixel);
    call.in = check_floats(in_height * c->in_row);
    call.out = check_floats(c->out_height * c->out_row);
    k->conv_pack(c, weights, call.packed);
    print_rate(2.0 * (double)(n_weights * c->out_height * c->out_width),
               best_time(run_conv, &call), top);
    free(weights);
    free(call.packed);
    free(call.bias);
    free(call.in);
    free(call.out);
}

struct winograd_call {
    const struct kernels *k;
    struct kernels_conv c;
    float *packed, *bias, *in, *work, *out;
};

static void run_winograd(const void *argument)
{
    const struct winograd_call *call = argument;

    call->k->winograd(&call->c, call->packed, call->bias, call->in, call->work, call->out);
}

/* In GFLOP/s of the convolution that it saves: more than the processor can do. */
static void bench_winograd(const struct kernels *k, const struct kernels_conv *c, double top)
{
    struct winograd_call call = {.k = k, .c = *c};
    size_t tile = winograd_tile(c->kernel_height);
    size_t side = (c->out_height + tile - 1) / tile * tile + c->kernel_height - 1;
    size_t n_weights = c->in_channels * c->out_channels * c->kernel_height * c->kernel_width;
    float *weights = check_floats(n_weights);
    float *transformed = check_floats(c->in_channels * c->out_channels * WINOGRAD_TRANSFORMED);

    call.c.in_row = side * c->in_pixel;
    call.packed = check_floats(k->winograd_packed(c));
    call.bias = check_floats(c->out_pixel);
    call.in = check_floats(side * call.c.in_row);
    call.work = check_floats(k->winograd_work(c));
    call.out = check_floats(c->out_height * c->out_row);
    winograd_transform(weights, c->kernel_height, c->out_channels, c->in_channels, transformed);
    k->winograd_pack(c, transformed, call.packed);
    print_rate(2.0 * (double)(n_weights * c->out_height * c->out_width),
               best_time(run_winograd, &call), top);
    free(weights);
    free(transformed);
    free(call.packed);
    free(call.bias);
    free(call.in);
    free(call.work);
    free(call.out);
}

struct dense_call {
    const struct kernels *k;
    struct kernels_dense d;
    size_t n;
    float *packed, *bias, *x, *y;
};

static void run_dense(const void *argument)
{
    const struct dense_call *call = argument;

    call->k->dense(&call->d, call->packed, call->bias, call->x, call->n, call->y);
}

static void bench_dense(const struct kernels *k, const struct kernels_dense *d, size_t n,
                        size_t percent, double top)
{
    struct dense_call call = {.k = k, .d = *d, .n = n};
    float *weights = check_floats(d->in * d->out);

    call.packed = check_floats(k->dense_packed(d));
    call.bias = check_floats(d->out_stride);
    call.x = check_floats(n * d->in_stride);
    call.y = check_floats(n * d->out_stride);
    for (size_t i = 0; i < n * d->in_stride; i++)
        call.x[i] = check_random(100) < percent ? 0.5F : 0;
    k->dense_pack(d, weights, call.packed);
    print_rate(2.0 * (double)(n * d->in * d->out), best_time(run_dense, &call), top);
    free(weights);
    free(call.packed);
    free(call.bias);
    free(call.x);
    free(call.y);
}

/* in_channels, out_channels, out side, kernel side: the network that ships, then the 37-MFLOP
 * network and LeNet-5, which others are measured with. */
static const size_t convs[][4] = {
    {1,  32,  24, 5},
    {32, 64,  10, 3},
    {64, 96,  8,  3},
    {96, 128, 1,  4},
    {1,  32,  28, 3},
    {32, 32,  28, 3},
    {32, 64,  14, 3},
    {64, 64,  14, 3},
    {1,  6,   28, 5},
    {6,  16,  10, 5},
    {32, 64,  14, 5},
};

/* in, out, images, percent of the inputs that are not zero */
static const size_t denses[][4] = {
    {128,  10,  1,  100},
    {784,  128, 1,  100},
    {784,  128, 1,  19 },
    {784,  128, 8,  19 },
    {784,  128, 8,  100},
    {784,  128, 32, 100},
    {3136, 128, 1,  50 },
    {3136, 128, 8,  50 },
};

static void bench_convs(const double *tops)
{
    for (size_t i = 0; i < sizeof(convs) / sizeof(convs[0]); i++) {
        const size_t *s = convs[i];
        size_t pixel = s[0] == 1 ? 1 : KERNELS_ROUND(s[0]);
        struct kernels_conv c = {
            .in_channels = s[0],
            .in_pixel = pixel,
            .in_row = (s[2] + s[3] - 1) * pixel,
            .out_channels = s[1],
            .out_pixel = KERNELS_ROUND(s[1]),
            .out_row = s[2] * KERNELS_ROUND(s[1]),
            .out_height = s[2],
            .out_width = s[2],
            .kernel_height = s[3],
            .kernel_width = s[3],
            .stride_y = 1,
            .stride_x = 1,
            .dilation_y = 1,
            .dilation_x = 1,
            .groups = 1,
            .relu = true,
        };

        printf("conv %zux%zu %2zu -> %2zux%2zux%3zu", s[3], s[3], s[0], s[2], s[2], s[1]);
        for (size_t k = 0; k < check_n_levels; k++)
            bench_conv(check_levels[k], &c, tops[k]);
        puts("");
        if (s[0] == 1 && s[1] < 16) {
            c.pool = true;
            printf("  halved             ");
            for (size_t k = 0; k < check_n_levels; k++)
                bench_conv(check_levels[k], &c, tops[k]);
            puts("");
        }
        if (s[3] == 4 || s[0] == 1)
            continue;
        for (int pool = 0; pool < 2; pool++) {
            c.pool = pool;
            printf("  by Winograd%s", pool ? ", halved " : "         ");
            for (size_t k = 0; k < check_n_levels; k++)
                bench_winograd(check_levels[k], &c, tops[k]);
            puts("");
        }
    }
}

static void bench_denses(const double *tops)
{
    for (size_t i = 0; i < sizeof(denses) / sizeof(denses[0]); i++) {
        const size_t *s = denses[i];
        struct kernels_dense d = {
            .in = s[0],
            .in_stride = s[0],
            .out = s[1],
            .out_stride = KERNELS_ROUND(s[1]),
        };

        printf("dense %4zu -> %3zu, %2zu images, %3zu %%", s[0], s[1], s[2], s[3]);
        for (size_t k = 0; k < check_n_levels; k++)
            bench_dense(check_levels[k], &d, s[2], s[3], tops[k]);
        puts("");
    }
}

struct pool_call {
    const struct kernels *k;
    struct kernels_pool p;
    float *in, *out;
};

static void run_pool(const void *argument)
{
    const struct pool_call *call = argument;

    call->k->max_pool(&call->p, call->in, call->out);
}

/* The pool behind the first layer: how long it takes, as nothing is multiplied. */
static void bench_pool(void)
{
    const struct kernels_pool p = {
        .channels = 32,
        .in_pixel = 32,
        .in_row = 32 * 24,
        .out_pixel = 32,
        .out_row = 32 * 12,
        .out_height = 12,
        .out_width = 12,
        .kernel_height = 2,
        .kernel_width = 2,
        .stride_y = 2,
        .stride_x = 2,
    };

    printf("max_pool 2x2 -> 12x12x32");
    for (size_t k = 0; k < check_n_levels; k++) {
        struct pool_call call = {
            .k = check_levels[k],
            .p = p,
            .in = check_floats(24 * p.in_row),
            .out = check_floats(12 * p.out_row),
        };

        printf("  %7.2f us", best_time(run_pool, &call) * 1e6);
        free(call.in);
        free(call.out);
    }
    puts("");
}

void bench(void)
{
    double tops[8] = {0};

    for (size_t k = 0; k < check_n_levels; k++) {
        tops[k] = peak_gflops(check_levels[k]->cpu);
        printf("%s: %.1f GF/s at most\n", cpu_name(check_levels[k]->cpu), tops[k]);
    }
    bench_convs(tops);
    bench_denses(tops);
    bench_pool();
}
