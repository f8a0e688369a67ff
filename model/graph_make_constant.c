#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Operators that make constants of nothing, or of constants alone. */

int graph_make_constant(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct onnx_attribute *a = n->attributes;
    struct onnx_tensor *t = NULL;
    int r = graph_table(b, n, 1, sizeof(*t), &t, err);

    if (r != 0)
        return r;
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

/* A dimension that is the batch counts as 1: what is in it is the same for every picture. */
static void hide_batch(const struct graph_builder *b, struct graph_dims *dims)
{
    if (dims->rank > 0 && dims->at[0] == graph_batch(b))
        dims->at[0] = 1;
}

int graph_make_constant_of_shape(struct graph_builder *b, const struct onnx_node *n,
                                 struct error *err)
{
    const struct onnx_attribute *a = graph_attribute(n, "value");
    const struct onnx_tensor *value = a ? &a->t : NULL;
    int32_t type = value ? value->type : ONNX_FLOAT;
    struct graph_dims dims = {0};
    struct onnx_tensor *t = NULL;
    void *data = NULL;
    int r = graph_input_ints(b, n, 0, dims.at, &dims.rank, err);

    hide_batch(b, &dims);
    if (r == 0 && (onnx_element_len(type) == 0 || (value && value->count != 1)))
        r = graph_refuse(n, err, -ENOTSUP, "its value is %zu of element type %d",
                         value ? value->count : 0, (int)type);
    if (r == 0)
        r = graph_constant(b, n, type, &dims, &t, &data, err);
    for (size_t i = 0; r == 0 && i < t->count; i++)
        graph_store(t, data, i, value ? graph_whole(value, 0) : 0,
                    value ? graph_number(value, 0) : 0);
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.constant = t}, err) : r;
}

int graph_make_range(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct onnx_tensor *from[3] = {0};
    struct graph_dims dims = {.rank = 1};
    struct onnx_tensor *t = NULL;
    int64_t *data = NULL;
    int64_t start = 0;
    int64_t step = 0;
    int r = 0;

    for (size_t i = 0; i < 3; i++) {
        const struct graph_symbol *s = graph_input(b, n, i);

        if (!s || !s->constant || s->constant->type != ONNX_INT64 || s->constant->count != 1)
            return graph_refuse(n, err, -ENOTSUP, "input %zu must be one constant int64", i);
        from[i] = s->constant;
    }
    start = graph_whole(from[0], 0);
    step = graph_whole(from[2], 0);
    if (step == 0 || start < -INT32_MAX || start > INT32_MAX || step > INT32_MAX ||
        step < -INT32_MAX || graph_whole(from[1], 0) > INT32_MAX ||
        graph_whole(from[1], 0) < -INT32_MAX)
        return graph_refuse(n, err, -ENOTSUP, "its range is too large");
    dims.at[0] = (graph_whole(from[1], 0) - start + step - (step > 0 ? 1 : -1)) / step;
    dims.at[0] = dims.at[0] < 0 ? 0 : dims.at[0];
    r = graph_constant(b, n, ONNX_INT64, &dims, &t, &data, err);
    for (int64_t i = 0; r == 0 && i < dims.at[0]; i++)
        data[i] = start + i * step;
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.constant = t}, err) : r;
}

/* Two constants, elements of `a` and `b` broadcast to one another. */
static int both(struct graph_builder *b, const struct onnx_node *n, size_t first,
                const struct graph_dims *dims, const struct onnx_tensor **ret,
                struct error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < 2; i++) {
        const struct graph_symbol *s = graph_input(b, n, first + i);
        struct graph_symbol spread = {0};

        r = graph_view_spread(b, n, s, dims, false, &spread, err);
        ret[i] = spread.constant;
    }
    return r;
}

/* The dimensions that all inputs broadcast to, which must be constant. */
static int common(struct graph_builder *b, const struct onnx_node *n, struct graph_dims *ret,
                  struct error *err)
{
    for (size_t i = 0; i < n->n_inputs; i++) {
        const struct graph_symbol *s = graph_input(b, n, i);

        if (!s || !s->constant)
            return graph_refuse(n, err, -ENOTSUP, "input %zu must be constant", i);
        if (s->constant->count >= 1 && s->constant->rank >= ret->rank) {
            struct graph_dims dims = graph_dims_of(b, s);

            for (size_t k = 0; k < ret->rank; k++)
                if (dims.at[k + dims.rank - ret->rank] == 1)
                    dims.at[k + dims.rank - ret->rank] = ret->at[k];
            *ret = dims;
        }
    }
    return 0;
}

static const struct comparison {
    const char *op;
    enum kernels_pair pair;
    bool opposite;
} comparisons[] = {
    {"Equal",          KERNELS_EQUAL,   false},
    {"Greater",        KERNELS_GREATER, false},
    {"GreaterOrEqual", KERNELS_LESS,    true },
    {"Less",           KERNELS_LESS,    false},
    {"LessOrEqual",    KERNELS_GREATER, true },
};

static const struct comparison *comparison_of(const struct onnx_node *n)
{
    const struct comparison *c = comparisons;

    while (strcmp(c->op, n->op) != 0)
        c++;
    return c;
}

/* 1 where it is 0, else 0. */
static int is_zero(struct graph_builder *b, const struct onnx_node *n,
                   const struct graph_symbol *s, struct graph_symbol *ret, struct error *err)
{
    const struct graph_dims one = {0};
    struct onnx_tensor *t = NULL;
    void *data = NULL;
    int r = graph_constant(b, n, s->constant ? s->constant->type : ONNX_FLOAT, &one, &t, &data,
                           err);

    return r == 0 ? graph_combine(b, n, KERNELS_EQUAL, s, &(struct graph_symbol){.constant = t},
                                  ret, err)
                  : r;
}

int graph_truth(struct graph_builder *b, const struct onnx_node *n,
                const struct graph_symbol *s, struct graph_symbol *ret, struct error *err)
{
    struct graph_symbol otherwise = {0};
    int r = is_zero(b, n, s, &otherwise, err);

    return r == 0 ? is_zero(b, n, &otherwise, ret, err) : r;
}

/* Of what depends on the picture: 1 or 0. What is not less is greater or equal. */
static int compare_values(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct comparison *c = comparison_of(n);
    struct graph_symbol opposite = {0};
    struct graph_symbol result = {0};
    int r =
        graph_combine(b, n, c->pair, graph_input(b, n, 0), graph_input(b, n, 1), &result, err);

    if (r == 0 && c->opposite) {
        opposite = result;
        r = is_zero(b, n, &opposite, &result, err);
    }
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

int graph_make_not(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = is_zero(b, n, s, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* Where a condition holds x, where not y: what is masked out of either is 0, and they are
 * added. */
static int choose_values(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *condition = graph_input(b, n, 0);
    struct graph_symbol otherwise = {0};
    struct graph_symbol x = {0};
    struct graph_symbol y = {0};
    struct graph_symbol result = {0};
    int r = 0;

    if (condition->constant)
        r = graph_refuse(n, err, -ENOTSUP, "its condition must depend on the picture too");
    if (r == 0)
        r = is_zero(b, n, condition, &otherwise, err);
    if (r == 0)
        r = graph_combine(b, n, KERNELS_MASK, graph_input(b, n, 1), condition, &x, err);
    if (r == 0)
        r = graph_combine(b, n, KERNELS_MASK, graph_input(b, n, 2), &otherwise, &y, err);
    if (r == 0)
        r = graph_combine(b, n, KERNELS_ADD, &x, &y, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

static bool all_constant(const struct graph_builder *b, const struct onnx_node *n)
{
    for (size_t i = 0; i < n->n_inputs; i++)
        if (graph_input(b, n, i) && !graph_input(b, n, i)->constant)
            return false;
    return true;
}

int graph_make_compare(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct comparison *c = comparison_of(n);
    const struct onnx_tensor *from[2] = {0};
    struct graph_dims dims = {0};
    struct onnx_tensor *t = NULL;
    uint8_t *data = NULL;
    int r = 0;

    if (!all_constant(b, n))
        return compare_values(b, n, err);
    r = common(b, n, &dims, err);
    if (r == 0)
        r = both(b, n, 0, &dims, from, err);
    if (r == 0)
        r = graph_constant(b, n, ONNX_BOOL, &dims, &t, &data, err);
    for (size_t i = 0; r == 0 && i < t->count; i++) {
        double x = graph_number(from[0], i);
        double y = graph_number(from[1], i);

        data[i] = c->opposite != (c->pair == KERNELS_EQUAL  ? x == y
                                  : c->pair == KERNELS_LESS ? x < y
                                                            : x > y);
    }
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.constant = t}, err) : r;
}

int graph_make_where(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *condition = NULL;
    const struct onnx_tensor *from[2] = {0};
    struct graph_symbol choice = {0};
    struct graph_dims dims = {0};
    struct onnx_tensor *t = NULL;
    void *data = NULL;
    int r = graph_input_any(b, n, 0, &condition, err);

    for (size_t i = 1; r == 0 && i < 3; i++)
        if (!graph_input(b, n, i))
            r = graph_refuse(n, err, -EBADMSG, "it lacks input %zu", i);
    if (r == 0 && !all_constant(b, n))
        return choose_values(b, n, err);
    if (r == 0)
        r = common(b, n, &dims, err);
    if (r == 0)
        r = both(b, n, 1, &dims, from, err);
    if (r == 0)
        r = graph_view_spread(b, n, condition, &dims, false, &choice, err);
    if (r == 0 && (from[0]->type != from[1]->type || !onnx_element_len(from[0]->type)))
        r = graph_refuse(n, err, -ENOTSUP, "its inputs have element types %d and %d",
                         (int)from[0]->type, (int)from[1]->type);
    if (r == 0)
        r = graph_constant(b, n, from[0]->type, &dims, &t, &data, err);
    for (size_t i = 0; r == 0 && i < t->count; i++) {
        const struct onnx_tensor *one = from[graph_whole(choice.constant, i) ? 0 : 1];

        graph_store(t, data, i, graph_is_whole(one) ? graph_whole(one, i) : 0,
                    graph_number(one, i));
    }
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.constant = t}, err) : r;
}
