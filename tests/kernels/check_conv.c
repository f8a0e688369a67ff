#include <stdio.h>
#include <stdlib.h>

#include "model/kernels/im2col.h"
#include "tests/kernels/check.h"

bool check_im2col_failed;

static const size_t outs[] = {1, 3, 6, 10, 15, 16, 17, 31, 32, 33, 48, 64, 96, 100};
static const size_t ins[] = {1, 1, 2, 3, 4, 6, 7, 15, 16, 17, 32, 48, 64, 100};
static const size_t divisors[] = {1, 1, 2, 2, 3, 4, 8, 16, 32};
static const size_t widths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 28};

enum {
    OUTS = sizeof(outs) / sizeof(outs[0]),
    INS = sizeof(ins) / sizeof(ins[0]),
    DIVISORS = sizeof(divisors) / sizeof(divisors[0]),
    WIDTHS = sizeof(widths) / sizeof(widths[0]),
};

/* Everything that one call reads, and where it writes. */
struct call {
    struct kernels_conv c;
    size_t n_weights, n_in, n_out;
    float *weights, *bias, *in, *want, *magnitude;
};

static void print_shape(const struct kernels_conv *c, const char *level)
{
    printf("# conv %s: in %zu (pixel %zu, row %zu), out %zux%zux%zu (row %zu), kernel %zux%zu, "
           "stride %zux%zu, dilation %zux%zu, groups %zu, relu %d, pool %d\n",
           level, c->in_channels, c->in_pixel, c->in_row, c->out_height, c->out_width,
           c->out_channels, c->out_row, c->kernel_height, c->kernel_width, c->stride_y,
           c->stride_x, c->dilation_y, c->dilation_x, c->groups, c->relu, c->pool);
}

/* The floats from the first that is read to the last one. */
static size_t in_len(const struct kernels_conv *c)
{
    size_t y = (c->out_height - 1) * c->stride_y + (c->kernel_height - 1) * c->dilation_y;
    size_t x = (c->out_width - 1) * c->stride_x + (c->kernel_width - 1) * c->dilation_x;

    return y * c->in_row + (x + 1) * c->in_pixel;
}

/* Channels behind the last one are zero in every input. */
static void clear_padding(const struct kernels_conv *c, float *in, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (i % c->in_row % c->in_pixel >= c->in_channels)
            in[i] = 0;
}

/* The reference's result, and the same of absolute values. */
static void expect(struct call *k)
{
    const struct kernels *reference = kernels_get(CPU_GENERIC);
    struct kernels_conv linear = k->c;
    float *packed = check_floats(reference->conv_packed(&k->c));
    float *absolute = check_absolute(k->weights, k->n_weights);
    float *bias = check_absolute(k->bias, k->c.out_pixel);
    float *in = check_absolute(k->in, k->n_in);

    linear.relu = false;
    k->magnitude = check_copy(k->want, k->n_out);
    reference->conv_pack(&linear, absolute, packed);
    reference->conv(&linear, packed, bias, in, k->magnitude);
    reference->conv_pack(&k->c, k->weights, packed);
    reference->conv(&k->c, packed, k->bias, k->in, k->want);
    free(packed);
    free(absolute);
    free(bias);
    free(in);
}

static void call_prepare(struct call *k)
{
    const struct kernels_conv *c = &k->c;

    k->n_weights =
        c->out_channels * (c->in_channels / c->groups) * c->kernel_height * c->kernel_width;
    k->n_in = in_len(c);
    k->n_out = c->out_height * c->out_row + CHECK_GUARD;
    k->weights = check_floats(k->n_weights);
    k->bias = check_floats(c->out_pixel);
    for (size_t i = c->out_channels; i < c->out_pixel; i++)
        k->bias[i] = 0;
    k->in = check_floats(k->n_in);
    clear_padding(c, k->in, k->n_in);
    k->want = check_floats(k->n_out);
}

static void call_finish(struct call *k)
{
    free(k->weights);
    free(k->bias);
    free(k->in);
    free(k->want);
    free(k->magnitude);
}

/* What was not written is the same random number in both, so it is compared too. */
static bool agrees(const struct call *k, const float *got)
{
    size_t written = k->n_out - CHECK_GUARD;

    return check_sums(k->want, got, k->magnitude, written, k->n_weights / k->c.out_channels) &&
           check_bits(k->want + written, got + written, CHECK_GUARD);
}

static bool im2col_agrees(const struct call *k, const struct blas *blas, const float *before)
{
    float *got = check_copy(before, k->n_out);
    float *packed = check_floats(im2col_packed(&k->c));
    float *scratch = check_floats(im2col_scratch(&k->c));

    im2col_pack(&k->c, k->weights, packed);
    im2col_conv(blas, &k->c, packed, k->bias, k->in, scratch, got);
    bool ok = agrees(k, got);
    free(scratch);
    free(packed);
    free(got);
    return ok;
}

static bool level_agrees(const struct call *k, const struct kernels *level, const float *before)
{
    float *got = check_copy(before, k->n_out);
    float *packed = check_floats(level->conv_packed(&k->c));

    level->conv_pack(&k->c, k->weights, packed);
    level->conv(&k->c, packed, k->bias, k->in, got);
    bool ok = agrees(k, got);
    free(packed);
    free(got);
    return ok;
}

/* The reference's result by the reference's pool, at those levels that do both at once. */
static void check_pooled(const struct call *k)
{
    const struct kernels_pool p = {
        .channels = k->c.out_channels,
        .in_pixel = k->c.out_pixel,
        .in_row = k->c.out_row,
        .out_pixel = k->c.out_pixel,
        .out_row = k->c.out_row,
        .out_height = k->c.out_height / 2,
        .out_width = k->c.out_width / 2,
        .kernel_height = 2,
        .kernel_width = 2,
        .stride_y = 2,
        .stride_x = 2,
    };
    struct call halved = *k;
    float *before = check_floats(k->n_out);

    halved.c.pool = true;
    halved.want = check_copy(before, k->n_out);
    halved.magnitude = check_copy(before, k->n_out);
    kernels_get(CPU_GENERIC)->max_pool(&p, k->want, halved.want);
    kernels_get(CPU_GENERIC)->max_pool(&p, k->magnitude, halved.magnitude);
    for (size_t i = 0; i < check_n_levels; i++)
        if (check_levels[i]->conv_pools(&halved.c) &&
            !level_agrees(&halved, check_levels[i], before)) {
            print_shape(&halved.c, cpu_name(check_levels[i]->cpu));
            check_failed[i] = true;
        }
    free(before);
    free(halved.want);
    free(halved.magnitude);
}

static void check_shape(const struct kernels_conv *c)
{
    struct call k = {.c = *c};

    call_prepare(&k);
    float *before = check_copy(k.want, k.n_out);

    expect(&k);
    for (size_t i = 0; i < check_n_levels; i++) {
        const struct kernels *level = check_levels[i];

        if (level->conv_fits(c) && !level_agrees(&k, level, before)) {
            print_shape(c, cpu_name(level->cpu));
            check_failed[i] = true;
        }
    }
    if (c->out_height > 1 && c->out_width > 1)
        check_pooled(&k);
    if (blas_get() && !im2col_agrees(&k, blas_get(), before)) {
        print_shape(c, "im2col");
        check_im2col_failed = true;
    }
    free(before);
    call_finish(&k);
}

/* Rows with a gap between them, which must be left alone. */
static void set_rows(struct kernels_conv *c)
{
    size_t width = (c->out_width - 1) * c->stride_x + (c->kernel_width - 1) * c->dilation_x + 1;

    c->in_row = width * c->in_pixel + check_random(4);
    c->out_row = c->out_width * c->out_pixel + check_random(4);
}

static void check_random_shape(size_t out, size_t width)
{
    struct kernels_conv c = {
        .in_channels = ins[check_random(INS)],
        .out_channels = out,
        .out_height = check_random(3) + 1,
        .out_width = width,
        .kernel_height = check_random(5) + 1,
        .kernel_width = check_random(5) + 1,
        .stride_y = check_random(3) + 1,
        .stride_x = check_random(3) + 1,
        .dilation_y = check_random(4) == 0 ? 2 : 1,
        .dilation_x = check_random(4) == 0 ? 2 : 1,
        .groups = 1,
        .relu = check_random(2),
    };

    size_t groups = divisors[check_random(DIVISORS)];

    if (out % groups == 0 && c.in_channels % groups == 0)
        c.groups = groups;
    else if (out % c.in_channels == 0 && check_random(2))
        c.groups = c.in_channels;
    c.in_pixel = KERNELS_ROUND(c.in_channels);
    if (c.in_channels == 1 && check_random(2))
        c.in_pixel = 1;
    c.out_pixel = KERNELS_ROUND(out);
    set_rows(&c);
    check_shape(&c);
}

/* in_channels, out_channels, out side, kernel side of networks that people train */
static const size_t usual[][4] = {
    {1,  32,  24, 5},
    {32, 64,  10, 3},
    {64, 96,  8,  3},
    {96, 128, 1,  4},
    {1,  16,  24, 5},
    {16, 32,  10, 3},
    {32, 48,  8,  3},
    {48, 96,  1,  4},
    {1,  6,   28, 5},
    {1,  1,   26, 3},
    {1,  3,   17, 5},
    {1,  8,   19, 3},
    {1,  10,  24, 5},
    {1,  12,  25, 4},
    {6,  16,  10, 5},
    {32, 64,  14, 3},
    {64, 10,  1,  1},
};

void check_conv(void)
{
    for (size_t o = 0; o < OUTS; o++)
        for (size_t w = 0; w < WIDTHS; w++)
            check_random_shape(outs[o], widths[w]);
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        struct kernels_conv c = {
            .in_channels = usual[i][0],
            .in_pixel = usual[i][0] == 1 ? 1 : KERNELS_ROUND(usual[i][0]),
            .out_channels = usual[i][1],
            .out_pixel = KERNELS_ROUND(usual[i][1]),
            .out_height = usual[i][2],
            .out_width = usual[i][2],
            .kernel_height = usual[i][3],
            .kernel_width = usual[i][3],
            .stride_y = 1,
            .stride_x = 1,
            .dilation_y = 1,
            .dilation_x = 1,
            .groups = 1,
            .relu = true,
        };

        set_rows(&c);
        check_shape(&c);
    }
}
