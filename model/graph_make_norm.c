#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Operators that make numbers comparable. */

enum { OPSET_IS_NO_TRAINING = 7 };

/* A node that scales and shifts each channel of `value`: by 1 and 0 until someone knows
 * better. Its input and result have one channel dimension and two or none of pixels. */
static int make_affine(struct graph_builder *b, const struct onnx_node *n,
                       const struct graph_symbol *s, struct graph_node **ret, struct error *err)
{
    const struct graph_shape shape = b->graph->values[s->value].shape;
    struct graph_dims dims = {
        .rank = 4, .at = {1, 1, 1, 1}
    };
    struct graph_symbol as = *s;
    int r = 0;

    if (shape.rank == 0 || shape.alone)
        return graph_refuse(n, err, -ENOTSUP, "its input has no channels");
    if (shape.rank != 1 && shape.rank != 3) {
        dims.at[1] = (int64_t)shape.dims[0];
        dims.at[3] = (int64_t)(shape.count / shape.dims[0]);
        r = graph_view_as(b, n, s, &dims, true, &as, err);
    }
    if (r == 0)
        r = graph_insert(b, n, GRAPH_AFFINE, as.value, &b->graph->values[as.value].shape, ret,
                         err);
    if (r == 0)
        r = graph_weights(b, *ret, shape.dims[0], shape.dims[0], err);
    return r;
}

/* Inputs 1 to 4 of BatchNormalization: scale, shift, mean, variance. */
static int read_statistics(struct graph_builder *b, const struct onnx_node *n, size_t channels,
                           const float **ret, struct error *err)
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
    struct graph_symbol s = {0};
    struct graph_symbol result = {0};
    struct graph_dims dims = {0};
    int r = graph_input_value(b, n, 0, &s.value, err);

    if (r == 0 && (graph_int(n, "training_mode", 0) || !graph_int(n, "spatial", 1) ||
                   (b->onnx->opset < OPSET_IS_NO_TRAINING && !graph_int(n, "is_test", 0))))
        r = graph_refuse(n, err, -ENOTSUP,
                         "it is exported for training, or normalises each pixel apart");
    if (r == 0)
        r = make_affine(b, n, &s, &node, err);
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
    if (r != 0)
        return r;
    dims = graph_dims_of(b, &s);
    result.value = node->out;
    if (!graph_same_shape(&b->graph->values[s.value].shape, &b->graph->values[node->out].shape))
        r = graph_view_as(b, n, &result, &dims, true, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* result = result * input 1 + input 2, where they are there. */
static int scale_and_shift(struct graph_builder *b, const struct onnx_node *n,
                           const struct graph_symbol *scale, const struct graph_symbol *shift,
                           struct graph_symbol *result, struct error *err)
{
    struct graph_symbol made = {0};
    int r = 0;

    if (scale) {
        r = graph_combine(b, n, KERNELS_MULTIPLY, result, scale, &made, err);
        *result = made;
    }
    if (r == 0 && shift) {
        r = graph_combine(b, n, KERNELS_ADD, result, shift, &made, err);
        *result = made;
    }
    return r;
}

int graph_make_layer_norm(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    bool axes[ONNX_RANK_MAX] = {0};
    size_t rank = 0;
    size_t axis = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r != 0)
        return r;
    rank = graph_dims_of(b, s).rank;
    r = graph_axis(n, graph_int(n, "axis", -1), rank, &axis, err);
    for (size_t i = axis; i < rank; i++)
        axes[i] = true;
    if (r == 0)
        r = graph_over_rows(b, n, GRAPH_ROWS_STANDARD, s, axes,
                            graph_float(n, "epsilon", 1e-5F), &result, err);
    if (r == 0)
        r = scale_and_shift(b, n, graph_input(b, n, 1), graph_input(b, n, 2), &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* [C] as [C, 1, 1, ...] for a value of `rank` dimensions. */
static int by_channel(struct graph_builder *b, const struct onnx_node *n, size_t i, size_t rank,
                      struct graph_symbol *ret, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_dims dims = {0};
    int r = graph_input_any(b, n, i, &s, err);

    if (r != 0)
        return r;
    dims = graph_dims_of(b, s);
    while (dims.rank + 1 < rank)
        dims.at[dims.rank++] = 1;
    return graph_view_as(b, n, s, &dims, graph_batched(b, s), ret, err);
}

int graph_make_instance_norm(struct graph_builder *b, const struct onnx_node *n,
                             struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_symbol scale = {0};
    struct graph_symbol shift = {0};
    struct graph_symbol result = {0};
    bool axes[ONNX_RANK_MAX] = {0};
    size_t rank = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r != 0)
        return r;
    rank = graph_dims_of(b, s).rank;
    for (size_t i = 2; i < rank; i++)
        axes[i] = true;
    r = graph_over_rows(b, n, GRAPH_ROWS_STANDARD, s, axes, graph_float(n, "epsilon", 1e-5F),
                        &result, err);
    if (r == 0)
        r = by_channel(b, n, 1, rank, &scale, err);
    if (r == 0)
        r = by_channel(b, n, 2, rank, &shift, err);
    if (r == 0)
        r = scale_and_shift(b, n, &scale, &shift, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

int graph_make_lp_norm(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    bool axes[ONNX_RANK_MAX] = {0};
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    size_t axis = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = graph_axis(n, graph_int(n, "axis", -1), graph_dims_of(b, s).rank, &axis, err);
    if (r != 0)
        return r;
    axes[axis] = true;
    r = graph_over_rows(b, n, graph_int(n, "p", 2) == 1 ? GRAPH_ROWS_BY_L1 : GRAPH_ROWS_BY_L2,
                        s, axes, 0, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}
