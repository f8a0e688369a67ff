#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_quant.h"

/* Operators that do the same to each number. */

enum { OPSET_CLIP_BY_INPUTS = 11 };

/* With what attributes 'alpha' and 'beta', or 'gamma', are if the node leaves them out. */
static const struct {
    const char *op;
    enum kernels_function function;
    float alpha, beta;
} functions[] = {
    {"Abs",             KERNELS_ABS,              0,           0          },
    {"Ceil",            KERNELS_CEIL,             0,           0          },
    {"Celu",            KERNELS_CELU,             1,           0          },
    {"Elu",             KERNELS_ELU,              1,           0          },
    {"Erf",             KERNELS_ERF,              0,           0          },
    {"Exp",             KERNELS_EXP,              0,           0          },
    {"Floor",           KERNELS_FLOOR,            0,           0          },
    {"Gelu",            KERNELS_GELU,             0,           0          },
    {"HardSigmoid",     KERNELS_HARD_SIGMOID,     0.2F,        0.5F       },
    {"HardSwish",       KERNELS_HARD_SWISH,       0,           0          },
    {"LeakyRelu",       KERNELS_LEAKY_RELU,       0.01F,       0          },
    {"Log",             KERNELS_LOG,              0,           0          },
    {"Mish",            KERNELS_MISH,             0,           0          },
    {"Neg",             KERNELS_NEGATIVE,         0,           0          },
    {"Reciprocal",      KERNELS_RECIPROCAL,       0,           0          },
    {"Round",           KERNELS_ROUND,            0,           0          },
    {"Selu",            KERNELS_SELU,             1.67326324F, 1.05070102F},
    {"Sigmoid",         KERNELS_SIGMOID,          0,           0          },
    {"Sign",            KERNELS_SIGN,             0,           0          },
    {"Softplus",        KERNELS_SOFTPLUS,         0,           0          },
    {"Softsign",        KERNELS_SOFTSIGN,         0,           0          },
    {"Sqrt",            KERNELS_SQRT,             0,           0          },
    {"Swish",           KERNELS_SWISH,            1,           0          },
    {"Tanh",            KERNELS_TANH,             0,           0          },
    {"ThresholdedRelu", KERNELS_THRESHOLDED_RELU, 1,           0          },
};

/* The numbers of a constant, one by one; whole numbers are only ever negated. */
static int fold(struct graph_builder *b, const struct onnx_node *n,
                const struct kernels_activation *f, const struct onnx_tensor *from,
                struct graph_symbol *ret, struct error *err)
{
    struct graph_dims dims = {.rank = from->rank};
    struct onnx_tensor *t = NULL;
    void *data = NULL;
    int r = 0;

    if (onnx_element_len(from->type) == 0 ||
        (graph_is_whole(from) && f->function != KERNELS_NEGATIVE && f->function != KERNELS_ABS))
        return graph_refuse(n, err, -ENOTSUP, "its constant has element type %d, not float32",
                            (int)from->type);
    memcpy(dims.at, from->dims, sizeof(dims.at));
    r = graph_constant(b, n, from->type, &dims, &t, &data, err);
    for (size_t i = 0; r == 0 && i < t->count; i++) {
        int64_t whole = graph_is_whole(from) ? graph_whole(from, i) : 0;

        if (whole == INT64_MIN)
            r = graph_refuse(n, err, -EBADMSG, "its numbers are too large");
        else if (f->function == KERNELS_NEGATIVE || whole < 0)
            whole = -whole;
        graph_store(t, data, i, whole,
                    (double)activation_one_generic(f, (float)graph_number(from, i)));
    }
    *ret = (struct graph_symbol){.constant = t};
    return r;
}

int graph_apply(struct graph_builder *b, const struct onnx_node *n,
                const struct kernels_activation *f, const struct graph_symbol *s,
                struct graph_symbol *ret, struct error *err)
{
    struct graph_node *node = NULL;
    struct graph_shape shape = {0};
    int r = 0;

    if (!isfinite(f->alpha) || !isfinite(f->beta))
        return graph_refuse(n, err, -EBADMSG, "an attribute is not finite");
    if (s->constant)
        return fold(b, n, f, s->constant, ret, err);
    shape = b->graph->values[s->value].shape;
    r = graph_insert(b, n, GRAPH_UNARY, s->value, &shape, &node, err);
    if (r != 0)
        return r;
    node->function = *f;
    *ret = (struct graph_symbol){.value = node->out};
    return 0;
}

static int apply_to_first(struct graph_builder *b, const struct onnx_node *n,
                          const struct kernels_activation *f, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = graph_apply(b, n, f, s, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

int graph_make_unary(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct onnx_attribute *approximate = graph_attribute(n, "approximate");
    struct kernels_activation f = {0};
    size_t i = 0;

    while (strcmp(functions[i].op, n->op) != 0)
        i++;
    f = (struct kernels_activation){.function = functions[i].function,
                                    .alpha = graph_float(n, "alpha", functions[i].alpha),
                                    .beta = graph_float(n, "beta", functions[i].beta)};
    f.beta = graph_float(n, "gamma", f.beta);
    if (approximate && strcmp(approximate->s, "tanh") == 0)
        f.function = KERNELS_GELU_TANH;
    else if (approximate && strcmp(approximate->s, "none") != 0)
        return graph_refuse(n, err, -ENOTSUP, "attribute 'approximate' is '%.24s'",
                            approximate->s);
    if (f.function == KERNELS_CELU && f.alpha == 0)
        return graph_refuse(n, err, -EBADMSG, "attribute 'alpha' is 0");
    return apply_to_first(b, n, &f, err);
}

/* A bound of Clip from its input, which may be left out. */
static int read_bound(struct graph_builder *b, const struct onnx_node *n, size_t i, float *ret,
                      struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, i);
    float number = 0;

    if (!s)
        return 0;
    if (!s->constant || s->constant->count != 1)
        return graph_refuse(n, err, -ENOTSUP, "input %zu must be one constant number", i);
    number = (float)graph_number(s->constant, 0);
    if (isnan(number))
        return graph_refuse(n, err, -EBADMSG, "input %zu is not a number", i);
    *ret = fminf(fmaxf(number, -FLT_MAX), FLT_MAX);
    return 0;
}

int graph_make_clip(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    struct kernels_activation f = {.function = KERNELS_CLIP,
                                   .alpha = graph_float(n, "min", -FLT_MAX),
                                   .beta = graph_float(n, "max", FLT_MAX)};
    int r = 0;

    if (b->onnx->opset >= OPSET_CLIP_BY_INPUTS) {
        r = read_bound(b, n, 1, &f.alpha, err);
        if (r == 0)
            r = read_bound(b, n, 2, &f.beta, err);
    }
    return r == 0 ? apply_to_first(b, n, &f, err) : r;
}

int graph_make_relu(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, 0);
    struct graph_node *node = NULL;

    if (s && s->constant)
        return apply_to_first(b, n, &(struct kernels_activation){KERNELS_CLIP, 0, FLT_MAX},
                              err);
    if (!s)
        return graph_refuse(n, err, -EBADMSG, "it lacks an input");
    return graph_add(b, n, GRAPH_RELU, s->value, &b->graph->values[s->value].shape, &node, err);
}

static int cast_constant(struct graph_builder *b, const struct onnx_node *n,
                         const struct onnx_tensor *from, int32_t to, struct error *err)
{
    struct graph_dims dims = graph_dims_of(b, &(struct graph_symbol){.constant = from});
    bool whole = graph_is_whole(from);
    struct onnx_tensor *t = NULL;
    void *data = NULL;
    int r = 0;

    if (onnx_element_len(to) == 0 || onnx_element_len(from->type) == 0)
        return graph_refuse(n, err, -ENOTSUP, "it makes element type %d of %d", (int)to,
                            (int)from->type);
    r = graph_constant(b, n, to, &dims, &t, &data, err);
    for (size_t i = 0; r == 0 && i < t->count; i++) {
        double number = graph_number(from, i);

        if (!whole && graph_is_whole(t) && !(fabs(number) < 9e18))
            r = graph_refuse(n, err, -EBADMSG, "%g is no whole number", number);
        else
            graph_store(t, data, i, whole ? graph_whole(from, i) : (int64_t)number, number);
    }
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.constant = t}, err) : r;
}

/* Pictures are float32 all the way, or truth values; constants may be anything. */
int graph_make_cast(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    int32_t to = onnx_read_as((int32_t)graph_int(n, "to", 0));
    const struct graph_symbol *s = NULL;
    struct graph_symbol truth = {0};
    int r = graph_input_any(b, n, 0, &s, err);

    if (r != 0)
        return r;
    if (s->constant)
        return cast_constant(b, n, s->constant, to, err);
    if (to == ONNX_FLOAT || to == ONNX_DOUBLE)
        return graph_quant_plain(b, n, s, err);
    if (to != ONNX_BOOL)
        return graph_refuse(n, err, -ENOTSUP,
                            "it makes element type %d of what depends on the picture", (int)to);
    r = graph_truth(b, n, s, &truth, err);
    return r == 0 ? graph_bind(b, n, truth, err) : r;
}
