/* Convolutions of the networks that kernels.py compares, beside oneDNN's, one thread each: both
 * take turns, and the median of their CPU times is printed, in microseconds. oneDNN is free to
 * choose its layouts, and what it chooses by itself ("auto"), direct or Winograd's. */
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model/kernels.h"
#include "model/kernels/winograd.h"

enum { ROUNDS = 31, CALLS = 20, PEERS = 3, ALIGNMENT = 64 };

/* in_channels, out_channels, out side, kernel side, pad */
static const size_t layers[][5] = {
    {1,  32, 24, 5, 0},
    {32, 64, 10, 3, 0},
    {64, 96, 8,  3, 0},
    {1,  32, 28, 3, 1},
    {32, 32, 28, 3, 1},
    {32, 64, 14, 3, 1},
    {64, 64, 14, 3, 1},
    {1,  6,  28, 5, 2},
    {6,  16, 10, 5, 0},
    {32, 64, 14, 5, 2},
};

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *floats(size_t count)
{
    float *x = aligned_alloc(ALIGNMENT, (count * sizeof(*x) / ALIGNMENT + 1) * ALIGNMENT);

    if (!x)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < count; i++)
        x[i] = i % 3 ? 0.01F * (float)(i % 101) : 0;
    return x;
}

/* Whatever has to be freed is left to the end of the program. */
struct ours {
    const struct kernels *k;
    struct kernels_conv c;
    float *packed, *bias, *in, *work, *out;
};

static void prepare_ours(struct ours *o, const size_t *layer)
{
    size_t pixel = layer[0] == 1 ? 1 : KERNELS_ROUND(layer[0]);
    size_t row = (layer[2] + layer[3] + WINOGRAD_SIDE) * pixel;
    float *weights = floats(layer[0] * layer[1] * layer[3] * layer[3]);
    float *transformed = floats(layer[0] * layer[1] * WINOGRAD_TRANSFORMED);

    o->k = kernels_get(cpu_detect());
    o->c = (struct kernels_conv){
        .in_channels = layer[0],
        .in_pixel = pixel,
        .in_row = row,
        .out_channels = layer[1],
        .out_pixel = KERNELS_ROUND(layer[1]),
        .out_row = layer[2] * KERNELS_ROUND(layer[1]),
        .out_height = layer[2],
        .out_width = layer[2],
        .kernel_height = layer[3],
        .kernel_width = layer[3],
        .stride_y = 1,
        .stride_x = 1,
        .dilation_y = 1,
        .dilation_x = 1,
        .groups = 1,
        .relu = true,
    };
    o->bias = floats(o->c.out_pixel);
    o->in = floats((layer[2] + layer[3] + WINOGRAD_SIDE) * row);
    o->out = floats(layer[2] * o->c.out_row);
    if (o->k->winograd_pays(&o->c)) {
        winograd_transform(weights, layer[3], layer[1], layer[0], transformed);
        o->packed = floats(o->k->winograd_packed(&o->c));
        o->work = floats(o->k->winograd_work(&o->c));
        o->k->winograd_pack(&o->c, transformed, o->packed);
    } else {
        o->packed = floats(o->k->conv_packed(&o->c));
        o->k->conv_pack(&o->c, weights, o->packed);
    }
}

static void run_ours(const struct ours *o)
{
    if (o->work)
        o->k->winograd(&o->c, o->packed, o->bias, o->in, o->work, o->out);
    else
        o->k->conv(&o->c, o->packed, o->bias, o->in, o->out);
}

struct theirs {
    dnnl_stream_t stream;
    dnnl_primitive_t primitive; /* NULL: oneDNN has none */
    dnnl_exec_arg_t arguments[4];
};

static dnnl_primitive_attr_t relu_behind(void)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t behind = NULL;

    dnnl_primitive_attr_create(&attributes);
    dnnl_post_ops_create(&behind);
    dnnl_post_ops_append_eltwise(behind, 1, dnnl_eltwise_relu, 0, 0);
    dnnl_primitive_attr_set_post_ops(attributes, behind);
    return attributes;
}

static void prepare_theirs(struct theirs *t, dnnl_engine_t engine, dnnl_alg_kind_t algorithm,
                           const size_t *layer)
{
    static const int names[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST};
    static const dnnl_query_t queries[] = {dnnl_query_src_md, dnnl_query_weights_md,
                                           dnnl_query_weights_md, dnnl_query_dst_md};
    const dnnl_dim_t in = (dnnl_dim_t)layer[0], out = (dnnl_dim_t)layer[1];
    const dnnl_dim_t side = (dnnl_dim_t)layer[2], kernel = (dnnl_dim_t)layer[3];
    const dnnl_dim_t pad = (dnnl_dim_t)layer[4], from = side + kernel - 1 - 2 * pad;
    const dnnl_dims_t dims[] = {
        {1,   in,  from,   from  },
        {out, in,  kernel, kernel},
        {out, 0,   0,      0     },
        {1,   out, side,   side  }
    };
    const dnnl_dims_t strides = {1, 1}, pads = {pad, pad};
    dnnl_memory_desc_t shapes[4];
    dnnl_convolution_desc_t convolution;
    dnnl_primitive_desc_t description = NULL;

    *t = (struct theirs){0};
    for (size_t i = 0; i < 4; i++)
        dnnl_memory_desc_init_by_tag(&shapes[i], i == 2 ? 1 : 4, dims[i], dnnl_f32,
                                     i == 2 ? dnnl_a : dnnl_format_tag_any);
    dnnl_convolution_forward_desc_init(&convolution, dnnl_forward_inference, algorithm,
                                       &shapes[0], &shapes[1], &shapes[2], &shapes[3], strides,
                                       pads, pads);
    if (dnnl_primitive_desc_create(&description, &convolution, relu_behind(), engine, NULL))
        return;
    dnnl_primitive_create(&t->primitive, description);
    dnnl_stream_create(&t->stream, engine, dnnl_stream_default_flags);
    for (size_t i = 0; i < 4; i++) {
        t->arguments[i].arg = names[i];
        dnnl_memory_create(&t->arguments[i].memory,
                           dnnl_primitive_desc_query_md(description, queries[i], i == 2),
                           engine, DNNL_MEMORY_ALLOCATE);
    }
}

static void run_theirs(const struct theirs *t)
{
    dnnl_primitive_execute(t->primitive, t->stream, 4, t->arguments);
    dnnl_stream_wait(t->stream);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void compare_layer(dnnl_engine_t engine, const size_t *layer)
{
    static const dnnl_alg_kind_t algorithms[PEERS] = {
        dnnl_convolution_direct, dnnl_convolution_winograd, dnnl_convolution_auto};
    double times[1 + PEERS][ROUNDS] = {{0}};
    struct ours ours = {0};
    struct theirs theirs[PEERS];

    prepare_ours(&ours, layer);
    for (size_t p = 0; p < PEERS; p++)
        prepare_theirs(&theirs[p], engine, algorithms[p], layer);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t p = 0; p <= PEERS; p++) {
            double start = now();

            for (size_t i = 0; i < CALLS; i++)
                if (p == PEERS)
                    run_ours(&ours);
                else if (theirs[p].primitive)
                    run_theirs(&theirs[p]);
            times[p][round] = (now() - start) * 1e6 / CALLS;
        }
    printf("%zux%zu %2zu -> %2zux%2zux%2zu", layer[3], layer[3], layer[0], layer[2], layer[2],
           layer[1]);
    for (size_t p = 0; p <= PEERS; p++) {
        qsort(times[p], ROUNDS, sizeof(double), compare);
        if (p == PEERS || theirs[p].primitive)
            printf("  %8.2f", times[p][ROUNDS / 2]);
        else
            printf("  %8s", "-");
    }
    printf("  %s\n", ours.work ? "winograd" : "conv");
}

int main(void)
{
    const dnnl_version_t *version = dnnl_version();
    dnnl_engine_t engine = NULL;

    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success)
        return EXIT_FAILURE;
    printf("oneDNN %d.%d.%d: direct, Winograd's, auto; then digitd, %s\n", version->major,
           version->minor, version->patch, cpu_name(kernels_get(cpu_detect())->cpu));
    for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
        compare_layer(engine, layers[i]);
    return EXIT_SUCCESS;
}
