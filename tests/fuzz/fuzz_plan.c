#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/cpu.h"
#include "model/error.h"
#include "model/graph.h"
#include "model/onnx.h"
#include "model/plan.h"
#include "tests/fuzz/fuzz.h"

/* Bytes that say which layers a network has: it is either refused for a reason, or gives the
 * same with any level of kernels, and the same bits in any company. */

enum {
    LAYERS_MAX = 12,
    NODES_MAX = 3 * LAYERS_MAX + 8,
    TENSORS_MAX = 4 * NODES_MAX,
    INTS_MAX = 8,
    CHANNELS_MAX = 48,
    BATCH = 19, /* more than twelve and than sixteen at a time */
    APART = 9,  /* pictures that are also looked at alone */
    POOL_MAX = 1 << 20,
};

/* A network as it grows; what ONNX's shapes will be is only guessed at. */
struct net {
    const uint8_t *at;
    size_t left;
    struct onnx onnx;
    struct onnx_node nodes[NODES_MAX];
    struct onnx_attribute attributes[NODES_MAX][8];
    int64_t ints[NODES_MAX][8][INTS_MAX];
    struct onnx_tensor tensors[TENSORS_MAX];
    char names[NODES_MAX][8], constants[TENSORS_MAX][8];
    char *inputs[NODES_MAX][8], *outputs[NODES_MAX];
    char *last, *before; /* values */
    size_t channels, height, width;
    uint32_t random;
    size_t used;
    bool bytes; /* it rounds, so that kernels may differ by more than their rounding */
};

static float pool[POOL_MAX];
static struct net net;

/* 0 where there is no choice. */
static unsigned below(struct net *n, unsigned limit)
{
    unsigned byte = 0;

    if (n->left > 0) {
        byte = *n->at++;
        n->left--;
    }
    return limit > 0 ? byte % limit : 0;
}

/* From -1 to 1. */
static float noise(struct net *n)
{
    n->random = n->random * 1664525 + 1013904223;
    return (float)(n->random >> 8) / (float)(1 << 23) - 1;
}

/* A constant of `count` numbers, `around` and at most `spread` away from it. */
static char *constant(struct net *n, size_t rank, const size_t *dims, float around,
                      float spread)
{
    struct onnx_tensor *t = &n->tensors[n->onnx.n_initializers];
    float *data = pool + n->used;

    *t = (struct onnx_tensor){.type = ONNX_FLOAT, .rank = rank, .count = 1};
    for (size_t i = 0; i < rank; i++) {
        t->dims[i] = (int64_t)dims[i];
        t->count *= dims[i];
    }
    if (n->used + t->count > POOL_MAX) {
        n->left = 0;
        return n->last;
    }
    for (size_t i = 0; i < t->count; i++)
        data[i] = around + spread * noise(n);
    n->used += (t->count + 1) / 2 * 2;
    t->data = data;
    t->name = n->constants[n->onnx.n_initializers];
    (void)snprintf(n->constants[n->onnx.n_initializers], 8, "c%zu", n->onnx.n_initializers);
    return n->constants[n->onnx.n_initializers++];
}

static struct onnx_node *add(struct net *n, const char *op, char *second, char *third)
{
    size_t i = n->onnx.n_nodes++;
    struct onnx_node *node = &n->nodes[i];

    (void)snprintf(n->names[i], 8, "v%zu", i);
    n->inputs[i][0] = n->last;
    n->inputs[i][1] = second;
    n->inputs[i][2] = third;
    n->outputs[i] = n->names[i];
    *node = (struct onnx_node){.name = n->names[i],
                               .op = op,
                               .domain = "",
                               .inputs = n->inputs[i],
                               .outputs = &n->outputs[i],
                               .n_inputs = third    ? 3
                                           : second ? 2
                                                    : 1,
                               .n_outputs = 1,
                               .attributes = n->attributes[i]};
    n->before = n->last;
    n->last = n->names[i];
    return node;
}

static void set_ints(struct net *n, struct onnx_node *node, const char *name, size_t count,
                     const int64_t *ints)
{
    size_t i = (size_t)(node - n->nodes);
    size_t k = node->n_attributes++;

    memcpy(n->ints[i][k], ints, count * sizeof(*ints));
    n->attributes[i][k] = (struct onnx_attribute){
        .name = name, .kind = ONNX_KIND_INTS, .ints = n->ints[i][k], .n = count};
}

static void set_int(struct net *n, struct onnx_node *node, const char *name, int64_t value)
{
    size_t i = (size_t)(node - n->nodes);

    n->attributes[i][node->n_attributes++] =
        (struct onnx_attribute){.name = name, .kind = ONNX_KIND_INT, .i = value};
}

static size_t slide(size_t size, int64_t kernel, int64_t dilation, int64_t stride, int64_t pads)
{
    int64_t room = (int64_t)size + pads - (kernel - 1) * dilation - 1;

    return room < 0 ? 1 : (size_t)(room / stride) + 1;
}

/* A window's attributes, and what it makes of the picture. */
static void set_window(struct net *n, struct onnx_node *node, const int64_t kernel[2],
                       bool pools)
{
    int64_t stride[2] = {1 + below(n, 3), 1 + below(n, 3)};
    int64_t dilation[2] = {1 + below(n, 8) / 7, 1 + below(n, 8) / 7};
    int64_t pads[4];

    if (below(n, 2) == 0)
        stride[0] = stride[1] = 1;
    for (int i = 0; i < 4; i++)
        pads[i] = below(n, (unsigned)(pools ? kernel[i % 2] : kernel[i % 2] + 1));
    set_ints(n, node, "kernel_shape", 2, kernel);
    set_ints(n, node, "strides", 2, stride);
    set_ints(n, node, "pads", 4, pads);
    if (!pools)
        set_ints(n, node, "dilations", 2, dilation);
    n->height =
        slide(n->height, kernel[0], pools ? 1 : dilation[0], stride[0], pads[0] + pads[2]);
    n->width =
        slide(n->width, kernel[1], pools ? 1 : dilation[1], stride[1], pads[1] + pads[3]);
}

static void add_conv(struct net *n)
{
    int64_t kernel[2] = {1 + below(n, 7), 1 + below(n, 7)};
    size_t groups = below(n, 4) == 0                           ? n->channels
                    : below(n, 4) == 0 && n->channels % 2 == 0 ? 2
                                                               : 1;
    size_t out = groups * (1 + below(n, (unsigned)(CHANNELS_MAX / groups)));
    size_t in = n->channels / groups;
    float spread = 1.7F / sqrtf((float)in * (float)(kernel[0] * kernel[1]));

    if (below(n, 2) == 0)
        kernel[1] = kernel[0];
    if (below(n, 2) == 0)
        kernel[0] = kernel[1] = 3;
    char *weights = constant(
        n, 4, (const size_t[]){out, in, (size_t)kernel[0], (size_t)kernel[1]}, 0, spread);
    char *bias = constant(n, 1, &out, 0, 0.1F);
    struct onnx_node *node = add(n, "Conv", weights, bias);

    set_int(n, node, "group", (int64_t)groups);
    set_window(n, node, kernel, false);
    n->channels = out;
}

static void add_pool(struct net *n, const char *op)
{
    int64_t kernel[2] = {1 + below(n, 4), 1 + below(n, 4)};
    struct onnx_node *node = NULL;

    if (below(n, 2) == 0)
        kernel[0] = kernel[1] = 2;
    node = add(n, op, NULL, NULL);
    set_window(n, node, kernel, true);
    set_int(n, node, "ceil_mode", below(n, 4) == 0);
    if (*op == 'A')
        set_int(n, node, "count_include_pad", below(n, 2));
}

static void add_norm(struct net *n)
{
    char *scale = constant(n, 1, &n->channels, 1, 0.3F);
    char *shift = constant(n, 1, &n->channels, 0, 0.3F);
    struct onnx_node *node = add(n, "BatchNormalization", scale, shift);
    char **inputs = n->inputs[n->onnx.n_nodes - 1];

    inputs[3] = constant(n, 1, &n->channels, 0, 0.3F);
    inputs[4] = constant(n, 1, &n->channels, 1, 0.3F);
    node->n_inputs = 5;
}

/* To bytes and back. */
static void add_bytes(struct net *n)
{
    char *scale = constant(n, 0, NULL, 0.02F, 0);

    add(n, "QuantizeLinear", scale, NULL);
    add(n, "DequantizeLinear", scale, NULL);
    n->bytes = true;
}

static void add_dense(struct net *n)
{
    size_t in = n->channels * n->height * n->width;
    size_t out = 1 + below(n, 60);

    add(n, "Flatten", NULL, NULL);
    char *weights = constant(n, 2, (const size_t[]){in, out}, 0, 1.7F / sqrtf((float)in));
    char *bias = constant(n, 1, &out, 0, 0.1F);

    add(n, "Gemm", weights, bias);
    if (below(n, 2) == 0)
        add(n, "Relu", NULL, NULL);
    n->channels = out;
    n->height = n->width = 1;
    set_ints(n, add(n, "Unsqueeze", NULL, NULL), "axes", 2, (const int64_t[]){2, 3});
}

static void add_layer(struct net *n)
{
    static const char *const functions[] = {"Relu", "Sigmoid", "Tanh", "LeakyRelu", "Softplus"};
    const size_t of_channel[] = {n->channels, 1, 1};
    unsigned what = below(n, 12);

    if (what < 3)
        add_conv(n);
    else if (what < 5)
        add_pool(n, what == 3 ? "MaxPool" : "AveragePool");
    else if (what < 7)
        add(n, functions[below(n, 5)], NULL, NULL);
    else if (what == 7)
        add_norm(n);
    else if (what == 8)
        add(n, "Add", n->before, NULL);
    else if (what == 9)
        add_bytes(n);
    else if (what == 10)
        add(n, "Mul", constant(n, 3, of_channel, 1, 0.5F), NULL);
    else
        add_dense(n);
}

/* Whatever there is, to ten numbers. */
static void add_end(struct net *n)
{
    static const size_t ten = 10;

    add(n, "Flatten", NULL, NULL);
    set_ints(n, add(n, "ReduceMean", NULL, NULL), "axes", 1, (const int64_t[]){1});
    add(n, "Add", constant(n, 1, &ten, 0, 1), NULL);
}

static void read_net(struct net *n, const uint8_t *data, size_t size)
{
    static struct onnx_value input = {
        .name = "x",
        .type = ONNX_FLOAT,
        .shaped = true,
        .rank = 4,
        .dims = {-1, 1, MODEL_SIDE, MODEL_SIDE}
    };
    static struct onnx_value output;
    static char x[] = "x";

    *n = (struct net){.at = data, .left = size, .last = x, .before = x};
    n->channels = 1;
    n->height = n->width = MODEL_SIDE;
    n->random = below(n, 256);
    for (int i = 0; i < LAYERS_MAX && n->left > 0; i++)
        add_layer(n);
    add_end(n);
    output = (struct onnx_value){.name = n->last, .type = ONNX_FLOAT};
    n->onnx.opset = 11;
    n->onnx.producer_name = n->onnx.producer_version = "";
    n->onnx.nodes = n->nodes;
    n->onnx.initializers = n->tensors;
    n->onnx.inputs = &input;
    n->onnx.outputs = &output;
    n->onnx.n_inputs = n->onnx.n_outputs = 1;
    n->onnx.input_factor = 1;
}

static void *scratch_for(const struct plan *p)
{
    void *scratch = aligned_alloc(64, (plan_scratch(p) + 63) / 64 * 64);

    if (!scratch)
        abort();
    memset(scratch, 0xff, plan_scratch(p)); /* NaN is what would show */
    return scratch;
}

/* The logits of a few pictures, one by one. */
static void run_alone(const struct plan *p, const float *images, float *logits)
{
    void *scratch = scratch_for(p);

    for (size_t i = 0; i < BATCH; i += APART)
        plan_run(p, images + i * MODEL_INPUT, 1, scratch, logits + i * MODEL_CLASSES);
    free(scratch);
}

/* All together; those few are to be the same to the bit. */
static void run(const struct plan *p, const float *images, float *logits)
{
    static float alone[BATCH * MODEL_CLASSES];
    void *scratch = scratch_for(p);

    plan_run(p, images, BATCH, scratch, logits);
    run_alone(p, images, alone);
    for (size_t i = 0; i < BATCH; i += APART)
        if (memcmp(alone + i * MODEL_CLASSES, logits + i * MODEL_CLASSES,
                   MODEL_CLASSES * sizeof(*logits)) != 0)
            abort();
    free(scratch);
}

static void compare(const float *got, const float *want, bool bytes)
{
    for (size_t i = 0; i < BATCH * MODEL_CLASSES && !bytes; i++)
        if (i / MODEL_CLASSES % APART == 0 &&
            !(fabsf(got[i] - want[i]) <= 1e-3F * fmaxf(1, fabsf(want[i]))))
            abort();
}

/* Plain C, and one of the others. */
static void check(const struct graph *g, unsigned which, bool bytes)
{
    static float images[BATCH * MODEL_INPUT], want[BATCH * MODEL_CLASSES],
        got[BATCH * MODEL_CLASSES];
    enum cpu_level level = (enum cpu_level)(CPU_X86_64_V2 + which % CPU_NEON);
    struct net seed = {.random = 7};
    struct error err = {0};
    struct plan *plain = NULL, *p = NULL;

    if (cpu_parse(cpu_name(level), &level, NULL) < 0)
        level = cpu_detect();
    for (size_t i = 0; i < BATCH * MODEL_INPUT; i++)
        images[i] = fmaxf(0, noise(&seed));
    if (plan_build(g, CPU_GENERIC, &plain, &err) == 0 && plan_build(g, level, &p, &err) == 0) {
        run_alone(plain, images, want); /* which is slow */
        run(p, images, got);
        compare(got, want, bytes);
    }
    plan_destroy(plain);
    plan_destroy(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct graph *g = NULL;

    read_net(&net, data, size);
    int r = graph_build(&net.onnx, &g, &err);

    if (r == 0)
        r = graph_fuse(g, &err);
    if (r < 0 &&
        (err.code != r || !*err.text || (r != -ENOTSUP && r != -EBADMSG && r != -ENOMEM)))
        abort();
    if (r == 0)
        check(g, size > 0 ? data[0] : 0, net.bytes);
    graph_destroy(g);
    return 0;
}
