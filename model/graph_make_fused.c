#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* What ONNX Runtime writes when it saves a graph that it has optimised: Conv or Gemm and what
 * was behind it, in one node. */

enum { FUSED_INPUTS = 3, FUSED_SUM = 3 };

static const struct {
    const char *name;
    enum kernels_function function;
} functions[] = {
    {"Clip",        KERNELS_CLIP        },
    {"HardSigmoid", KERNELS_HARD_SIGMOID},
    {"LeakyRelu",   KERNELS_LEAKY_RELU  },
    {"Sigmoid",     KERNELS_SIGMOID     },
    {"Tanh",        KERNELS_TANH        },
};

/* Its figures: FusedConv has them in a list, FusedGemm apart. */
static void read_figures(const struct onnx_node *n, float ret[2])
{
    const struct onnx_attribute *list = graph_attribute(n, "activation_params");

    ret[0] = graph_float(n, "activation_alpha", 0);
    ret[1] = graph_float(n, "activation_beta", 0);
    for (size_t i = 0; list && i < list->n && i < 2; i++)
        ret[i] = list->floats[i];
}

/* What is named is done to `s`, and is the node's result. */
static int activate(struct graph_builder *b, const struct onnx_node *n, const char *name,
                    const struct graph_symbol *s, struct error *err)
{
    struct graph_symbol result = *s;
    struct graph_node *node = NULL;
    float figures[2] = {0};
    size_t i = 0;
    int r = 0;

    if (!*name)
        return graph_bind(b, n, result, err);
    if (strcmp(name, "Relu") == 0 && !s->constant)
        return graph_add(b, n, GRAPH_RELU, s->value, &b->graph->values[s->value].shape, &node,
                         err);
    while (i < sizeof(functions) / sizeof(functions[0]) && strcmp(functions[i].name, name) != 0)
        i++;
    if (i == sizeof(functions) / sizeof(functions[0]))
        return graph_refuse(n, err, -ENOTSUP, "attribute 'activation' is '%.24s'", name);
    read_figures(n, figures);
    r = graph_apply(b, n,
                    &(struct kernels_activation){functions[i].function, figures[0], figures[1]},
                    s, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* The node without what is behind it, under a name that no file has. */
static int make_inner(struct graph_builder *b, const struct onnx_node *n,
                      struct graph_symbol *ret, struct error *err)
{
    bool conv = strcmp(n->op, "FusedConv") == 0;
    struct onnx_node inner = *n;
    char **outputs = arena_alloc(&b->graph->arena, 1, sizeof(*outputs));
    int r = 0;

    if (outputs)
        outputs[0] = arena_print(&b->graph->arena, "%s\x01inner", n->outputs[0]);
    if (!outputs || !outputs[0])
        return error_set(err, -ENOMEM, "out of memory while reading the graph");
    inner.name = *n->name ? n->name : n->outputs[0];
    inner.op = conv ? "Conv" : "Gemm";
    inner.outputs = outputs;
    inner.n_outputs = 1;
    if (inner.n_inputs > FUSED_INPUTS)
        inner.n_inputs = FUSED_INPUTS;
    r = conv ? graph_make_conv(b, &inner, err) : graph_make_gemm(b, &inner, err);
    if (r == 0)
        *ret = *graph_find(b, outputs[0]);
    return r;
}

int graph_make_fused(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct onnx_attribute *activation = graph_attribute(n, "activation");
    const struct graph_symbol *sum = graph_input(b, n, FUSED_SUM);
    struct graph_symbol addend = sum ? *sum : (struct graph_symbol){0};
    struct graph_symbol inner = {0};
    struct graph_symbol both = {0};
    int r = make_inner(b, n, &inner, err);

    if (r == 0 && sum) {
        r = graph_combine(b, n, KERNELS_ADD, &inner, &addend, &both, err);
        inner = both;
    }
    return r == 0 ? activate(b, n, activation ? activation->s : "", &inner, err) : r;
}

/* Gelu of a sum; FastGelu is its approximation, whose second input may be left out. */
int graph_make_bias_gelu(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    bool fast = strcmp(n->op, "FastGelu") == 0;
    const struct graph_symbol *bias = graph_input(b, n, 1);
    const struct graph_symbol *s = NULL;
    struct graph_symbol sum = {0};
    struct graph_symbol result = {0};
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0 && !bias && !fast)
        r = graph_refuse(n, err, -EBADMSG, "it lacks input 1");
    if (r == 0)
        sum = *s;
    if (r == 0 && bias)
        r = graph_combine(b, n, KERNELS_ADD, s, bias, &sum, err);
    if (r == 0)
        r = graph_apply(
            b, n,
            &(struct kernels_activation){.function = fast ? KERNELS_GELU_TANH : KERNELS_GELU},
            &sum, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}
