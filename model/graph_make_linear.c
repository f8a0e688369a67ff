#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_quant.h"

/* Operators that multiply and add. */

/* y = alpha * x . weights, with weights [in][out], or [out][in] if `transposed`: a layer whose
 * bias is still 0. */
static int make_dense(struct graph_builder *b, const struct onnx_node *n, size_t value,
                      const struct onnx_tensor *weights, bool transposed, float alpha,
                      struct graph_node **ret, struct error *err)
{
    const float *from = weights->data;
    size_t n_in = (size_t)weights->dims[transposed ? 1 : 0];
    size_t n_out = (size_t)weights->dims[transposed ? 0 : 1];
    struct graph_shape out = {0};
    int r = graph_shape_set(&out, n, 1, &n_out, err);

    if (r == 0)
        r = graph_insert(b, n, GRAPH_DENSE, value, &out, ret, err);
    if (r == 0)
        r = graph_weights(b, *ret, weights->count, n_out, err);
    for (size_t o = 0; r == 0 && o < n_out; o++)
        for (size_t i = 0; i < n_in; i++)
            (*ret)->weights[o * n_in + i] =
                alpha * (transposed ? from[o * n_in + i] : from[i * n_out + o]);
    if (r == 0 && alpha == 1)
        r = graph_quant_remember(b, *ret, weights, !transposed, err);
    return r;
}

/* Factors with the dimensions [...][height][row] and [...][row][width]. */
struct factors {
    struct graph_symbol left, right;
    struct graph_dims a, b, out;
    bool batched;
};

/* A list is a row on the left and a column on the right. */
static int as_matrices(struct graph_builder *b, const struct onnx_node *n, struct factors *f,
                       struct error *err)
{
    int r = 0;

    if (f->a.rank == 0 || f->b.rank == 0)
        return graph_refuse(n, err, -EBADMSG, "one of its inputs is one number");
    if (f->a.rank == 1) {
        f->a = (struct graph_dims){
            2, {1, f->a.at[0]}
        };
        r = graph_view_as(b, n, &f->left, &f->a, false, &f->left, err);
    }
    if (r == 0 && f->b.rank == 1) {
        f->b = (struct graph_dims){
            2, {f->b.at[0], 1}
        };
        r = graph_view_as(b, n, &f->right, &f->b, false, &f->right, err);
    }
    if (r == 0 && f->a.at[f->a.rank - 1] != f->b.at[f->b.rank - 2])
        r = graph_refuse(n, err, -EBADMSG,
                         "its weights are for %lld numbers, its input has %lld",
                         (long long)f->b.at[f->b.rank - 2], (long long)f->a.at[f->a.rank - 1]);
    return r;
}

/* Of the result: what is before the matrices is broadcast. */
static int measure(const struct graph_builder *b, const struct onnx_node *n, struct factors *f,
                   struct error *err)
{
    struct graph_dims *out = &f->out;
    bool left = graph_batched(b, &f->left);
    bool right = graph_batched(b, &f->right);

    out->rank = f->a.rank > f->b.rank ? f->a.rank : f->b.rank;
    for (size_t i = 0; i + 2 < out->rank; i++) {
        int64_t x = i + f->a.rank >= out->rank ? f->a.at[i + f->a.rank - out->rank] : 1;
        int64_t y = i + f->b.rank >= out->rank ? f->b.at[i + f->b.rank - out->rank] : 1;

        if (x != y && x != 1 && y != 1)
            return graph_refuse(n, err, -EBADMSG, "its inputs do not broadcast: %lld and %lld",
                                (long long)x, (long long)y);
        out->at[i] = x == 1 ? y : x;
    }
    out->at[out->rank - 2] = f->a.at[f->a.rank - 2];
    out->at[out->rank - 1] = f->b.at[f->b.rank - 1];
    if (!graph_single(b) && ((left && f->a.rank < out->rank) ||
                             (right && (f->b.rank < out->rank || f->b.rank < 3))))
        return graph_refuse(n, err, -ENOTSUP, "it mixes the pictures of the batch");
    f->batched =
        (left && f->a.rank == out->rank) || (right && f->b.rank == out->rank && out->rank > 2);
    return 0;
}

/* Both with the same dimensions before the matrices. */
static int spread(struct graph_builder *b, const struct onnx_node *n, struct factors *f,
                  struct error *err)
{
    struct graph_dims a = f->out;
    struct graph_dims c = f->out;
    struct graph_symbol left = {0};
    struct graph_symbol right = {0};
    int r = 0;

    a.at[a.rank - 1] = f->a.at[f->a.rank - 1];
    c.at[c.rank - 2] = f->b.at[f->b.rank - 2];
    r = graph_view_spread(b, n, &f->left, &a, f->batched, &left, err);
    if (r == 0)
        r = graph_view_spread(b, n, &f->right, &c, f->batched, &right, err);
    f->left = left;
    f->right = right;
    return r;
}

static int insert_product(struct graph_builder *b, const struct onnx_node *n,
                          const struct factors *f, bool shared, struct graph_symbol *ret,
                          struct error *err)
{
    const struct onnx_tensor *weights = f->right.constant;
    const float *numbers = NULL;
    struct graph_shape shape = {0};
    struct graph_node *node = NULL;
    size_t left = 0;
    size_t height = 1;
    size_t row = (size_t)f->a.at[f->a.rank - 1];
    size_t width = (size_t)f->b.at[f->b.rank - 1];
    int r = graph_value_of(b, n, &f->left, &left, err);

    if (r == 0)
        r = graph_shape_from(b, n, &f->out, f->batched, &shape, err);
    if (r == 0 && weights)
        r = graph_floats(b, n, weights, &numbers, err);
    if (r == 0)
        r = graph_insert(b, n, GRAPH_PRODUCT, left, &shape, &node, err);
    if (r == 0 && weights)
        r = graph_weights(b, node, weights->count, 0, err);
    if (r != 0)
        return r;
    if (weights)
        memcpy(node->weights, numbers, weights->count * sizeof(float));
    node->in[1] = weights ? left : f->right.value;
    node->n_in = weights ? 1 : 2;
    height = shared ? shape.count / width : (size_t)f->out.at[f->out.rank - 2];
    node->height = height;
    node->row = row;
    node->width = width;
    node->products = shape.count / (height * width);
    *ret = (struct graph_symbol){.value = node->out};
    return 0;
}

/* Without what a list was given to be a matrix. */
static int drop(struct graph_builder *b, const struct onnx_node *n, const struct factors *f,
                bool row, bool column, struct graph_symbol *s, struct error *err)
{
    struct graph_dims dims = f->out;

    if (column)
        dims.rank--;
    if (row) {
        dims.at[dims.rank - (column ? 1 : 2)] = dims.at[dims.rank - (column ? 0 : 1)];
        dims.rank--;
    }
    return row || column ? graph_view_as(b, n, s, &dims, f->batched, s, err) : 0;
}

/* One row of numbers for each picture. */
static bool is_list(const struct graph_builder *b, const struct graph_symbol *s)
{
    const struct graph_shape *shape = &b->graph->values[s->value].shape;

    return shape->rank == 1 && !shape->alone;
}

/* Of two constants, as where a weight is divided by its largest singular value. */
static int fold_product(struct graph_builder *b, const struct onnx_node *n,
                        const struct onnx_tensor *x, const struct onnx_tensor *y,
                        struct graph_symbol *ret, struct error *err)
{
    size_t row = x->rank > 0 ? (size_t)x->dims[x->rank - 1] : 0;
    size_t height = row > 0 ? x->count / row : 0;
    size_t width = y->rank == 2 ? (size_t)y->dims[1] : 1;
    struct graph_dims dims = {.rank = x->rank};
    struct onnx_tensor *t = NULL;
    float *data = NULL;
    int r = 0;

    if (x->rank < 1 || y->rank < 1 || y->rank > 2 || (size_t)y->dims[0] != row ||
        x->type != ONNX_FLOAT || y->type != ONNX_FLOAT ||
        (uint64_t)height * width * row > GRAPH_TABLES_MAX)
        return graph_refuse(n, err, -ENOTSUP, "one input must depend on the picture");
    memcpy(dims.at, x->dims, sizeof(dims.at));
    dims.at[dims.rank - 1] = (int64_t)width;
    dims.rank -= y->rank == 2 ? 0 : 1;
    r = graph_constant(b, n, ONNX_FLOAT, &dims, &t, &data, err);
    for (size_t i = 0; r == 0 && i < height * width; i++) {
        double sum = 0;

        for (size_t k = 0; k < row; k++)
            sum +=
                graph_number(x, i / width * row + k) * graph_number(y, k * width + i % width);
        data[i] = (float)sum;
    }
    *ret = (struct graph_symbol){.constant = t};
    return r;
}

static int multiply(struct graph_builder *b, const struct onnx_node *n,
                    const struct graph_symbol *x, const struct graph_symbol *y,
                    struct graph_symbol *ret, struct error *err)
{
    struct factors f = {
        .left = *x, .right = *y, .a = graph_dims_of(b, x), .b = graph_dims_of(b, y)};
    const struct onnx_tensor *t = y->constant;
    bool row = f.a.rank == 1;
    bool column = f.b.rank == 1;
    struct graph_node *node = NULL;
    int r = 0;

    if (x->constant && y->constant)
        return fold_product(b, n, x->constant, y->constant, ret, err);
    r = as_matrices(b, n, &f, err);
    if (r == 0)
        r = measure(b, n, &f, err);
    if (r != 0)
        return r;
    if (t && t->rank == 2 && !graph_is_whole(t) && !x->constant && is_list(b, &f.left)) {
        struct onnx_tensor weights = *t;
        const float *numbers = NULL;

        r = graph_floats(b, n, t, &numbers, err);
        weights.data = numbers;
        if (r == 0)
            r = make_dense(b, n, f.left.value, t->type == ONNX_FLOAT ? t : &weights, false, 1,
                           &node, err);
        if (r != 0)
            return r;
        *ret = (struct graph_symbol){.value = node->out};
        return drop(b, n, &f, row, column, ret, err);
    }
    if (!t || f.b.rank > 2)
        r = spread(b, n, &f, err);
    if (r == 0)
        r = insert_product(b, n, &f, t && f.b.rank == 2, ret, err);
    return r == 0 ? drop(b, n, &f, row, column, ret, err) : r;
}

int graph_make_matmul(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *left = NULL;
    const struct graph_symbol *right = NULL;
    struct graph_symbol result = {0};
    int r = graph_input_any(b, n, 0, &left, err);

    if (r == 0)
        r = graph_input_any(b, n, 1, &right, err);
    if (r == 0)
        r = multiply(b, n, left, right, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* s = factor * s */
static int scale(struct graph_builder *b, const struct onnx_node *n, float factor,
                 struct graph_symbol *s, struct error *err)
{
    const struct graph_dims one = {0};
    struct onnx_tensor *t = NULL;
    struct graph_symbol result = {0};
    float *data = NULL;
    int r = 0;

    if (factor == 1)
        return 0;
    r = graph_constant(b, n, ONNX_FLOAT, &one, &t, &data, err);
    if (r == 0) {
        *data = factor;
        r = graph_combine(b, n, KERNELS_MULTIPLY, s, &(struct graph_symbol){.constant = t},
                          &result, err);
    }
    *s = result;
    return r;
}

static int transpose(struct graph_builder *b, const struct onnx_node *n, const char *attribute,
                     struct graph_symbol *s, struct error *err)
{
    static const size_t order[ONNX_RANK_MAX] = {1, 0};

    if (graph_dims_of(b, s).rank != 2)
        return graph_refuse(n, err, -ENOTSUP, "it multiplies %zu dimensions; ONNX says 2",
                            graph_dims_of(b, s).rank);
    if (!graph_int(n, attribute, 0))
        return 0;
    if (graph_batched(b, s))
        return graph_refuse(n, err, -ENOTSUP, "attribute '%s' is 1, which mixes the pictures",
                            attribute);
    return graph_view_permute(b, n, s, order, s, err);
}

/* The layer that nearly all of them are, with its weights in the file's order. */
static int gemm_of_weights(struct graph_builder *b, const struct onnx_node *n,
                           const struct graph_symbol *x, struct graph_symbol *ret,
                           struct error *err)
{
    bool transposed = graph_int(n, "transB", 0) != 0;
    const struct graph_shape in = b->graph->values[x->value].shape;
    const struct onnx_tensor *weights = NULL;
    struct graph_node *node = NULL;
    int r = graph_input_floats(b, n, 1, &weights, err);

    if (r == 0 && weights->rank != 2)
        r = graph_refuse(n, err, -EBADMSG, "its weights have %zu dimensions, not 2",
                         weights->rank);
    if (r == 0 && (size_t)weights->dims[transposed ? 1 : 0] != in.count)
        r = graph_refuse(n, err, -EBADMSG,
                         "its weights are for %lld numbers, its input has %zu",
                         (long long)weights->dims[transposed ? 1 : 0], in.count);
    if (r == 0)
        r = make_dense(b, n, x->value, weights, transposed, graph_float(n, "alpha", 1), &node,
                       err);
    if (r == 0)
        *ret = (struct graph_symbol){.value = node->out};
    return r;
}

static int gemm(struct graph_builder *b, const struct onnx_node *n,
                const struct graph_symbol *left, const struct graph_symbol *right,
                struct graph_symbol *ret, struct error *err)
{
    struct graph_symbol x = *left;
    struct graph_symbol y = *right;
    int r = 0;

    if (!left->constant && is_list(b, left) && right->constant && !graph_int(n, "transA", 0))
        return gemm_of_weights(b, n, left, ret, err);
    r = transpose(b, n, "transA", &x, err);
    if (r == 0)
        r = transpose(b, n, "transB", &y, err);
    if (r == 0)
        r = multiply(b, n, &x, &y, ret, err);
    return r == 0 ? scale(b, n, graph_float(n, "alpha", 1), ret, err) : r;
}

int graph_make_gemm(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *left = NULL;
    const struct graph_symbol *right = NULL;
    const struct graph_symbol *third = graph_input(b, n, 2);
    struct graph_symbol c = {0};
    struct graph_symbol product = {0};
    struct graph_symbol result = {0};
    int r = graph_input_any(b, n, 0, &left, err);

    if (r == 0)
        r = graph_input_any(b, n, 1, &right, err);
    if (r == 0 &&
        !(isfinite(graph_float(n, "alpha", 1)) && isfinite(graph_float(n, "beta", 1))))
        r = graph_refuse(n, err, -EBADMSG, "attribute 'alpha' or 'beta' is not finite");
    if (r == 0)
        r = gemm(b, n, left, right, &product, err);
    if (r == 0 && third && graph_float(n, "beta", 1) != 0) {
        c = *third;
        r = scale(b, n, graph_float(n, "beta", 1), &c, err);
        if (r == 0)
            r = graph_combine(b, n, KERNELS_ADD, &product, &c, &result, err);
        product = result;
    }
    return r == 0 ? graph_bind(b, n, product, err) : r;
}
