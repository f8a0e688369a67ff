#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* PyTorch puts a Pad, mostly of nothing, before each average pool. */

enum { OPSET_PADS_ARE_AN_INPUT = 11 };

/* The margins before and after each dimension, batch included, from where the operator set
 * keeps them. */
static int read_pads(const struct graph_builder *b, const struct onnx_node *n, size_t rank,
                     const int64_t **ret, struct error *err)
{
    const struct onnx_attribute *a = graph_attribute(n, "pads");
    const struct graph_symbol *s = graph_input(b, n, 1);
    size_t count = a ? a->n : 0;

    *ret = a ? a->ints : NULL;
    if (b->onnx->opset >= OPSET_PADS_ARE_AN_INPUT) {
        if (!s || !s->constant || s->constant->type != ONNX_INT64)
            return graph_refuse(n, err, -ENOTSUP, "its margins must be constant");
        *ret = s->constant->data;
        count = s->constant->count;
    }
    if (count != 2 * rank)
        return graph_refuse(n, err, -ENOTSUP, "it has %zu margins for %zu dimensions", count,
                            rank);
    for (size_t i = 0; i < count; i++)
        if ((*ret)[i] < 0 || (*ret)[i] > GRAPH_PAD_MAX)
            return graph_refuse(n, err, -ENOTSUP, "a margin is %lld; digitd does 0 to %d",
                                (long long)(*ret)[i], GRAPH_PAD_MAX);
    return 0;
}

/* digitd's borders hold zeros. */
static int check_mode(const struct graph_builder *b, const struct onnx_node *n,
                      struct error *err)
{
    const struct onnx_attribute *mode = graph_attribute(n, "mode");
    const struct onnx_tensor *value = NULL;
    float filler = graph_float(n, "value", 0);
    int r = 0;

    if (mode && *mode->s && strcmp(mode->s, "constant") != 0)
        return graph_refuse(n, err, -ENOTSUP,
                            "attribute 'mode' is '%.24s'; digitd does constant", mode->s);
    if (n->n_inputs > 2 && *n->inputs[2])
        r = graph_input_floats(b, n, 2, &value, err);
    if (value)
        filler = *(const float *)value->data;
    if (r == 0 && filler != 0)
        r = graph_refuse(n, err, -ENOTSUP, "it fills with %g; digitd fills with 0",
                         (double)filler);
    return r;
}

/* A convolution with one weight of 1 for each channel, and a margin. */
static int make_margin(struct graph_builder *b, const struct onnx_node *n, size_t value,
                       const struct graph_window *w, struct error *err)
{
    size_t channels = b->graph->values[value].shape.dims[0];
    struct graph_node *node = NULL;
    struct graph_shape out = {0};
    int r = graph_shape_set(&out, n, 3, (size_t[]){channels, w->out[0], w->out[1]}, err);

    if (r == 0)
        r = graph_add(b, n, GRAPH_CONV, value, &out, &node, err);
    if (r == 0)
        r = graph_weights(b, node, channels, channels, err);
    for (size_t i = 0; r == 0 && i < channels; i++)
        node->weights[i] = 1;
    if (r == 0) {
        node->groups = channels;
        node->window = *w;
    }
    return r;
}

int graph_make_pad(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    struct graph_window w = {
        .kernel = {1, 1},
          .stride = {1, 1},
          .dilation = {1, 1}
    };
    const struct graph_shape *in = NULL;
    const int64_t *pads = NULL;
    size_t value = 0;
    int64_t sum = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r < 0)
        return r;
    in = &b->graph->values[value].shape;
    r = read_pads(b, n, in->rank + 1, &pads, err);
    for (size_t i = 0; r == 0 && i < 2 * (in->rank + 1); i++)
        sum += pads[i];
    if (r == 0 && sum == 0)
        return graph_make_identity(b, n, err);
    if (r == 0 && (in->rank != 3 || pads[0] + pads[1] + pads[4] + pads[5] > 0))
        r = graph_refuse(n, err, -ENOTSUP, "digitd puts margins around [N,C,H,W] pixels only");
    if (r == 0)
        r = check_mode(b, n, err);
    for (size_t i = 0; r == 0 && i < 2; i++) {
        w.pad[i] = (size_t)pads[2 + i];
        w.pad_end[i] = (size_t)pads[6 + i];
        w.out[i] = w.pad[i] + in->dims[1 + i] + w.pad_end[i];
    }
    return r == 0 ? make_margin(b, n, value, &w, err) : r;
}
