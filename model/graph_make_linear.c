#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Operators that multiply and add. */

/* One number for each of `n_channels` from a constant that is broadcast over the rest of a
 * value of `rank` dimensions, batch and channels being the first two. */
static int spread(const struct onnx_node *n, const struct onnx_tensor *t, size_t rank,
                  size_t n_channels, float *ret, struct error *err)
{
    const float *from = t->data;
    size_t channels = 1;

    if (t->rank > rank)
        return graph_refuse(n, err, -ENOTSUP, "its constant has %zu dimensions, its input %zu",
                            t->rank, rank);
    for (size_t i = 0; i < t->rank; i++) {
        if (i + rank == t->rank + 1)
            channels = (size_t)t->dims[i];
        else if (t->dims[i] != 1)
            return graph_refuse(n, err, -ENOTSUP,
                                "its constant varies along more than the channels");
    }
    if (channels != 1 && channels != n_channels)
        return graph_refuse(n, err, -EBADMSG, "its constant has %zu numbers for %zu channels",
                            channels, n_channels);
    for (size_t i = 0; i < n_channels; i++)
        ret[i] = from[channels == 1 ? 0 : i];
    return 0;
}

/* y = alpha * x . weights + beta * c, with weights [in][out], or [out][in] if `transposed`. */
struct product {
    const struct onnx_tensor *weights, *c;
    bool transposed;
    float alpha, beta;
};

static void copy_weights(const struct product *p, size_t in, size_t out, float *ret)
{
    const float *from = p->weights->data;

    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++)
            ret[o * in + i] = p->alpha * (p->transposed ? from[o * in + i] : from[i * out + o]);
}

static int make_product(struct graph_builder *b, const struct onnx_node *n,
                        const struct product *p, size_t value, struct error *err)
{
    const struct graph_shape *in = &b->graph->values[value].shape;
    struct graph_node *node = NULL;
    struct graph_shape out = {0};
    size_t n_in = 0;
    int r = 0;

    if (in->rank != 1 || p->weights->rank != 2)
        return graph_refuse(n, err, -ENOTSUP,
                            "it multiplies %zu by %zu dimensions; digitd does 2 by 2",
                            in->rank + 1, p->weights->rank);
    n_in = (size_t)p->weights->dims[p->transposed ? 1 : 0];
    if (n_in != in->count)
        return graph_refuse(n, err, -EBADMSG,
                            "its weights are for %zu numbers, its input has %zu", n_in,
                            in->count);
    r = graph_shape_set(&out, n, 1, (size_t[]){(size_t)p->weights->dims[p->transposed ? 0 : 1]},
                        err);
    if (r == 0)
        r = graph_add(b, n, GRAPH_DENSE, value, &out, &node, err);
    if (r == 0)
        r = graph_weights(b, node, p->weights->count, out.count, err);
    if (r == 0 && p->c)
        r = spread(n, p->c, 2, out.count, node->bias, err);
    if (r == 0) {
        copy_weights(p, n_in, out.count, node->weights);
        for (size_t i = 0; i < out.count; i++)
            node->bias[i] *= p->beta;
    }
    return r;
}

int graph_make_gemm(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    struct product p = {.transposed = graph_int(n, "transB", 0) != 0,
                        .alpha = graph_float(n, "alpha", 1),
                        .beta = graph_float(n, "beta", 1)};
    size_t value = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r == 0)
        r = graph_input_floats(b, n, 1, &p.weights, err);
    if (r == 0 && n->n_inputs > 2 && *n->inputs[2])
        r = graph_input_floats(b, n, 2, &p.c, err);
    if (r == 0 && graph_int(n, "transA", 0))
        r = graph_refuse(n, err, -ENOTSUP, "attribute 'transA' is 1, which mixes the pictures");
    if (r == 0 && !(isfinite(p.alpha) && isfinite(p.beta)))
        r = graph_refuse(n, err, -EBADMSG, "attribute 'alpha' or 'beta' is not finite");
    return r == 0 ? make_product(b, n, &p, value, err) : r;
}

int graph_make_matmul(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    struct product p = {.alpha = 1};
    size_t value = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r == 0)
        r = graph_input_floats(b, n, 1, &p.weights, err);
    return r == 0 ? make_product(b, n, &p, value, err) : r;
}

/* A node that scales and shifts each channel of `value`: by 1 and 0 until someone knows
 * better. */
static int make_affine(struct graph_builder *b, const struct onnx_node *n, size_t value,
                       struct graph_node **ret, struct error *err)
{
    const struct graph_shape shape = b->graph->values[value].shape;
    int r = 0;

    if (shape.rank != 1 && shape.rank != 3)
        return graph_refuse(n, err, -ENOTSUP,
                            "its input has %zu dimensions; digitd does [N,F] and [N,C,H,W]",
                            shape.rank + 1);
    r = graph_add(b, n, GRAPH_AFFINE, value, &shape, ret, err);
    if (r == 0)
        r = graph_weights(b, *ret, shape.dims[0], shape.dims[0], err);
    for (size_t i = 0; r == 0 && i < shape.dims[0]; i++)
        (*ret)->weights[i] = 1;
    return r;
}

static int add_constant(struct graph_builder *b, const struct onnx_node *n, size_t which,
                        struct error *err)
{
    const struct onnx_tensor *constant = NULL;
    struct graph_node *node = NULL;
    size_t value = 0;
    int r = graph_input_value(b, n, 1 - which, &value, err);

    if (r == 0)
        r = graph_input_floats(b, n, which, &constant, err);
    if (r == 0)
        r = make_affine(b, n, value, &node, err);
    if (r == 0)
        r = spread(n, constant, b->graph->values[value].shape.rank + 1, node->n_bias,
                   node->bias, err);
    return r;
}

int graph_make_add(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *first = graph_input(b, n, 0);
    const struct graph_symbol *second = graph_input(b, n, 1);
    const struct graph_value *values = b->graph->values;
    struct graph_shape shape = {0};
    struct graph_node *node = NULL;
    int r = 0;

    if (!first || !second)
        return graph_refuse(n, err, -EBADMSG, "it lacks an input");
    if (second->constant || first->constant)
        return add_constant(b, n, second->constant ? 1 : 0, err);
    shape = values[first->value].shape;
    if (memcmp(&shape, &values[second->value].shape, sizeof(shape)) != 0)
        return graph_refuse(n, err, -ENOTSUP, "its inputs have different shapes");
    r = graph_add(b, n, GRAPH_ADD, first->value, &shape, &node, err);
    if (r == 0)
        node->in[1] = second->value;
    return r;
}

/* Inputs 1 to 4 of BatchNormalization: scale, shift, mean, variance. */
static int read_statistics(const struct graph_builder *b, const struct onnx_node *n,
                           size_t channels, const float **ret, struct error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < 4; i++) {
        const struct onnx_tensor *t = NULL;

        r = graph_input_floats(b, n, i + 1, &t, err);
        if (r == 0 && t->count != channels)
            r = graph_refuse(n, err, -EBADMSG, "input %zu has %zu numbers for %zu channels",
                             i + 1, t->count, channels);
        if (r == 0)
            ret[i] = t->data;
    }
    return r;
}

int graph_make_batch_norm(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    double epsilon = (double)graph_float(n, "epsilon", 1e-5F);
    const float *statistics[4] = {0};
    struct graph_node *node = NULL;
    size_t value = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r == 0 && (graph_int(n, "training_mode", 0) || !graph_int(n, "spatial", 1)))
        r = graph_refuse(n, err, -ENOTSUP,
                         "it is exported for training, or normalises each pixel apart");
    if (r == 0)
        r = make_affine(b, n, value, &node, err);
    if (r == 0)
        r = read_statistics(b, n, node->n_bias, statistics, err);
    for (size_t i = 0; r == 0 && i < node->n_bias; i++) {
        double spread = (double)statistics[3][i] + epsilon;
        double scale = (double)statistics[0][i] / sqrt(spread);

        if (!(spread > 0))
            r = graph_refuse(n, err, -EBADMSG, "channel %zu has a variance of %g", i,
                             (double)statistics[3][i]);
        node->weights[i] = (float)scale;
        node->bias[i] = (float)((double)statistics[1][i] - (double)statistics[2][i] * scale);
    }
    return r;
}

int graph_make_relu(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    struct graph_node *node = NULL;
    size_t value = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    return r == 0
               ? graph_add(b, n, GRAPH_RELU, value, &b->graph->values[value].shape, &node, err)
               : r;
}
