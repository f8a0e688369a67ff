#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"
#include "model/model.h"

/* What scikit-learn's classifiers are made of, in ONNX's domain ai.onnx.ml. */

/* Classes are digits in their order, or an answer would be a wrong one: all of them, or fewer
 * where a classifier is only a part of another. */
static int check_classes(const struct onnx_node *n, const char *of_ints, const char *of_texts,
                         size_t *ret, struct error *err)
{
    const struct onnx_attribute *ints = graph_attribute(n, of_ints);
    const struct onnx_attribute *texts = graph_attribute(n, of_texts);
    size_t count = ints ? ints->n : texts ? texts->n : 0;
    bool digits = count > 1 && count <= MODEL_CLASSES;

    for (size_t i = 0; digits && i < count; i++)
        digits = ints ? ints->ints[i] == (int64_t)i
                      : texts->texts[i][0] == (char)('0' + i) && !texts->texts[i][1];
    *ret = count;
    return digits ? 0
                  : graph_refuse(n, err, -ENOTSUP,
                                 "its %zu classes are not the digits 0 to %d in this order",
                                 count, MODEL_CLASSES - 1);
}

/* A constant list out of an attribute of numbers. */
static int list_of(struct graph_builder *b, const struct onnx_node *n, const char *name,
                   struct graph_symbol *ret, struct error *err)
{
    const struct onnx_attribute *a = graph_attribute(n, name);
    struct graph_dims dims = {.rank = 1, .at = {a ? (int64_t)a->n : 0}};
    struct onnx_tensor *t = NULL;
    float *data = NULL;
    int r = 0;

    if (!a || a->n == 0)
        return graph_refuse(n, err, -EBADMSG, "it lacks attribute '%s'", name);
    r = graph_constant(b, n, ONNX_FLOAT, &dims, &t, &data, err);
    if (r == 0)
        memcpy(data, a->floats, a->n * sizeof(*data));
    *ret = (struct graph_symbol){.constant = t};
    return r;
}

static int over_last(struct graph_builder *b, const struct onnx_node *n, enum graph_rows rows,
                     const struct graph_symbol *s, struct graph_symbol *ret, struct error *err)
{
    bool axes[ONNX_RANK_MAX] = {0};
    size_t rank = graph_dims_of(b, s).rank;

    if (rank == 0)
        return graph_refuse(n, err, -EBADMSG, "its input is one number");
    axes[rank - 1] = true;
    return graph_over_rows(b, n, rows, s, axes, 0, ret, err);
}

/* Scores to probabilities, as attribute 'post_transform' says. */
static int transform(struct graph_builder *b, const struct onnx_node *n,
                     const struct graph_symbol *s, struct graph_symbol *ret, struct error *err)
{
    const struct onnx_attribute *a = graph_attribute(n, "post_transform");
    const char *name = a ? a->s : "NONE";

    *ret = *s;
    if (strcmp(name, "NONE") == 0)
        return 0;
    if (strcmp(name, "SOFTMAX") == 0)
        return over_last(b, n, GRAPH_ROWS_SOFTMAX, s, ret, err);
    if (strcmp(name, "LOGISTIC") == 0)
        return graph_apply(b, n, &(struct kernels_activation){.function = KERNELS_SIGMOID}, s,
                           ret, err);
    return graph_refuse(n, err, -ENOTSUP, "attribute 'post_transform' is '%.24s'", name);
}

static int linear(struct graph_builder *b, const struct onnx_node *n, size_t value,
                  size_t classes, struct graph_symbol *ret, struct error *err)
{
    const struct graph_shape in = b->graph->values[value].shape;
    const struct onnx_attribute *coefficients = graph_attribute(n, "coefficients");
    const struct onnx_attribute *intercepts = graph_attribute(n, "intercepts");
    struct graph_node *node = NULL;
    struct graph_shape out = {0};
    int r = graph_shape_set(&out, n, 1, &classes, err);

    if (r == 0 &&
        (in.rank != 1 || in.alone || !coefficients || coefficients->n != in.count * classes ||
         (intercepts && intercepts->n != classes)))
        r = graph_refuse(n, err, -EBADMSG, "it has %zu coefficients for %zu numbers",
                         coefficients ? coefficients->n : 0, in.count);
    if (r == 0)
        r = graph_insert(b, n, GRAPH_DENSE, value, &out, &node, err);
    if (r == 0)
        r = graph_weights(b, node, coefficients->n, classes, err);
    if (r != 0)
        return r;
    memcpy(node->weights, coefficients->floats, coefficients->n * sizeof(float));
    if (intercepts)
        memcpy(node->bias, intercepts->floats, classes * sizeof(float));
    *ret = (struct graph_symbol){.value = node->out};
    return 0;
}

/* Output 0 is the label, which the server finds from the probabilities. */
int graph_make_linear_classifier(struct graph_builder *b, const struct onnx_node *n,
                                 struct error *err)
{
    struct graph_symbol scores = {0};
    struct graph_symbol result = {0};
    size_t value = 0;
    size_t classes = 0;
    int r = graph_input_value(b, n, 0, &value, err);

    if (r == 0)
        r = check_classes(n, "classlabels_ints", "classlabels_strings", &classes, err);
    if (r == 0)
        r = linear(b, n, value, classes, &scores, err);
    if (r == 0)
        r = transform(b, n, &scores, &result, err);
    return r == 0 ? graph_bind_output(b, n, 1, result, err) : r;
}

int graph_make_normalizer(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct onnx_attribute *a = graph_attribute(n, "norm");
    const char *norm = a ? a->s : "MAX";
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    enum graph_rows rows = strcmp(norm, "L1") == 0   ? GRAPH_ROWS_BY_L1
                           : strcmp(norm, "L2") == 0 ? GRAPH_ROWS_BY_L2
                                                     : GRAPH_ROWS_BY_MAX;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = over_last(b, n, rows, s, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* (x - offset) * scale */
int graph_make_scaler(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_symbol offset = {0};
    struct graph_symbol scale = {0};
    struct graph_symbol shifted = {0};
    struct graph_symbol result = {0};
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = list_of(b, n, "offset", &offset, err);
    if (r == 0)
        r = list_of(b, n, "scale", &scale, err);
    if (r == 0)
        r = graph_combine(b, n, KERNELS_SUBTRACT, s, &offset, &shifted, err);
    if (r == 0)
        r = graph_combine(b, n, KERNELS_MULTIPLY, &shifted, &scale, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* Probabilities with the classes' names: the names are the digits. */
int graph_make_zip_map(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    size_t classes = 0;
    int r = check_classes(n, "classlabels_int64s", "classlabels_strings", &classes, err);

    return r == 0 ? graph_make_identity(b, n, err) : r;
}

/* 1 for what is above the threshold, else 0. */
int graph_make_binarizer(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_dims one = {0};
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    struct onnx_tensor *t = NULL;
    float *data = NULL;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = graph_constant(b, n, ONNX_FLOAT, &one, &t, &data, err);
    if (r != 0)
        return r;
    *data = graph_float(n, "threshold", 0);
    r = graph_combine(b, n, KERNELS_GREATER, s, &(struct graph_symbol){.constant = t}, &result,
                      err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* Some columns of what depends on the picture. Of a constant, it is the label. */
int graph_make_features(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *index = graph_input(b, n, 1);
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    struct graph_view v = {0};
    const int32_t *before = NULL;
    int64_t columns = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0 && (s->constant || !index || !index->constant))
        return graph_make_label(b, n, err);
    if (r == 0)
        r = graph_view_all(b, n, s, &v, err);
    if (r == 0 && v.dims.rank < 2)
        r = graph_refuse(n, err, -ENOTSUP, "its input has %zu dimensions", v.dims.rank);
    if (r != 0)
        return r;
    before = v.at[v.dims.rank - 1];
    columns = v.dims.at[v.dims.rank - 1];
    r = graph_view_axis(b, n, &v, v.dims.rank - 1, (int64_t)index->constant->count, err);
    for (size_t i = 0; r == 0 && i < index->constant->count; i++) {
        int64_t at = graph_whole(index->constant, i);

        if (at < 0 || at >= columns)
            r = graph_refuse(n, err, -EBADMSG, "column %lld of %lld", (long long)at,
                             (long long)columns);
        else
            v.at[v.dims.rank - 1][i] = before[at];
    }
    if (r == 0)
        r = graph_view_take(b, n, s, &v, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* What finds a label: the server does that itself, from the probabilities. */
int graph_make_label(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    (void)b;
    return graph_refuse(n, err, -ENOTSUP,
                        "it leaves a label; what it takes must be an output, for labels are "
                        "found from that");
}
