#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Operators that move nothing: other shapes, other names, and the shapes themselves. */

enum { OPSET_DIMENSIONS_ARE_AN_INPUT = 5 };

/* Dimensions with the batch's true size in them, and back. */
static void show_batch(const struct graph_builder *b, const struct graph_symbol *s,
                       struct graph_dims *dims)
{
    if (graph_batched(b, s))
        dims->at[0] = graph_batch(b);
}

static int rename(struct graph_builder *b, const struct onnx_node *n,
                  const struct graph_symbol *s, const struct graph_dims *dims, bool batched,
                  struct error *err)
{
    struct graph_symbol result = {0};
    int r = graph_view_as(b, n, s, dims, batched, &result, err);

    return r == 0 ? graph_bind(b, n, result, err) : r;
}

int graph_make_flatten(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_dims to = {
        .rank = 2, .at = {1, 1}
    };
    int64_t axis = graph_int(n, "axis", 1);
    int r = graph_input_any(b, n, 0, &s, err);

    if (r != 0)
        return r;
    struct graph_dims from = graph_dims_of(b, s);

    axis += axis < 0 ? (int64_t)from.rank : 0;
    if (axis < 0 || axis > (int64_t)from.rank)
        return graph_refuse(n, err, -EBADMSG, "axis %lld of %zu dimensions", (long long)axis,
                            from.rank);
    for (size_t i = 0; i < from.rank; i++)
        to.at[(int64_t)i < axis ? 0 : 1] *= from.at[i];
    return rename(b, n, s, &to, graph_batched(b, s) && axis > 0 && to.at[0] == 1, err);
}

/* Resolves a Reshape's target: 0 keeps a dimension, a single -1 is what is left. Returns
 * whether it fits. */
static bool resolve(const struct onnx_node *n, const int64_t *want,
                    const struct graph_dims *from, struct graph_dims *to)
{
    int64_t product = 1;
    int64_t count = 1;
    size_t open = ONNX_RANK_MAX;

    for (size_t i = 0; i < from->rank; i++)
        if (__builtin_mul_overflow(count, from->at[i], &count))
            return false;
    for (size_t i = 0; i < to->rank; i++) {
        bool keep = want[i] == 0 && i < from->rank && !graph_int(n, "allowzero", 0);

        to->at[i] = keep ? from->at[i] : want[i];
        if (to->at[i] == -1 && open == ONNX_RANK_MAX)
            open = i;
        else if (to->at[i] < 0 || __builtin_mul_overflow(product, to->at[i], &product))
            return false;
    }
    if (open < ONNX_RANK_MAX && product > 0 && count % product == 0)
        to->at[open] = count / product;
    return open < ONNX_RANK_MAX ? product > 0 && count % product == 0 : product == count;
}

/* The batch is dimension 0 before and after; a file for any batch may still say 1. */
static int reshape(struct graph_builder *b, const struct onnx_node *n,
                   const struct graph_symbol *s, const int64_t *want, size_t rank,
                   struct error *err)
{
    struct graph_dims from = graph_dims_of(b, s);
    struct graph_dims to = {.rank = rank};
    bool batched = graph_batched(b, s);
    size_t count = s->constant ? s->constant->count : b->graph->values[s->value].shape.count;

    show_batch(b, s, &from);
    if (!resolve(n, want, &from, &to)) {
        if (batched)
            from.at[0] = 1;
        if (!resolve(n, want, &from, &to))
            return graph_refuse(n, err, -ENOTSUP,
                                "its shape does not hold the %zu numbers of each picture",
                                count);
    }
    if (batched && (rank == 0 || to.at[0] != from.at[0])) {
        b->graph->moved = true;
        return graph_refuse(n, err, -ENOTSUP, "its shape does not keep the batch first");
    }
    batched = batched && to.at[0] == from.at[0];
    if (batched)
        to.at[0] = 1;
    return rename(b, n, s, &to, batched, err);
}

int graph_make_reshape(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    int64_t want[ONNX_RANK_MAX] = {0};
    size_t rank = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0 && b->onnx->opset >= OPSET_DIMENSIONS_ARE_AN_INPUT && n->n_inputs < 2)
        r = graph_refuse(n, err, -EBADMSG, "it lacks input 1");
    if (r == 0)
        r = graph_list(b, n, "shape", 1, want, &rank, err);
    return r == 0 ? reshape(b, n, s, want, rank, err) : r;
}

int graph_make_squeeze(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    int64_t axes[ONNX_RANK_MAX] = {0};
    bool gone[ONNX_RANK_MAX] = {0};
    struct graph_dims from = {0};
    struct graph_dims to = {0};
    size_t count = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = graph_list(b, n, "axes", 1, axes, &count, err);
    if (r != 0)
        return r;
    from = graph_dims_of(b, s);
    show_batch(b, s, &from);
    for (size_t i = 0; i < from.rank && count == 0; i++)
        gone[i] = from.at[i] == 1;
    for (size_t i = 0; r == 0 && i < count; i++) {
        size_t axis = 0;

        r = graph_axis(n, axes[i], from.rank, &axis, err);
        if (r == 0 && from.at[axis] != 1)
            r = graph_refuse(n, err, -ENOTSUP, "dimension %zu is not 1", axis);
        gone[axis] = true;
    }
    for (size_t i = 0; i < from.rank; i++)
        if (!gone[i])
            to.at[to.rank++] = i == 0 && graph_batched(b, s) ? 1 : from.at[i];
    return r == 0 ? rename(b, n, s, &to, graph_batched(b, s) && !gone[0], err) : r;
}

int graph_make_unsqueeze(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    int64_t axes[ONNX_RANK_MAX] = {0};
    bool made[ONNX_RANK_MAX] = {0};
    struct graph_dims to = {0};
    size_t count = 0;
    size_t at = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = graph_list(b, n, "axes", 1, axes, &count, err);
    if (r != 0)
        return r;
    struct graph_dims from = graph_dims_of(b, s);

    to.rank = from.rank + count;
    if (to.rank > ONNX_RANK_MAX)
        return graph_refuse(n, err, -ENOTSUP, "its result has over %d dimensions",
                            ONNX_RANK_MAX);
    for (size_t i = 0; r == 0 && i < count; i++) {
        size_t axis = 0;

        r = graph_axis(n, axes[i], to.rank, &axis, err);
        if (r == 0 && made[axis])
            r = graph_refuse(n, err, -EBADMSG, "axis %zu is given twice", axis);
        made[axis] = true;
    }
    for (size_t i = 0; r == 0 && i < to.rank; i++)
        to.at[i] = made[i] ? 1 : from.at[at++];
    return r == 0 ? rename(b, n, s, &to, graph_batched(b, s) && !made[0], err) : r;
}

/* A list of whole numbers, or one if rank is 0. */
static int bind_list(struct graph_builder *b, const struct onnx_node *n, size_t rank,
                     const int64_t *list, size_t count, struct error *err)
{
    struct graph_dims dims = {.rank = rank, .at = {(int64_t)count}};
    struct onnx_tensor *t = NULL;
    int64_t *data = NULL;
    int r = graph_constant(b, n, ONNX_INT64, &dims, &t, &data, err);

    if (r == 0 && count > 0)
        memcpy(data, list, count * sizeof(*data));
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.constant = t}, err) : r;
}

int graph_make_shape(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_dims dims = {0};
    int64_t from = graph_int(n, "start", 0);
    int64_t to = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r != 0)
        return r;
    dims = graph_dims_of(b, s);
    show_batch(b, s, &dims);
    to = graph_int(n, "end", (int64_t)dims.rank);
    from += from < 0 ? (int64_t)dims.rank : 0;
    to += to < 0 ? (int64_t)dims.rank : 0;
    from = from < 0 ? 0 : from;
    to = to > (int64_t)dims.rank ? (int64_t)dims.rank : to;
    return bind_list(b, n, 1, dims.at + from, to > from ? (size_t)(to - from) : 0, err);
}

int graph_make_size(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_dims dims = {0};
    int64_t count = 1;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r != 0)
        return r;
    dims = graph_dims_of(b, s);
    show_batch(b, s, &dims);
    for (size_t i = 0; i < dims.rank; i++)
        if (__builtin_mul_overflow(count, dims.at[i], &count))
            return graph_refuse(n, err, -ENOTSUP, "its input has too many elements");
    return bind_list(b, n, 0, &count, 1, err);
}

/* Another name for the same thing. */
int graph_make_identity(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    int r = graph_input_any(b, n, 0, &s, err);

    return r == 0 ? graph_bind(b, n, *s, err) : r;
}

/* Does nothing outside of training; its third input says whether this is training. */
int graph_make_dropout(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *training = graph_input(b, n, 2);
    const struct onnx_tensor *t = training ? training->constant : NULL;

    if (training && (!t || t->type != ONNX_BOOL || t->count != 1 || *(const uint8_t *)t->data))
        return graph_refuse(n, err, -ENOTSUP, "it is exported for training");
    return graph_make_identity(b, n, err);
}
