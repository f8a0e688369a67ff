#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_quant.h"

/* Operators that slide a window over pixels. */

static int need_pixels(const struct onnx_node *n, const struct graph_shape *in,
                       struct error *err)
{
    if (in->rank != 3)
        return graph_refuse(n, err, -ENOTSUP,
                            "its input has %zu dimensions; digitd does [N,C,H,W]",
                            in->rank + 1);
    return 0;
}

static int list_is(const struct onnx_node *n, const char *name, size_t count,
                   const struct onnx_attribute **ret, struct error *err)
{
    *ret = graph_attribute(n, name);
    if (*ret && (*ret)->n != count)
        return graph_refuse(n, err, -ENOTSUP,
                            "attribute '%s' has %zu elements; digitd does 2-D, so %zu", name,
                            (*ret)->n, count);
    return 0;
}

/* Reads the lists; the kernel's size is already in `w` if there is no such attribute. */
static int read_lists(const struct onnx_node *n, struct graph_window *w, struct error *err)
{
    const struct onnx_attribute *kernel = NULL;
    const struct onnx_attribute *strides = NULL;
    const struct onnx_attribute *dilations = NULL;
    const struct onnx_attribute *pads = NULL;
    int r = list_is(n, "kernel_shape", 2, &kernel, err);

    if (r == 0)
        r = list_is(n, "strides", 2, &strides, err);
    if (r == 0)
        r = list_is(n, "dilations", 2, &dilations, err);
    if (r == 0)
        r = list_is(n, "pads", 4, &pads, err);
    for (size_t i = 0; r == 0 && i < 2; i++) {
        if (kernel)
            w->kernel[i] = (size_t)kernel->ints[i];
        w->stride[i] = strides ? (size_t)strides->ints[i] : 1;
        w->dilation[i] = dilations ? (size_t)dilations->ints[i] : 1;
        w->pad[i] = pads ? (size_t)pads->ints[i] : 0;
        w->pad_end[i] = pads ? (size_t)pads->ints[i + 2] : 0;
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
static int read_window(const struct onnx_node *n, const struct graph_shape *shape,
                       struct graph_window *w, struct error *err)
{
    const size_t *in = shape->dims + 1;
    int r = read_lists(n, w, err);

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

static int check_kernel_shape(const struct onnx_node *n, const struct onnx_tensor *weights,
                              const struct graph_window *w, struct error *err)
{
    for (size_t i = 0; i < 2; i++)
        if (w->kernel[i] != (size_t)weights->dims[2 + i])
            return graph_refuse(n, err, -EBADMSG,
                                "attribute 'kernel_shape' says %zu, the weights %lld",
                                w->kernel[i], (long long)weights->dims[2 + i]);
    return 0;
}

/* The weights are [out][in / groups][height][width], for these channels. */
static int check_weights(const struct onnx_node *n, const struct onnx_tensor *weights,
                         size_t channels, size_t groups, struct error *err)
{
    if (weights->rank != 4)
        return graph_refuse(n, err, -ENOTSUP, "its weights have %zu dimensions, not 4",
                            weights->rank);
    if ((size_t)weights->dims[1] * groups != channels || (size_t)weights->dims[0] % groups != 0)
        return graph_refuse(
            n, err, -EBADMSG,
            "%zu channels in %zu groups do not fit weights of [%lld,%lld,%lld,%lld]", channels,
            groups, (long long)weights->dims[0], (long long)weights->dims[1],
            (long long)weights->dims[2], (long long)weights->dims[3]);
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
    size_t value = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r == 0)
        r = graph_input_floats(b, n, 1, &weights, err);
    if (r < 0 || !weights)
        return r;
    in = &b->graph->values[value].shape;
    r = need_pixels(n, in, err);
    if (r == 0)
        r = check_weights(n, weights, in->dims[0], groups, err);
    if (r < 0)
        return r;
    w.kernel[0] = (size_t)weights->dims[2];
    w.kernel[1] = (size_t)weights->dims[3];
    r = read_window(n, in, &w, err);
    if (r == 0)
        r = check_kernel_shape(n, weights, &w, err);
    if (r == 0)
        r = graph_shape_set(&out, n, 3,
                            (size_t[]){(size_t)weights->dims[0], w.out[0], w.out[1]}, err);
    if (r == 0)
        r = graph_add(b, n, GRAPH_CONV, value, &out, &node, err);
    if (r == 0)
        r = graph_weights(b, node, weights->count, out.dims[0], err);
    if (r == 0)
        r = copy_bias(b, n, node, err);
    if (r == 0) {
        node->window = w;
        node->groups = groups;
        memcpy(node->weights, weights->data, weights->count * sizeof(float));
        r = graph_quant_remember(b, node, weights, false, err);
    }
    return r;
}

static int make_pool(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
                     struct error *err)
{
    struct graph_node *node = NULL;
    struct graph_shape out = {0};
    struct graph_window w = {0};
    size_t value = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r == 0)
        r = need_pixels(n, &b->graph->values[value].shape, err);
    if (r == 0)
        r = read_window(n, &b->graph->values[value].shape, &w, err);
    for (size_t i = 0; r == 0 && i < 2; i++) {
        if (w.dilation[i] != 1)
            r = graph_refuse(n, err, -ENOTSUP, "digitd does no dilated pooling");
        else if (w.pad[i] >= w.kernel[i] ||
                 (w.out[i] - 1) * w.stride[i] >=
                     b->graph->values[value].shape.dims[1 + i] + w.pad[i])
            r = graph_refuse(n, err, -EBADMSG, "a window lies in the margin altogether");
    }
    if (r == 0)
        r = graph_shape_set(
            &out, n, 3, (size_t[]){b->graph->values[value].shape.dims[0], w.out[0], w.out[1]},
            err);
    if (r == 0)
        r = graph_add(b, n, kind, value, &out, &node, err);
    if (r == 0) {
        node->window = w;
        node->count_pad = graph_int(n, "count_include_pad", 0) != 0;
    }
    return r;
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
    size_t value = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r < 0)
        return r;
    in = &b->graph->values[value].shape;
    r = need_pixels(n, in, err);
    if (r == 0)
        r = graph_shape_set(&out, n, 3, (size_t[]){in->dims[0], 1, 1}, err);
    if (r == 0)
        r = graph_add(b, n, kind, value, &out, &node, err);
    if (r == 0)
        node->window = (struct graph_window){
            .kernel = {in->dims[1], in->dims[2]},
            .stride = {1,           1          },
            .dilation = {1,           1          },
            .out = {1,           1          }
        };
    return r;
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
