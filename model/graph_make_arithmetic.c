#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Operators of two values, or of a value and a constant, that are broadcast to each other. */

enum { OPSET_BROADCASTS_ALWAYS = 7 };

static const struct {
    const char *op;
    enum kernels_pair pair;
} pairs[] = {
    {"Add",   KERNELS_ADD     },
    {"And",   KERNELS_MINIMUM }, /* of what is 1 or 0 */
    {"Sub",   KERNELS_SUBTRACT},
    {"Mul",   KERNELS_MULTIPLY},
    {"Div",   KERNELS_DIVIDE  },
    {"Max",   KERNELS_MAXIMUM },
    {"Mean",  KERNELS_ADD     },
    {"Min",   KERNELS_MINIMUM },
    {"Or",    KERNELS_MAXIMUM },
    {"Pow",   KERNELS_POWER   },
    {"PRelu", KERNELS_PRELU   },
    {"Sum",   KERNELS_ADD     },
};

static enum kernels_pair pair_of(const struct onnx_node *n)
{
    size_t i = 0;

    while (strcmp(pairs[i].op, n->op) != 0)
        i++;
    return pairs[i].pair;
}

static int broadcast(const struct onnx_node *n, const struct graph_dims *a,
                     const struct graph_dims *b, struct graph_dims *ret, struct error *err)
{
    ret->rank = a->rank > b->rank ? a->rank : b->rank;
    for (size_t i = 0; i < ret->rank; i++) {
        int64_t x = i + a->rank >= ret->rank ? a->at[i + a->rank - ret->rank] : 1;
        int64_t y = i + b->rank >= ret->rank ? b->at[i + b->rank - ret->rank] : 1;

        if (x != y && x != 1 && y != 1)
            return graph_refuse(n, err, -EBADMSG, "its inputs do not broadcast: %lld and %lld",
                                (long long)x, (long long)y);
        ret->at[i] = x == 1 ? y : x;
    }
    return 0;
}

/* One of two whole numbers, the first of which is a multiple of nothing but the batch. */
static int whole_pair(const struct onnx_node *n, enum kernels_pair pair, int64_t x, int64_t y,
                      int64_t *ret, struct error *err)
{
    bool overflow = false;

    switch (pair) {
    case KERNELS_ADD:
        overflow = __builtin_add_overflow(x, y, ret);
        break;
    case KERNELS_SUBTRACT:
        overflow = __builtin_sub_overflow(x, y, ret);
        break;
    case KERNELS_MULTIPLY:
        overflow = __builtin_mul_overflow(x, y, ret);
        break;
    case KERNELS_MAXIMUM:
        *ret = x > y ? x : y;
        break;
    case KERNELS_MINIMUM:
        *ret = x < y ? x : y;
        break;
    case KERNELS_DIVIDE:
        if (y == 0 || y == -1)
            return graph_refuse(n, err, -EBADMSG, "it divides by %lld", (long long)y);
        *ret = x / y;
        break;
    case KERNELS_EQUAL:
        *ret = x == y;
        break;
    case KERNELS_LESS:
    case KERNELS_GREATER:
    case KERNELS_MASK:
    case KERNELS_POWER:
    case KERNELS_PRELU:
        return graph_refuse(n, err, -ENOTSUP, "digitd does it for float32 only");
    }
    return overflow ? graph_refuse(n, err, -EBADMSG, "its numbers are too large") : 0;
}

static int fold(struct graph_builder *b, const struct onnx_node *n, enum kernels_pair pair,
                const struct onnx_tensor *x, const struct onnx_tensor *y,
                struct graph_symbol *ret, struct error *err)
{
    struct graph_dims dims = {.rank = x->rank};
    struct onnx_tensor *t = NULL;
    void *data = NULL;
    int r = 0;

    if (x->type != y->type || onnx_element_len(x->type) == 0)
        return graph_refuse(n, err, -ENOTSUP, "its inputs have element types %d and %d",
                            (int)x->type, (int)y->type);
    memcpy(dims.at, x->dims, sizeof(dims.at));
    r = graph_constant(b, n, x->type, &dims, &t, &data, err);
    for (size_t i = 0; r == 0 && i < t->count; i++) {
        int64_t whole = 0;

        if (graph_is_whole(t))
            r = whole_pair(n, pair, graph_whole(x, i), graph_whole(y, i), &whole, err);
        graph_store(t, data, i, whole,
                    (double)activation_pair_generic(pair, (float)graph_number(x, i),
                                                    (float)graph_number(y, i)));
    }
    *ret = (struct graph_symbol){.constant = t};
    return r;
}

/* One number for each channel of a value, if the constant is broadcast like that. */
static const float *by_channel(const struct graph_shape *shape, const struct onnx_tensor *t,
                               const float *numbers, size_t *step)
{
    size_t own = shape->rank > 0 ? shape->dims[0] : 0;

    if (shape->alone || (shape->rank != 1 && shape->rank != 3) || t->rank > shape->rank + 1)
        return NULL;
    *step = t->count == 1 ? 0 : 1;
    if (t->count != 1 && (t->count != own || t->rank < shape->rank ||
                          t->dims[t->rank - shape->rank] != (int64_t)own))
        return NULL;
    return numbers;
}

struct scaling {
    const float *c;
    size_t step; /* 0: one for all channels */
    bool reversed;
};

/* x + c, x - c, c - x, x * c and x / c scale and shift, which can be folded into weights. */
static int scale_and_shift(struct graph_builder *b, const struct onnx_node *n,
                           enum kernels_pair pair, size_t value, const struct scaling *s,
                           struct graph_symbol *ret, struct error *err)
{
    const struct graph_shape shape = b->graph->values[value].shape;
    bool factor = pair == KERNELS_MULTIPLY || pair == KERNELS_DIVIDE;
    bool difference = pair == KERNELS_SUBTRACT;
    struct graph_node *node = NULL;
    int r = graph_insert(b, n, GRAPH_AFFINE, value, &shape, &node, err);

    if (r == 0)
        r = graph_weights(b, node, shape.dims[0], shape.dims[0], err);
    for (size_t i = 0; r == 0 && i < shape.dims[0]; i++) {
        float x = s->c[i * s->step];

        node->weights[i] = difference && s->reversed ? -1 : 1;
        node->bias[i] = difference && !s->reversed ? -x : x;
        if (factor) {
            node->weights[i] = pair == KERNELS_DIVIDE ? 1 / x : x;
            node->bias[i] = 0;
        }
        if (!isfinite(node->weights[i]))
            r = graph_refuse(n, err, -EBADMSG, "it divides by %g", (double)x);
    }
    if (r == 0)
        *ret = (struct graph_symbol){.value = node->out};
    return r;
}

static int with_constant(struct graph_builder *b, const struct onnx_node *n,
                         enum kernels_pair pair, const struct graph_symbol *value,
                         const struct onnx_tensor *t, bool reversed, struct graph_symbol *ret,
                         struct error *err)
{
    const struct graph_shape shape = b->graph->values[value->value].shape;
    struct graph_node *node = NULL;
    const float *numbers = NULL;
    int r = graph_floats(b, n, t, &numbers, err);

    if (r == 0)
        r = graph_insert(b, n, GRAPH_BINARY, value->value, &shape, &node, err);
    if (r == 0)
        r = graph_weights(b, node, shape.count, 0, err);
    if (r != 0)
        return r;
    memcpy(node->weights, numbers, shape.count * sizeof(float));
    node->pair = pair;
    node->reversed = reversed;
    *ret = (struct graph_symbol){.value = node->out};
    return 0;
}

static int of_values(struct graph_builder *b, const struct onnx_node *n, enum kernels_pair pair,
                     size_t left, size_t right, struct graph_symbol *ret, struct error *err)
{
    const struct graph_shape shape = b->graph->values[left].shape;
    struct graph_node *node = NULL;
    int r = graph_insert(b, n, pair == KERNELS_ADD ? GRAPH_ADD : GRAPH_BINARY, left, &shape,
                         &node, err);

    if (r != 0)
        return r;
    node->in[1] = right;
    node->n_in = 2;
    node->pair = pair;
    *ret = (struct graph_symbol){.value = node->out};
    return 0;
}

/* If one is a constant and the other is not, and that can be written as scale and shift. */
static int try_affine(struct graph_builder *b, const struct onnx_node *n,
                      enum kernels_pair pair, const struct graph_symbol *left,
                      const struct graph_symbol *right, struct graph_symbol *ret, bool *done,
                      struct error *err)
{
    bool reversed = left->constant != NULL;
    const struct graph_symbol *value = reversed ? right : left;
    const struct onnx_tensor *t = reversed ? left->constant : right->constant;
    const float *numbers = NULL;
    size_t step = 0;
    int r = 0;

    *done = false;
    if (!t || value->constant || pair > KERNELS_DIVIDE || (pair == KERNELS_DIVIDE && reversed))
        return 0;
    r = graph_floats(b, n, t, &numbers, err);
    if (r != 0 || t->count == 0 ||
        !by_channel(&b->graph->values[value->value].shape, t, numbers, &step))
        return r;
    *done = true;
    return scale_and_shift(b, n, pair, value->value, &(struct scaling){numbers, step, reversed},
                           ret, err);
}

int graph_combine(struct graph_builder *b, const struct onnx_node *n, enum kernels_pair pair,
                  const struct graph_symbol *left, const struct graph_symbol *right,
                  struct graph_symbol *ret, struct error *err)
{
    struct graph_dims a = graph_dims_of(b, left);
    struct graph_dims c = graph_dims_of(b, right);
    struct graph_dims dims = {0};
    struct graph_symbol x = {0};
    struct graph_symbol y = {0};
    bool batched = (graph_batched(b, left) && a.rank >= c.rank) ||
                   (graph_batched(b, right) && c.rank >= a.rank);
    bool done = false;
    int r = broadcast(n, &a, &c, &dims, err);

    if (r == 0 && batched && dims.at[0] != 1)
        batched = false;
    if (r == 0)
        r = try_affine(b, n, pair, left, right, ret, &done, err);
    if (r != 0 || done)
        return r;
    r = graph_view_spread(b, n, left, &dims, batched, &x, err);
    if (r == 0)
        r = graph_view_spread(b, n, right, &dims, batched, &y, err);
    if (r != 0)
        return r;
    if (x.constant && y.constant)
        return fold(b, n, pair, x.constant, y.constant, ret, err);
    if (y.constant)
        return with_constant(b, n, pair, &x, y.constant, false, ret, err);
    if (x.constant)
        return with_constant(b, n, pair, &y, x.constant, true, ret, err);
    return of_values(b, n, pair, x.value, y.value, ret, err);
}

/* Before operator set 7, the second input is put under the first from attribute 'axis' on. */
static int align(struct graph_builder *b, const struct onnx_node *n,
                 const struct graph_symbol *left, struct graph_symbol *right, struct error *err)
{
    struct graph_dims dims = graph_dims_of(b, right);
    size_t rank = graph_dims_of(b, left).rank;
    size_t axis = 0;
    struct graph_symbol aligned = {0};
    int r = 0;

    if (b->onnx->opset >= OPSET_BROADCASTS_ALWAYS || !graph_attribute(n, "axis"))
        return 0;
    r = graph_axis(n, graph_int(n, "axis", 0), rank, &axis, err);
    if (r == 0 && axis + dims.rank > rank)
        r = graph_refuse(n, err, -EBADMSG, "axis %zu and %zu dimensions of %zu", axis,
                         dims.rank, rank);
    while (r == 0 && axis + dims.rank < rank)
        dims.at[dims.rank++] = 1;
    if (r == 0)
        r = graph_view_as(b, n, right, &dims, false, &aligned, err);
    if (r == 0)
        *right = aligned;
    return r;
}

/* Mean is a sum so far. */
static int divide(struct graph_builder *b, const struct onnx_node *n, struct graph_symbol *sum,
                  struct error *err)
{
    const struct graph_dims one = {0};
    struct graph_symbol result = {0};
    struct onnx_tensor *t = NULL;
    float *data = NULL;
    int r = graph_constant(b, n, ONNX_FLOAT, &one, &t, &data, err);

    if (r != 0)
        return r;
    *data = (float)n->n_inputs;
    r = graph_combine(b, n, KERNELS_DIVIDE, sum, &(struct graph_symbol){.constant = t}, &result,
                      err);
    *sum = result;
    return r;
}

/* Add, Sub and the like; Max, Mean, Min and Sum take any number of inputs. */
int graph_make_pair(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *first = NULL;
    struct graph_symbol sum = {0};
    int r = graph_input_any(b, n, 0, &first, err);

    if (r == 0)
        sum = *first;
    for (size_t i = 1; r == 0 && i < n->n_inputs; i++) {
        const struct graph_symbol *next = NULL;
        struct graph_symbol right = {0};
        struct graph_symbol both = {0};

        r = graph_input_any(b, n, i, &next, err);
        if (r == 0) {
            right = *next;
            r = align(b, n, &sum, &right, err);
        }
        if (r == 0)
            r = graph_combine(b, n, pair_of(n), &sum, &right, &both, err);
        sum = both;
    }
    if (r == 0 && strcmp(n->op, "Mean") == 0)
        r = divide(b, n, &sum, err);
    return r == 0 ? graph_bind(b, n, sum, err) : r;
}
