#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Numbers in another order, some of them, or under other dimensions. */

int graph_view_axis(struct graph_builder *b, const struct onnx_node *n, struct graph_view *v,
                    size_t i, int64_t len, struct error *err)
{
    v->dims.at[i] = len;
    if (len < 0 || len > GRAPH_ELEMENTS_MAX)
        return graph_refuse(n, err, -ENOTSUP, "dimension %zu of its result is %lld", i,
                            (long long)len);
    return graph_table(b, n, (size_t)len, sizeof(int32_t), &v->at[i], err);
}

int graph_view_all(struct graph_builder *b, const struct onnx_node *n,
                   const struct graph_symbol *s, struct graph_view *ret, struct error *err)
{
    struct graph_view v = {.dims = graph_dims_of(b, s), .batched = graph_batched(b, s)};
    int64_t step = 1;
    int r = 0;

    for (size_t i = v.dims.rank; r == 0 && i-- > 0;) {
        v.axis[i] = (int)i;
        r = graph_view_axis(b, n, &v, i, v.dims.at[i], err);
        for (int64_t c = 0; r == 0 && c < v.dims.at[i]; c++)
            v.at[i][c] = (int32_t)(c * step);
        if (r == 0 && (__builtin_mul_overflow(step, v.dims.at[i], &step) || step > INT32_MAX))
            r = graph_refuse(n, err, -ENOTSUP, "its input has over %d elements", INT32_MAX);
    }
    *ret = v;
    return r;
}

static int count_view(const struct onnx_node *n, const struct graph_view *v, size_t *ret,
                      struct error *err)
{
    size_t count = 1;

    for (size_t i = 0; i < v->dims.rank; i++)
        if (__builtin_mul_overflow(count, (size_t)v->dims.at[i], &count) ||
            count > GRAPH_ELEMENTS_MAX)
            return graph_refuse(n, err, -ENOTSUP, "its result has over %d elements",
                                GRAPH_ELEMENTS_MAX);
    *ret = count;
    return 0;
}

/* The list of all elements, in order. */
static int list_view(struct graph_builder *b, const struct onnx_node *n,
                     const struct graph_view *v, size_t *count, int32_t **ret,
                     struct error *err)
{
    int64_t at[ONNX_RANK_MAX] = {0};
    int32_t *list = NULL;
    int r = count_view(n, v, count, err);

    if (r == 0)
        r = graph_table(b, n, *count, sizeof(*list), &list, err);
    for (size_t k = 0; r == 0 && k < *count; k++) {
        int32_t sum = 0;

        for (size_t i = 0; i < v->dims.rank && sum != GRAPH_NOWHERE; i++)
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): every axis has its list */
            sum = v->at[i][at[i]] == GRAPH_NOWHERE ? GRAPH_NOWHERE : sum + v->at[i][at[i]];
        list[k] = sum;
        for (size_t i = v->dims.rank; i-- > 0 && ++at[i] == v->dims.at[i];)
            at[i] = 0;
    }
    *ret = list;
    return r;
}

static int take_constant(struct graph_builder *b, const struct onnx_node *n,
                         const struct onnx_tensor *from, const struct graph_view *v,
                         struct graph_symbol *ret, struct error *err)
{
    size_t len = onnx_element_len(from->type);
    struct onnx_tensor *t = NULL;
    uint8_t *to = NULL;
    int32_t *list = NULL;
    size_t count = 0;
    int r = len ? 0
                : graph_refuse(n, err, -ENOTSUP, "its constant has element type %d",
                               (int)from->type);

    if (r == 0)
        r = list_view(b, n, v, &count, &list, err);
    if (r == 0)
        r = graph_constant(b, n, from->type, &v->dims, &t, &to, err);
    for (size_t k = 0; r == 0 && k < count; k++)
        if (list[k] == GRAPH_NOWHERE)
            graph_store(t, to, k, (int64_t)v->filler, (double)v->filler);
        else
            memcpy(to + k * len, (const uint8_t *)from->data + (size_t)list[k] * len, len);
    *ret = (struct graph_symbol){.constant = t};
    return r;
}

static bool is_everything(const int32_t *list, size_t count, size_t of)
{
    size_t k = 0;

    while (k < count && list[k] == (int32_t)k)
        k++;
    return k == count && count == of;
}

int graph_view_take(struct graph_builder *b, const struct onnx_node *n,
                    const struct graph_symbol *s, const struct graph_view *v,
                    struct graph_symbol *ret, struct error *err)
{
    bool batched = v->batched && v->dims.rank > 0 && v->axis[0] == 0 && v->dims.at[0] == 1;
    struct graph_node *node = NULL;
    struct graph_shape shape = {0};
    int32_t *list = NULL;
    size_t count = 0;
    int r = 0;

    if (s->constant)
        return take_constant(b, n, s->constant, v, ret, err);
    r = graph_shape_from(b, n, &v->dims, batched, &shape, err);
    if (r == 0)
        r = list_view(b, n, v, &count, &list, err);
    if (r == 0)
        r = graph_insert(b, n, GRAPH_MOVE, s->value, &shape, &node, err);
    if (r != 0)
        return r;
    if (is_everything(list, count, b->graph->values[s->value].shape.count))
        node->kind = GRAPH_RESHAPE;
    node->index = list;
    node->filler = v->filler;
    *ret = (struct graph_symbol){.value = node->out};
    return 0;
}

int graph_view_permute(struct graph_builder *b, const struct onnx_node *n,
                       const struct graph_symbol *s, const size_t order[ONNX_RANK_MAX],
                       struct graph_symbol *ret, struct error *err)
{
    struct graph_view all = {0};
    struct graph_view v = {0};
    int r = graph_view_all(b, n, s, &all, err);

    v = all;
    for (size_t i = 0; r == 0 && i < v.dims.rank; i++) {
        v.dims.at[i] = all.dims.at[order[i]];
        v.axis[i] = (int)order[i];
        v.at[i] = all.at[order[i]];
    }
    return r == 0 ? graph_view_take(b, n, s, &v, ret, err) : r;
}

int graph_view_as(struct graph_builder *b, const struct onnx_node *n,
                  const struct graph_symbol *s, const struct graph_dims *dims, bool batched,
                  struct graph_symbol *ret, struct error *err)
{
    struct onnx_tensor *t = NULL;
    struct graph_node *node = NULL;
    struct graph_shape shape = {0};
    int r = 0;

    if (s->constant) {
        r = graph_table(b, n, 1, sizeof(*t), &t, err);
        if (r == 0) {
            *t = *s->constant;
            t->rank = dims->rank;
            memcpy(t->dims, dims->at, sizeof(t->dims));
            *ret = (struct graph_symbol){.constant = t};
        }
        return r;
    }
    r = graph_shape_from(b, n, dims, batched, &shape, err);
    if (r == 0 && shape.count != b->graph->values[s->value].shape.count)
        r = graph_refuse(n, err, -EBADMSG, "it makes %zu numbers of %zu for each picture",
                         shape.count, b->graph->values[s->value].shape.count);
    if (r == 0)
        r = graph_insert(b, n, GRAPH_RESHAPE, s->value, &shape, &node, err);
    if (r == 0)
        *ret = (struct graph_symbol){.value = node->out};
    return r;
}

int graph_view_spread(struct graph_builder *b, const struct onnx_node *n,
                      const struct graph_symbol *s, const struct graph_dims *dims, bool batched,
                      struct graph_symbol *ret, struct error *err)
{
    struct graph_dims from = graph_dims_of(b, s);
    size_t more = dims->rank - from.rank;
    struct graph_view all = {0};
    struct graph_view v = {.dims = *dims, .batched = batched};
    int r = 0;

    if (memcmp(&from, dims, sizeof(from)) == 0 &&
        (s->constant || graph_batched(b, s) == batched)) {
        *ret = *s;
        return 0;
    }
    r = graph_view_all(b, n, s, &all, err);
    for (size_t i = 0; r == 0 && i < dims->rank; i++) {
        bool own = i >= more && from.at[i - more] == dims->at[i];

        v.axis[i] = i >= more ? (int)(i - more) : -1;
        if (own)
            v.at[i] = all.at[i - more];
        else if (i >= more && from.at[i - more] != 1)
            r = graph_refuse(n, err, -EBADMSG, "%lld does not broadcast to %lld",
                             (long long)from.at[i - more], (long long)dims->at[i]);
        else
            r = graph_view_axis(b, n, &v, i, dims->at[i], err);
    }
    /* What has no batch of its own is the same for each picture. */
    if (r == 0 && batched)
        v.axis[0] = 0;
    return r == 0 ? graph_view_take(b, n, s, &v, ret, err) : r;
}

int graph_value_of(struct graph_builder *b, const struct onnx_node *n,
                   const struct graph_symbol *s, size_t *ret, struct error *err)
{
    struct graph_node *node = NULL;
    struct graph_shape shape = {.rank = 0};
    const float *numbers = NULL;
    size_t dims[ONNX_RANK_MAX] = {0};
    int r = 0;

    *ret = s->value;
    if (!s->constant)
        return 0;
    r = graph_floats(b, n, s->constant, &numbers, err);
    for (size_t i = 0; i < s->constant->rank; i++)
        dims[i] = (size_t)s->constant->dims[i];
    if (r == 0)
        r = graph_shape_set(&shape, n, s->constant->rank, dims, err);
    shape.alone = 1;
    if (r == 0)
        r = graph_insert(b, n, GRAPH_CONSTANT, 0, &shape, &node, err);
    if (r == 0)
        r = graph_weights(b, node, shape.count, 0, err);
    if (r != 0)
        return r;
    memcpy(node->weights, numbers, shape.count * sizeof(float));
    node->n_in = 0;
    *ret = node->out;
    return 0;
}
