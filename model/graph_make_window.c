#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_quant.h"

/* Operators that slide a window over pixels. */

/* Input 0 as [channels][height][width]; a signal, [channels][width], is one row of pixels. */
static int as_pixels(struct graph_builder *b, const struct onnx_node *n, size_t *ret,
                     bool *signal, struct error *err)
{
    struct graph_symbol s = {0};
    struct graph_dims dims = {0};
    const struct graph_shape *in = NULL;
    int r = graph_input_value(b, n, 0, &s.value, err);

    if (r != 0)
        return r;
    *ret = s.value;
    in = &b->graph->values[s.value].shape;
    *signal = in->rank == 2 && !in->alone;
    if ((in->rank != 3 && !*signal) || in->alone)
        return graph_refuse(n, err, -ENOTSUP,
                            "its input has %zu dimensions; digitd does [N,C,H,W] and [N,C,W]",
                            in->rank + 1 - in->alone);
    if (*signal) {
        dims = (struct graph_dims){
            4, {1, (int64_t)in->dims[0], 1, (int64_t)in->dims[1]}
        };
        r = graph_view_as(b, n, &s, &dims, graph_batched(b, &s), &s, err);
        *ret = s.value;
    }
    return r;
}

/* The node's result, with as many dimensions as its input had. */
static int bind_pixels(struct graph_builder *b, const struct onnx_node *n,
                       const struct graph_node *node, bool signal, struct error *err)
{
    const struct graph_shape out = b->graph->values[node->out].shape;
    struct graph_symbol s = {.value = node->out};
    struct graph_dims dims = {
        3, {1, (int64_t)out.dims[0], (int64_t)out.dims[2]}
    };
    int r = signal ? graph_view_as(b, n, &s, &dims, graph_batched(b, &s), &s, err) : 0;

    return r == 0 ? graph_bind(b, n, s, err) : r;
}

/* An attribute of `sides` numbers for each dimension of the window; those of a dimension that a
 * signal lacks are `otherwise`. */
static int read_list(const struct onnx_node *n, const char *name, size_t sides, bool signal,
                     size_t otherwise, size_t ret[4], struct error *err)
{
    const struct onnx_attribute *a = graph_attribute(n, name);
    size_t dims = signal ? 1 : 2;

    if (a && a->n != sides * dims)
        return graph_refuse(n, err, -ENOTSUP,
                            "attribute '%s' has %zu elements; the window takes %zu", name, a->n,
                            sides * dims);
    for (size_t i = 0; i < sides * 2; i++) {
        bool there = a && (!signal || i % 2 == 1);

        ret[i] = there ? (size_t)a->ints[signal ? i / 2 : i] : otherwise;
    }
    return 0;
}

/* Reads the lists; the kernel's size is already in `w` if there is no such attribute. */
static int read_lists(const struct onnx_node *n, bool signal, struct graph_window *w,
                      struct error *err)
{
    size_t kernel[4] = {0};
    size_t strides[4] = {0};
    size_t dilations[4] = {0};
    size_t pads[4] = {0};
    int r = read_list(n, "kernel_shape", 1, signal, 1, kernel, err);

    if (r == 0)
        r = read_list(n, "strides", 1, signal, 1, strides, err);
    if (r == 0)
        r = read_list(n, "dilations", 1, signal, 1, dilations, err);
    if (r == 0)
        r = read_list(n, "pads", 2, signal, 0, pads, err);
    for (size_t i = 0; r == 0 && i < 2; i++) {
        if (graph_attribute(n, "kernel_shape"))
            w->kernel[i] = kernel[i];
        w->stride[i] = strides[i];
        w->dilation[i] = dilations[i];
        w->pad[i] = pads[i];
        w->pad_end[i] = pads[i + 2];
    }
    if (r == 0 && w->kernel[0] * w->kernel[1] == 0)
        r = graph_refuse(n, err, -EBADMSG, "it lacks attribute 'kernel_shape'");
    return r;
}

/* SAME_UPPER, SAME_LOWER and VALID say the margins by what comes out. */
static int apply_auto_pad(const struct onnx_node *n, const size_t *in, struct graph_window *w,
                          struct error *err)
{
    const struct onnx_attribute *a = graph_attribute(n, "auto_pad");
    const char *mode = a ? a->s : "NOTSET";
    bool lower = strcmp(mode, "SAME_LOWER") == 0;

    if (strcmp(mode, "NOTSET") == 0 || !*mode)
        return 0;
    if (!lower && strcmp(mode, "SAME_UPPER") != 0 && strcmp(mode, "VALID") != 0)
        return graph_refuse(n, err, -ENOTSUP, "attribute 'auto_pad' is '%.24s'", mode);
    for (size_t i = 0; i < 2; i++) {
        size_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;
        size_t out = (in[i] + w->stride[i] - 1) / w->stride[i];
        size_t needed = (out - 1) * w->stride[i] + reach;
        size_t total = needed > in[i] && *mode == 'S' ? needed - in[i] : 0;

        w->pad[i] = lower ? total - total / 2 : total / 2;
        w->pad_end[i] = total - w->pad[i];
    }
    return 0;
}

/* Fills in the whole window for an input of `shape`. */
static int read_window(const struct onnx_node *n, const struct graph_shape *shape, bool signal,
                       struct graph_window *w, struct error *err)
{
    const size_t *in = shape->dims + 1;
    int r = read_lists(n, signal, w, err);

    if (r == 0)
        r = apply_auto_pad(n, in, w, err);
    for (size_t i = 0; r == 0 && i < 2; i++) {
        size_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;
        size_t room = in[i] + w->pad[i] + w->pad_end[i];
        size_t round_up = graph_int(n, "ceil_mode", 0) ? w->stride[i] - 1 : 0;

        if (room < reach)
            return graph_refuse(n, err, -EBADMSG,
                                "a window of %zu does not fit into %zu pixels", reach, room);
        w->out[i] = (room - reach + round_up) / w->stride[i] + 1;
        /* A window must not start behind the picture and its first margin. */
        if (round_up > 0 && (w->out[i] - 1) * w->stride[i] >= in[i] + w->pad[i])
            w->out[i]--;
    }
    return r;
}

/* The weights are [out][in / groups][height][width], or without the height for a signal. */
static int check_weights(const struct onnx_node *n, const struct onnx_tensor *weights,
                         bool signal, size_t channels, size_t groups, struct error *err)
{
    if (weights->rank != (signal ? 3 : 4))
        return graph_refuse(n, err, -ENOTSUP, "its weights have %zu dimensions, not %d",
                            weights->rank, signal ? 3 : 4);
    if ((size_t)weights->dims[1] * groups != channels || (size_t)weights->dims[0] % groups != 0)
        return graph_refuse(n, err, -EBADMSG,
                            "%zu channels in %zu groups do not fit weights of [%lld,%lld,...]",
                            channels, groups, (long long)weights->dims[0],
                            (long long)weights->dims[1]);
    return 0;
}

static int check_kernel_shape(const struct onnx_node *n, const size_t *from_weights,
                              const struct graph_window *w, struct error *err)
{
    for (size_t i = 0; i < 2; i++)
        if (w->kernel[i] != from_weights[i])
            return graph_refuse(n, err, -EBADMSG,
                                "attribute 'kernel_shape' says %zu, the weights %zu",
                                w->kernel[i], from_weights[i]);
    return 0;
}

/* The optional third input, one number for each output. */
static int copy_bias(struct graph_builder *b, const struct onnx_node *n,
                     struct graph_node *node, struct error *err)
{
    const struct onnx_tensor *bias = NULL;
    int r = 0;

    if (n->n_inputs < 3 || !*n->inputs[2])
        return 0;
    r = graph_input_floats(b, n, 2, &bias, err);
    if (r == 0 && bias->count != node->n_bias)
        r = graph_refuse(n, err, -EBADMSG, "it has %zu biases for %zu outputs", bias->count,
                         node->n_bias);
    if (r == 0)
        memcpy(node->bias, bias->data, bias->count * sizeof(float));
    return r;
}

int graph_make_conv(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    size_t groups = (size_t)graph_int(n, "group", 1);
    const struct onnx_tensor *weights = NULL;
    const struct graph_shape *in = NULL;
    struct graph_shape out = {0};
    struct graph_node *node = NULL;
    struct graph_window w = {0};
    size_t kernel[2] = {1, 1};
    bool signal = false;
    size_t value = 0;
    int r = as_pixels(b, n, &value, &signal, err);

    if (r == 0)
        r = graph_input_floats(b, n, 1, &weights, err);
    if (r != 0 || !weights)
        return r;
    in = &b->graph->values[value].shape;
    r = check_weights(n, weights, signal, in->dims[0], groups, err);
    if (r != 0)
        return r;
    for (size_t i = signal ? 1 : 0; i < 2; i++)
        kernel[i] = (size_t)weights->dims[weights->rank - 2 + i];
    memcpy(w.kernel, kernel, sizeof(kernel));
    r = read_window(n, in, signal, &w, err);
    if (r == 0)
        r = check_kernel_shape(n, kernel, &w, err);
    if (r == 0)
        r = graph_shape_set(&out, n, 3,
                            (size_t[]){(size_t)weights->dims[0], w.out[0], w.out[1]}, err);
    if (r == 0)
        r = graph_insert(b, n, GRAPH_CONV, value, &out, &node, err);
    if (r == 0)
        r = graph_weights(b, node, weights->count, out.dims[0], err);
    if (r == 0)
        r = copy_bias(b, n, node, err);
    if (r != 0)
        return r;
    node->window = w;
    node->groups = groups;
    memcpy(node->weights, weights->data, weights->count * sizeof(float));
    r = graph_quant_remember(b, node, weights, false, err);
    return r == 0 ? bind_pixels(b, n, node, signal, err) : r;
}

/* No window may lie in the margin altogether. */
static int check_margin(const struct onnx_node *n, const struct graph_shape *in,
                        const struct graph_window *w, struct error *err)
{
    for (size_t i = 0; i < 2; i++) {
        size_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;

        if (w->pad[i] >= reach || (w->out[i] - 1) * w->stride[i] >= in->dims[1 + i] + w->pad[i])
            return graph_refuse(n, err, -EBADMSG, "a window lies in the margin altogether");
    }
    return 0;
}

static int make_pool(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
                     struct error *err)
{
    struct graph_node *node = NULL;
    const struct graph_shape *in = NULL;
    struct graph_shape out = {0};
    struct graph_window w = {0};
    bool signal = false;
    size_t value = 0;
    int r = as_pixels(b, n, &value, &signal, err);

    if (r != 0)
        return r;
    in = &b->graph->values[value].shape;
    r = read_window(n, in, signal, &w, err);
    if (r == 0)
        r = check_margin(n, in, &w, err);
    if (r == 0)
        r = graph_shape_set(&out, n, 3, (size_t[]){in->dims[0], w.out[0], w.out[1]}, err);
    if (r == 0 && w.dilation[0] * w.dilation[1] != 1)
        r = graph_dilated_pool(b, n, kind, value, &w, &node, err);
    else if (r == 0)
        r = graph_insert(b, n, kind, value, &out, &node, err);
    if (r != 0)
        return r;
    if (node->kind == kind) {
        node->window = w;
        node->count_pad = graph_int(n, "count_include_pad", 0) != 0;
    }
    return bind_pixels(b, n, node, signal, err);
}

int graph_make_max_pool(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    return make_pool(b, n, GRAPH_MAX_POOL, err);
}

int graph_make_average_pool(struct graph_builder *b, const struct onnx_node *n,
                            struct error *err)
{
    return make_pool(b, n, GRAPH_AVERAGE_POOL, err);
}

static int make_global_pool(struct graph_builder *b, const struct onnx_node *n,
                            enum graph_kind kind, struct error *err)
{
    const struct graph_shape *in = NULL;
    struct graph_node *node = NULL;
    struct graph_shape out = {0};
    bool signal = false;
    size_t value = 0;
    int r = as_pixels(b, n, &value, &signal, err);

    if (r != 0)
        return r;
    in = &b->graph->values[value].shape;
    r = graph_shape_set(&out, n, 3, (size_t[]){in->dims[0], 1, 1}, err);
    if (r == 0)
        r = graph_insert(b, n, kind, value, &out, &node, err);
    if (r != 0)
        return r;
    in = &b->graph->values[value].shape;
    node->window = (struct graph_window){
        .kernel = {in->dims[1], in->dims[2]},
        .stride = {1,           1          },
        .dilation = {1,           1          },
        .out = {1,           1          }
    };
    return bind_pixels(b, n, node, signal, err);
}

int graph_make_global_average_pool(struct graph_builder *b, const struct onnx_node *n,
                                   struct error *err)
{
    return make_global_pool(b, n, GRAPH_AVERAGE_POOL, err);
}

int graph_make_global_max_pool(struct graph_builder *b, const struct onnx_node *n,
                               struct error *err)
{
    return make_global_pool(b, n, GRAPH_MAX_POOL, err);
}
