#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kernels/check.h"

static const size_t outs[] = {1, 3, 6, 10, 15, 16, 17, 31, 32, 33, 48, 64, 96, 100, 128};
static const size_t ins[] = {1, 2, 3, 4, 5, 7, 8, 9, 17, 96, 511, 512, 513, 784, 1100};

enum {
    OUTS = sizeof(outs) / sizeof(outs[0]),
    INS = sizeof(ins) / sizeof(ins[0]),
    IMAGES = 31, /* at most */
};

/* Some images are mostly zero, as pictures are; some have no zero. */
static void fill_images(float *x, const struct kernels_dense *d, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t kind = check_random(3);

        for (size_t k = 0; k < d->in; k++)
            if (kind == 0 && check_random(5) != 0)
                x[i * d->in_stride + k] = 0;
            else if (kind == 1 && x[i * d->in_stride + k] == 0)
                x[i * d->in_stride + k] = 0.5F;
    }
}

/* The same images one by one, and in two parts, must give the same bits. */
static bool batch_does_not_matter(const struct kernels *level, const struct kernels_dense *d,
                                  const float *packed, const float *bias, const float *x,
                                  size_t n, const float *got)
{
    size_t count = n * d->out_stride;
    size_t part = n / 2;
    float *again = check_floats(count);

    level->dense(d, packed, bias, x, part, again);
    level->dense(d, packed, bias, x + part * d->in_stride, n - part,
                 again + part * d->out_stride);
    bool ok = check_bits(got, again, count);

    for (size_t i = 0; i < n; i++)
        level->dense(d, packed, bias, x + i * d->in_stride, 1, again + i * d->out_stride);
    ok = ok && check_bits(got, again, count);
    free(again);
    return ok;
}

struct call {
    struct kernels_dense d;
    size_t n, n_out;
    float *weights, *bias, *x, *want, *magnitude;
};

static void expect(struct call *k)
{
    const struct kernels *reference = kernels_get(CPU_GENERIC);
    struct kernels_dense linear = k->d;
    float *weights = check_absolute(k->weights, k->d.in * k->d.out);
    float *bias = check_absolute(k->bias, k->d.out_stride);
    float *x = check_absolute(k->x, k->n * k->d.in_stride);

    linear.relu = false;
    k->magnitude = check_copy(k->want, k->n_out);
    reference->dense(&linear, weights, bias, x, k->n, k->magnitude);
    reference->dense(&k->d, k->weights, k->bias, k->x, k->n, k->want);
    free(weights);
    free(bias);
    free(x);
}

static bool level_agrees(const struct call *k, const struct kernels *level, const float *before)
{
    const struct kernels_dense *d = &k->d;
    float *got = check_copy(before, k->n_out);
    float *packed = check_floats(level->dense_packed(d));
    size_t written = k->n_out - CHECK_GUARD;

    level->dense_pack(d, k->weights, packed);
    level->dense(d, packed, k->bias, k->x, k->n, got);
    bool ok = check_sums(k->want, got, k->magnitude, written, d->in) &&
              check_bits(k->want + written, got + written, CHECK_GUARD) &&
              batch_does_not_matter(level, d, packed, k->bias, k->x, k->n, got);
    free(packed);
    free(got);
    return ok;
}

static void check_shape(const struct kernels_dense *d, size_t n)
{
    struct call k = {
        .d = *d,
        .n = n,
        .n_out = n * d->out_stride + CHECK_GUARD,
        .weights = check_floats(d->in * d->out),
        .bias = check_floats(d->out_stride),
        .x = check_floats(n * d->in_stride),
    };

    k.want = check_floats(k.n_out);
    for (size_t o = d->out; o < d->out_stride; o++)
        k.bias[o] = 0;
    fill_images(k.x, d, n);
    float *before = check_copy(k.want, k.n_out);

    expect(&k);
    for (size_t i = 0; i < check_n_levels; i++)
        if (!level_agrees(&k, check_levels[i], before)) {
            printf("# dense %s: in %zu, out %zu, images %zu, relu %d\n",
                   cpu_name(check_levels[i]->cpu), d->in, d->out, n, d->relu);
            check_failed[i] = true;
        }
    free(before);
    free(k.weights);
    free(k.bias);
    free(k.x);
    free(k.want);
    free(k.magnitude);
}

void check_dense(void)
{
    for (size_t o = 0; o < OUTS; o++)
        for (size_t i = 0; i < INS; i++) {
            struct kernels_dense d = {
                .in = ins[i],
                .in_stride = ins[i] + check_random(3),
                .out = outs[o],
                .out_stride = KERNELS_ROUND(outs[o]) + KERNELS_LANES * check_random(2),
                .relu = check_random(2),
            };

            check_shape(&d, check_random(IMAGES) + 1);
        }
}
