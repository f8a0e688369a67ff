#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model/peak.h"
#include "tests/kernels/check_int8.h"

/* As bench.c: the best of many short runs. */
enum { RUNS = 200, CALLS = 8 };

struct run {
    const struct kernels_int8 *k;
    struct kernels_conv c;
    struct kernels_int8_end end;
    void *direct, *winograd, *work, *out;
    uint8_t *in;
};

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double best_time(const struct run *r, bool winograd)
{
    double best = 1;

    for (size_t run = 0; run < RUNS; run++) {
        double start = now();

        for (size_t i = 0; i < CALLS; i++)
            if (winograd)
                r->k->winograd(&r->c, r->winograd, &r->end, r->in, r->work, r->out);
            else
                r->k->conv(&r->c, r->direct, &r->end, r->in, r->out);
        double time = (now() - start) / CALLS;

        best = time < best ? time : best;
    }
    return best;
}

/* In GOP/s of the direct way, for both. */
static void bench_way(const struct run *r, bool winograd, double top)
{
    const struct kernels_conv *c = &r->c;
    double time = best_time(r, winograd);
    double ops = 2.0 * (double)(c->in_channels * c->out_channels * c->kernel_height *
                                c->kernel_width * c->out_height * c->out_width);

    printf("  %7.2f us %6.1f GOP/s %3.0f %%", time * 1e6, ops / time / 1e9,
           100 * ops / time / 1e9 / top);
}

static void bench_conv(const struct kernels_int8 *k, const struct kernels_conv *c, double top)
{
    size_t n = KERNELS_ROUND(c->out_channels);
    size_t n_weights = c->out_channels * c->in_channels * c->kernel_height * c->kernel_width;
    size_t rows = (c->out_height + 3) / 4 * 4 + c->kernel_height;
    int16_t *weights = int8_allocate(n_weights * sizeof(*weights));
    int32_t *bias = int8_allocate(n * sizeof(*bias));
    float *scale = int8_allocate(n * sizeof(*scale));
    struct run r = {
        .k = k,
        .c = *c,
        .end = {.bias = bias, .scale = scale, .zero = 0, .low = 0, .high = UINT8_MAX},
        .direct = int8_allocate_aligned(k->packed(c)),
        .winograd = int8_allocate_aligned(k->winograd_packed(c)),
        .work = int8_allocate_aligned(k->winograd_work(c)),
        .in = int8_bytes(rows * c->in_row + KERNELS_INT8_BEHIND),
        .out = int8_allocate(c->out_height * c->out_row),
    };
    bool winograd = c->kernel_height == 3 && c->kernel_width == 3 && c->in_channels > 1;

    for (size_t i = 0; i < n_weights; i++)
        weights[i] = (int16_t)((int)int8_below(128) - 64);
    for (size_t i = 0; i < n; i++) {
        bias[i] = 0;
        scale[i] = 1e-4F;
    }
    k->pack(c, weights, r.direct);
    bench_way(&r, false, top);
    if (winograd) {
        k->winograd_pack(c, weights, r.winograd);
        bench_way(&r, true, top);
        r.c.pool = true;
        bench_way(&r, true, top);
        printf("  %s", k->winograd_pays(c) ? "pays" : "-");
    }
    puts("");
    free(weights);
    free(bias);
    free(scale);
    free(r.direct);
    free(r.winograd);
    free(r.work);
    free(r.in);
    free(r.out);
}

/* in_channels, out_channels, out side, kernel side: the 37-MFLOP network, the one that ships
 * and LeNet-5. */
static const size_t convs[][4] = {
    {1,  32, 28, 3},
    {32, 32, 28, 3},
    {32, 64, 14, 3},
    {64, 64, 14, 3},
    {1,  32, 24, 5},
    {32, 64, 10, 3},
    {64, 96, 8,  3},
    {6,  16, 10, 5},
};

/* in, out, images */
static const size_t denses[][3] = {
    {3136, 128, 8},
    {3136, 128, 1},
};

/* Of a picture that has a border for whole tiles. */
static struct kernels_conv shape(size_t in, size_t out, size_t height, size_t width,
                                 size_t kernel)
{
    size_t pixel = in == 1 ? 1 : KERNELS_ROUND(in);

    return (struct kernels_conv){
        .in_channels = in,
        .in_pixel = pixel,
        .in_row = ((width + 3) / 4 * 4 + kernel - 1) * pixel,
        .out_channels = out,
        .out_pixel = KERNELS_ROUND(out),
        .out_row = width * KERNELS_ROUND(out),
        .out_height = height,
        .out_width = width,
        .kernel_height = kernel,
        .kernel_width = kernel,
        .stride_y = 1,
        .stride_x = 1,
        .dilation_y = 1,
        .dilation_x = 1,
        .groups = 1,
    };
}

static void bench_level(const struct kernels_int8 *k)
{
    double top = peak_int8_gops(k->cpu);

    printf("%s: %.1f GOP/s at most; direct, by Winograd, the same halved\n", cpu_name(k->cpu),
           top);
    for (size_t i = 0; i < sizeof(convs) / sizeof(convs[0]); i++) {
        const size_t *s = convs[i];
        struct kernels_conv c = shape(s[0], s[1], s[2], s[2], s[3]);

        printf("conv %zux%zu %2zu -> %2zux%2zux%2zu", s[3], s[3], s[0], s[2], s[2], s[1]);
        bench_conv(k, &c, top);
    }
    for (size_t i = 0; i < sizeof(denses) / sizeof(denses[0]); i++) {
        const size_t *s = denses[i];
        struct kernels_conv c = shape(s[0], s[1], 1, s[2], 1);

        printf("dense %zu -> %zu, %zu images", s[0], s[1], s[2]);
        bench_conv(k, &c, top);
    }
}

void int8_bench(void)
{
    static const enum cpu_level all[] = {CPU_X86_64_V2, CPU_X86_64_V3, CPU_X86_64_V4,
                                         CPU_X86_64_VNNI, CPU_NEON};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const struct kernels_int8 *k = kernels_int8_get(all[i]);

        if (k->cpu == all[i] && cpu_detect() >= all[i])
            bench_level(k);
    }
}
