#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"
#include "model/model.h"

/* Operators that move nothing: other shapes, other names, constants, and the final Softmax. */

enum { OPSET_SOFTMAX_OF_ONE_AXIS = 13 };

static int make_view(struct graph_builder *b, const struct onnx_node *n, size_t value,
                     size_t rank, const size_t *dims, struct error *err)
{
    struct graph_shape shape = {0};
    struct graph_node *node = NULL;
    int r = graph_shape_set(&shape, n, rank, dims, err);

    if (r == 0 && shape.count != b->graph->values[value].shape.count)
        r = graph_refuse(n, err, -EBADMSG, "it makes %zu numbers of %zu for each picture",
                         shape.count, b->graph->values[value].shape.count);
    return r == 0 ? graph_add(b, n, GRAPH_RESHAPE, value, &shape, &node, err) : r;
}

int graph_make_flatten(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    int64_t axis = graph_int(n, "axis", 1);
    const struct graph_shape *in = NULL;
    size_t value = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r < 0)
        return r;
    in = &b->graph->values[value].shape;
    if (axis != 1 && axis + (int64_t)in->rank + 1 != 1)
        return graph_refuse(n, err, -ENOTSUP, "attribute 'axis' is %lld; digitd does 1",
                            (long long)axis);
    return make_view(b, n, value, 1, &in->count, err);
}

/* The target of a Reshape: its second input. */
static int read_target(const struct graph_builder *b, const struct onnx_node *n,
                       const struct onnx_tensor **ret, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, 1);

    if (!s || !s->constant)
        return graph_refuse(n, err, -ENOTSUP, "its shape must be constant");
    if (s->constant->type != ONNX_INT64 || s->constant->rank != 1 ||
        s->constant->count > ONNX_RANK_MAX)
        return graph_refuse(n, err, -EBADMSG,
                            "its shape must be a list of at most %d int64 numbers",
                            ONNX_RANK_MAX);
    *ret = s->constant;
    return 0;
}

/* Resolves a target against the dimensions that a value has: 0 keeps one, a single -1 is what
 * is left of `count`. Dimension 0, the batch, counts as 1 if `batch`. */
static int resolve(const struct onnx_node *n, const struct onnx_tensor *target,
                   const int64_t *dims, size_t rank, size_t count, int64_t *ret,
                   struct error *err)
{
    const int64_t *want = target->data;
    size_t product = 1;
    size_t free_at = target->count;

    for (size_t i = 0; i < target->count; i++) {
        ret[i] = want[i] == 0 && i < rank && !graph_int(n, "allowzero", 0) ? dims[i] : want[i];
        if (ret[i] == -1 && free_at == target->count) {
            free_at = i;
            continue;
        }
        if (ret[i] < 1 || __builtin_mul_overflow(product, (size_t)ret[i], &product))
            return graph_refuse(n, err, -EBADMSG, "dimension %zu of its shape is %lld", i,
                                (long long)want[i]);
    }
    if (free_at < target->count && count % product == 0) {
        ret[free_at] = (int64_t)(count / product);
        product = count;
    }
    if (product != count)
        return graph_refuse(n, err, -ENOTSUP,
                            "its shape holds %zu numbers, not the %zu of each picture", product,
                            count);
    return 0;
}

/* Weights may be stored under another shape than they are used in. */
static int reshape_constant(struct graph_builder *b, const struct onnx_node *n,
                            const struct onnx_tensor *from, const struct onnx_tensor *target,
                            struct error *err)
{
    struct onnx_tensor *t = arena_alloc(&b->graph->arena, 1, sizeof(*t));
    int r = t ? 0 : error_set(err, -ENOMEM, "out of memory while reading the graph");

    if (r == 0) {
        *t = *from;
        t->rank = target->count;
        r = resolve(n, target, from->dims, from->rank, from->count, t->dims, err);
    }
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.constant = t}, err) : r;
}

/* The batch is dimension 0 before and after. A file made for one batch size says that size. */
static int reshape_value(struct graph_builder *b, const struct onnx_node *n, size_t value,
                         const struct onnx_tensor *target, struct error *err)
{
    const struct graph_shape *in = &b->graph->values[value].shape;
    int64_t from[GRAPH_RANK_MAX + 1] = {1};
    int64_t to[ONNX_RANK_MAX] = {0};
    struct onnx_tensor one = *target;
    int64_t want[ONNX_RANK_MAX] = {0};
    size_t dims[GRAPH_RANK_MAX] = {0};
    int r = 0;

    if (target->count < 2 || target->count > GRAPH_RANK_MAX + 1)
        return graph_refuse(n, err, -ENOTSUP,
                            "its shape has %zu dimensions; digitd does 2 to %d", target->count,
                            GRAPH_RANK_MAX + 1);
    for (size_t i = 0; i < in->rank; i++)
        from[i + 1] = (int64_t)in->dims[i];
    memcpy(want, target->data, target->count * sizeof(want[0]));
    if (b->graph->batch > 0 && want[0] == b->graph->batch)
        want[0] = 1;
    one.data = want;
    r = resolve(n, &one, from, in->rank + 1, in->count, to, err);
    if (r == 0 && to[0] != 1)
        r = graph_refuse(n, err, -ENOTSUP, "its shape does not keep the batch first");
    for (size_t i = 1; r == 0 && i < target->count; i++)
        dims[i - 1] = (size_t)to[i];
    return r == 0 ? make_view(b, n, value, target->count - 1, dims, err) : r;
}

int graph_make_reshape(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, 0);
    const struct onnx_tensor *target = NULL;
    int r = read_target(b, n, &target, err);

    if (r == 0 && !s)
        r = graph_refuse(n, err, -EBADMSG, "it lacks an input");
    if (r < 0)
        return r;
    return s->constant ? reshape_constant(b, n, s->constant, target, err)
                       : reshape_value(b, n, s->value, target, err);
}

/* Only a Softmax over the ten classes can be last. Before opset 13, all dimensions from the
 * axis on are one. */
int graph_make_softmax(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    bool one_axis = b->onnx->opset >= OPSET_SOFTMAX_OF_ONE_AXIS;
    int64_t axis = graph_int(n, "axis", one_axis ? -1 : 1);
    const struct graph_shape *in = NULL;
    struct graph_node *node = NULL;
    size_t value = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r < 0)
        return r;
    in = &b->graph->values[value].shape;
    axis += axis < 0 ? (int64_t)in->rank + 1 : 0;
    if (axis != 1 || in->count != MODEL_CLASSES || (one_axis && in->dims[0] != MODEL_CLASSES))
        return graph_refuse(n, err, -ENOTSUP, "digitd does it over the %d classes only",
                            MODEL_CLASSES);
    r = graph_add(b, n, GRAPH_SOFTMAX, value, in, &node, err);
    if (r == 0)
        node->log = strcmp(n->op, "LogSoftmax") == 0;
    return r;
}

int graph_make_constant(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    struct onnx_tensor *t = arena_alloc(&b->graph->arena, 1, sizeof(*t));
    const struct onnx_attribute *a = n->attributes;

    if (!t)
        return error_set(err, -ENOMEM, "out of memory while reading the graph");
    if (n->n_attributes != 1)
        return graph_refuse(n, err, -EBADMSG, "it has %zu attributes, not one",
                            n->n_attributes);
    *t = (struct onnx_tensor){.name = n->outputs[0], .count = 1};
    if (a->kind == ONNX_KIND_TENSOR)
        *t = a->t;
    if (a->kind == ONNX_KIND_INTS || a->kind == ONNX_KIND_FLOATS) {
        t->rank = 1;
        t->dims[0] = (int64_t)a->n;
        t->count = a->n;
    }
    if (a->kind == ONNX_KIND_INT || a->kind == ONNX_KIND_INTS) {
        t->type = ONNX_INT64;
        t->data = a->kind == ONNX_KIND_INT ? &a->i : a->ints;
    }
    if (a->kind == ONNX_KIND_FLOAT || a->kind == ONNX_KIND_FLOATS) {
        t->type = ONNX_FLOAT;
        t->data = a->kind == ONNX_KIND_FLOAT ? &a->f : a->floats;
    }
    return graph_bind(b, n, (struct graph_symbol){.constant = t}, err);
}

/* Another name for the same thing. */
int graph_make_identity(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, 0);

    if (!s)
        return graph_refuse(n, err, -EBADMSG, "it lacks an input");
    return graph_bind(b, n, *s, err);
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
