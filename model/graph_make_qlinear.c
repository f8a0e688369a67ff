#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_quant.h"

/* Operators on bytes, taken apart: their inputs as floats, the operator on floats, and its
 * result as bytes again. graph_fuse_bytes() puts together what can be. */

/* A node with other inputs and outputs, whose names are made up. */
enum { INNER_MAX = 16, OWN_PREFIX = sizeof("QLinear") - 1 };

struct inner {
    struct onnx_node node;
    char *inputs[INNER_MAX];
    char *outputs[1];
};

/* A name that no file can hold, since it has a control character. */
static int make_name(struct graph_builder *b, const struct onnx_node *n, const char *part,
                     char **ret, struct error *err)
{
    *ret = arena_print(&b->graph->arena, "%s\x01%s", n->outputs[0], part);
    return *ret ? 0 : error_set(err, -ENOMEM, "out of memory while reading the graph");
}

/* The next input of the inner node: one of the outer node's, as floats. */
static int take(struct graph_builder *b, const struct onnx_node *n, struct inner *in,
                const struct graph_quant_input *i, struct error *err)
{
    size_t at = in->node.n_inputs++;
    const char part[] = {(char)('a' + at), '\0'};
    int r = make_name(b, n, part, &in->inputs[at], err);

    return r == 0 ? graph_quant_dequantize(b, n, in->inputs[at], i, err) : r;
}

/* The inner node, and its result: as bytes, or if `to` is NULL, as it is. */
static int finish(struct graph_builder *b, const struct onnx_node *n, struct inner *in,
                  graph_make_fn *make, const struct graph_quant_input *to, struct error *err)
{
    struct onnx_node last = *n;
    int r = 0;

    in->node.inputs = in->inputs;
    in->node.outputs = n->outputs;
    in->node.n_outputs = 1;
    if (!to)
        return make(b, &in->node, err);
    r = make_name(b, n, "y", &in->outputs[0], err);
    in->node.outputs = in->outputs;
    if (r == 0)
        r = make(b, &in->node, err);
    if (r < 0)
        return r;
    b->graph->values[b->graph->n_values - 1].name = n->outputs[0]; /* for people */
    /* The result stands where the first input stood. */
    char *inputs[] = {in->outputs[0], n->inputs[to->scale], n->inputs[to->zero]};

    last.inputs = inputs;
    last.n_inputs = 3;
    return graph_quant_quantize(b, &last, n->outputs[0],
                                &(struct graph_quant_input){0, 1, 2, false, 0}, err);
}

static struct inner inner_of(const struct onnx_node *n)
{
    struct inner in = {.node = *n};

    in.node.n_inputs = 0;
    if (!*n->name)
        in.node.name = n->outputs[0];
    return in;
}

/* A bias of int32, whose scale is the product of the two others. */
static int take_bias(struct graph_builder *b, const struct onnx_node *n, struct inner *in,
                     size_t at, size_t x_scale, size_t w_scale, struct error *err)
{
    const struct onnx_tensor *x = NULL;
    const struct onnx_tensor *w = NULL;
    struct onnx_tensor *product = arena_alloc(&b->graph->arena, 1, sizeof(*product));
    struct onnx_node with = *n;
    char *inputs[2] = {NULL, NULL};
    float *scales = NULL;
    int r = graph_input_floats(b, n, x_scale, &x, err);

    if (r == 0)
        r = graph_input_floats(b, n, w_scale, &w, err);
    if (r < 0 || !x || !w)
        return r;
    scales = arena_alloc(&b->graph->arena, w->count, sizeof(*scales));
    if (!scales || !product)
        return error_set(err, -ENOMEM, "out of memory while reading the graph");
    for (size_t i = 0; i < w->count; i++)
        scales[i] = *(const float *)x->data * ((const float *)w->data)[i];
    *product = *w;
    product->data = scales;
    r = make_name(b, n, "s", &inputs[1], err);
    if (r == 0)
        r = graph_define(b, (struct graph_symbol){.name = inputs[1], .constant = product}, err);
    inputs[0] = n->inputs[at];
    with.inputs = inputs;
    with.n_inputs = 2;
    return r == 0
               ? take(b, &with, in, &(struct graph_quant_input){0, 1, SIZE_MAX, false, 0}, err)
               : r;
}

int graph_make_qlinear_conv(struct graph_builder *b, const struct onnx_node *n,
                            struct error *err)
{
    struct inner in = inner_of(n);
    int r = take(b, n, &in, &(struct graph_quant_input){0, 1, 2, false, 0}, err);

    in.node.op = "QLinearConv";
    if (r == 0)
        r = take(b, n, &in, &(struct graph_quant_input){3, 4, 5, false, 0}, err);
    if (r == 0 && n->n_inputs > 8 && *n->inputs[8])
        r = take_bias(b, n, &in, 8, 1, 4, err);
    return r == 0 ? finish(b, n, &in, graph_make_conv,
                           &(struct graph_quant_input){.scale = 6, .zero = 7}, err)
                  : r;
}

int graph_make_qlinear_matmul(struct graph_builder *b, const struct onnx_node *n,
                              struct error *err)
{
    struct inner in = inner_of(n);
    int r = take(b, n, &in, &(struct graph_quant_input){0, 1, 2, false, 0}, err);

    if (r == 0)
        r = take(b, n, &in, &(struct graph_quant_input){3, 4, 5, false, -1}, err);
    return r == 0 ? finish(b, n, &in, graph_make_matmul,
                           &(struct graph_quant_input){.scale = 6, .zero = 7}, err)
                  : r;
}

/* ONNX Runtime's own: add, multiply. */
int graph_make_qlinear_pair(struct graph_builder *b, const struct onnx_node *n,
                            struct error *err)
{
    struct inner in = inner_of(n);
    int r = take(b, n, &in, &(struct graph_quant_input){0, 1, 2, false, 0}, err);

    in.node.op += OWN_PREFIX; /* by which the maker tells what to do */
    if (r == 0)
        r = take(b, n, &in, &(struct graph_quant_input){3, 4, 5, false, 0}, err);
    return r == 0 ? finish(b, n, &in, graph_make_pair,
                           &(struct graph_quant_input){.scale = 6, .zero = 7}, err)
                  : r;
}

/* An operator of one input, with scale and zero point of that and of the result behind it. */
static int make_of_one(struct graph_builder *b, const struct onnx_node *n, const char *op,
                       graph_make_fn *make, struct error *err)
{
    struct inner in = inner_of(n);
    int r = take(b, n, &in, &(struct graph_quant_input){0, 1, 2, false, 0}, err);

    in.node.op = op;
    return r == 0 ? finish(b, n, &in, make, &(struct graph_quant_input){.scale = 3, .zero = 4},
                           err)
                  : r;
}

int graph_make_qlinear_average_pool(struct graph_builder *b, const struct onnx_node *n,
                                    struct error *err)
{
    return make_of_one(b, n, n->op, graph_make_average_pool, err);
}

int graph_make_qlinear_global_average_pool(struct graph_builder *b, const struct onnx_node *n,
                                           struct error *err)
{
    return make_of_one(b, n, n->op, graph_make_global_average_pool, err);
}

int graph_make_qlinear_unary(struct graph_builder *b, const struct onnx_node *n,
                             struct error *err)
{
    return make_of_one(b, n, n->op + OWN_PREFIX, graph_make_unary, err);
}

/* Its result's scale and zero point come first, then each input with its own. */
int graph_make_qlinear_concat(struct graph_builder *b, const struct onnx_node *n,
                              struct error *err)
{
    struct inner in = inner_of(n);
    int r = 0;

    if (n->n_inputs % 3 != 2 || n->n_inputs / 3 > INNER_MAX)
        r = graph_refuse(n, err, -ENOTSUP, "it has %zu inputs; digitd takes 2 and 3 to %d more",
                         n->n_inputs, 3 * INNER_MAX);
    for (size_t i = 2; r == 0 && i < n->n_inputs; i += 3)
        r = take(b, n, &in, &(struct graph_quant_input){i, i + 1, i + 2, false, 0}, err);
    return r == 0 ? finish(b, n, &in, graph_make_concat,
                           &(struct graph_quant_input){.scale = 0, .zero = 1}, err)
                  : r;
}

/* Likewise. Without a scale for the result, that is floats. */
int graph_make_qgemm(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    bool transposed = graph_int(n, "transB", 0) != 0;
    bool bytes = n->n_inputs > 7 && *n->inputs[7];
    struct inner in = inner_of(n);
    int r = take(b, n, &in, &(struct graph_quant_input){0, 1, 2, false, 0}, err);

    if (r == 0)
        r = take(b, n, &in, &(struct graph_quant_input){3, 4, 5, false, transposed ? 0 : 1},
                 err);
    if (r == 0 && n->n_inputs > 6 && *n->inputs[6])
        r = take_bias(b, n, &in, 6, 1, 4, err);
    if (r == 0 && bytes && n->n_inputs < 9)
        r = graph_refuse(n, err, -ENOTSUP, "its result has a scale and no zero point");
    return r == 0
               ? finish(b, n, &in, graph_make_gemm,
                        bytes ? &(struct graph_quant_input){.scale = 7, .zero = 8} : NULL, err)
               : r;
}

/* Bytes less a zero point that depends on the picture. */
static int take_dynamic(struct graph_builder *b, const struct onnx_node *n, struct inner *in,
                        const struct graph_symbol *zero, struct error *err)
{
    const struct graph_symbol *x = NULL;
    struct graph_symbol s = {0};
    int r = graph_input_any(b, n, 0, &x, err);

    if (r == 0)
        r = graph_combine(b, n, KERNELS_SUBTRACT, x, zero, &s, err);
    if (r == 0)
        r = make_name(b, n, "a", &in->inputs[0], err);
    s.name = in->inputs[0];
    in->node.n_inputs = 1;
    return r == 0 ? graph_define(b, s, err) : r;
}

/* Sums of products of integers, which are exact as floats up to 2^24 and in bytes beyond. */
static int make_integer(struct graph_builder *b, const struct onnx_node *n, graph_make_fn *make,
                        int64_t axis, struct error *err)
{
    const struct graph_symbol *zero = graph_input(b, n, 2);
    struct inner in = inner_of(n);
    int r = 0;

    if (zero && !zero->constant)
        r = take_dynamic(b, n, &in, zero, err);
    else
        r = take(b, n, &in, &(struct graph_quant_input){0, SIZE_MAX, 2, true, 0}, err);

    if (r == 0)
        r = take(b, n, &in, &(struct graph_quant_input){1, SIZE_MAX, 3, true, axis}, err);
    return r == 0 ? finish(b, n, &in, make, NULL, err) : r;
}

int graph_make_conv_integer(struct graph_builder *b, const struct onnx_node *n,
                            struct error *err)
{
    return make_integer(b, n, graph_make_conv, 0, err);
}

int graph_make_matmul_integer(struct graph_builder *b, const struct onnx_node *n,
                              struct error *err)
{
    return make_integer(b, n, graph_make_matmul, -1, err);
}
