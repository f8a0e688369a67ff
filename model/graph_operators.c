#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

enum {
    ATTRIBUTES_MAX = 7,
    LIST_MAX = 8,    /* elements */
    SIDE_MAX = 1024, /* of a kernel, a step, a margin */
    GROUPS_MAX = 65536,
};

/* An attribute that an operator may have. `low` and `high` bound integers and the elements of
 * lists of them. */
struct attribute_rule {
    const char *name;
    enum onnx_kind kind;
    int64_t low, high;
};

struct operator_rule {
    const char *name;
    size_t inputs_min, inputs_max;
    graph_make_fn *make;
    struct attribute_rule attributes[ATTRIBUTES_MAX];
};

#define TEXT(name)                   \
    {                                \
        name, ONNX_KIND_STRING, 0, 0 \
    }
#define NUMBER(name)                \
    {                               \
        name, ONNX_KIND_FLOAT, 0, 0 \
    }
#define INT(name, low, high)           \
    {                                  \
        name, ONNX_KIND_INT, low, high \
    }
#define INTS(name, low, high)           \
    {                                   \
        name, ONNX_KIND_INTS, low, high \
    }
#define ANY_INT(name)                             \
    {                                             \
        name, ONNX_KIND_INT, INT64_MIN, INT64_MAX \
    }

/* All that digitd understands of ONNX. An attribute's row missing means that the node is
 * refused if it has it; that a value is in bounds does not mean that the maker can do it. */
static const struct operator_rule operators[] = {
    {"Add",                2, 2, graph_make_add,                 {{0}}                                                                                    },
    {"AveragePool",
     1,                       1,
     graph_make_average_pool,                                    {TEXT("auto_pad"), INT("ceil_mode", 0, 1), INT("count_include_pad", 0, 1),
      INTS("dilations", 1, SIDE_MAX), INTS("kernel_shape", 1, SIDE_MAX),
      INTS("pads", 0, SIDE_MAX), INTS("strides", 1, SIDE_MAX)}                                                               },
    {"BatchNormalization",
     5,                       5,
     graph_make_batch_norm,                                      {NUMBER("epsilon"), NUMBER("momentum"), INT("spatial", 0, 1), INT("training_mode", 0, 1)}},
    {"Constant",
     0,                       0,
     graph_make_constant,                                        {{"value", ONNX_KIND_TENSOR, 0, 0},
      NUMBER("value_float"),
      {"value_floats", ONNX_KIND_FLOATS, 0, 0},
      ANY_INT("value_int"),
      INTS("value_ints", INT64_MIN, INT64_MAX)}                                                                                  },
    {"Conv",
     2,                       3,
     graph_make_conv,                                            {TEXT("auto_pad"), INTS("dilations", 1, SIDE_MAX), INT("group", 1, GROUPS_MAX),
      INTS("kernel_shape", 1, SIDE_MAX), INTS("pads", 0, SIDE_MAX),
      INTS("strides", 1, SIDE_MAX)}                                                                                                  },
    {"Dropout",            1, 3, graph_make_dropout,             {NUMBER("ratio"), ANY_INT("seed")}                                                       },
    {"Flatten",            1, 1, graph_make_flatten,             {ANY_INT("axis")}                                                                        },
    {"Gemm",
     2,                       3,
     graph_make_gemm,                                            {NUMBER("alpha"), NUMBER("beta"), INT("transA", 0, 1), INT("transB", 0, 1)}              },
    {"GlobalAveragePool",  1, 1, graph_make_global_average_pool, {{0}}                                                                                    },
    {"Identity",           1, 1, graph_make_identity,            {{0}}                                                                                    },
    {"LogSoftmax",         1, 1, graph_make_softmax,             {ANY_INT("axis")}                                                                        },
    {"MatMul",             2, 2, graph_make_matmul,              {{0}}                                                                                    },
    {"MaxPool",
     1,                       1,
     graph_make_max_pool,                                        {TEXT("auto_pad"), INT("ceil_mode", 0, 1), INTS("dilations", 1, SIDE_MAX),
      INTS("kernel_shape", 1, SIDE_MAX), INTS("pads", 0, SIDE_MAX), INT("storage_order", 0, 1),
      INTS("strides", 1, SIDE_MAX)}                                                                                              },
    {"Pad",
     1,                       3,
     graph_make_pad,                                             {TEXT("mode"), INTS("pads", 0, GRAPH_PAD_MAX), NUMBER("value")}                          },
    {"Relu",               1, 1, graph_make_relu,                {{0}}                                                                                    },
    {"Reshape",            2, 2, graph_make_reshape,             {INT("allowzero", 0, 1)}                                                                 },
    {"Softmax",            1, 1, graph_make_softmax,             {ANY_INT("axis")}                                                                        },
};

static const char *const kind_names[] = {
    [ONNX_KIND_OTHER] = "something else",     [ONNX_KIND_INT] = "an integer",
    [ONNX_KIND_FLOAT] = "a number",           [ONNX_KIND_STRING] = "a string",
    [ONNX_KIND_TENSOR] = "a tensor",          [ONNX_KIND_INTS] = "a list of integers",
    [ONNX_KIND_FLOATS] = "a list of numbers",
};

static int check_bounds(const struct onnx_node *n, const struct attribute_rule *rule,
                        const struct onnx_attribute *a, struct error *err)
{
    const int64_t *values = a->kind == ONNX_KIND_INT ? &a->i : a->ints;
    size_t count = a->kind == ONNX_KIND_INT ? 1 : a->n;

    if (a->kind != ONNX_KIND_INT && a->kind != ONNX_KIND_INTS)
        return 0;
    if (count > LIST_MAX)
        return graph_refuse(n, err, -ENOTSUP, "attribute '%.24s' has %zu elements, over %d",
                            a->name, count, LIST_MAX);
    for (size_t i = 0; i < count; i++)
        if (values[i] < rule->low || values[i] > rule->high)
            return graph_refuse(
                n, err, -ENOTSUP, "attribute '%.24s' is %lld; digitd does %lld to %lld",
                a->name, (long long)values[i], (long long)rule->low, (long long)rule->high);
    return 0;
}

static int check_attribute(const struct onnx_node *n, const struct operator_rule *o,
                           const struct onnx_attribute *a, struct error *err)
{
    const struct attribute_rule *rule = o->attributes;
    const struct attribute_rule *end = rule + ATTRIBUTES_MAX;

    while (rule < end && rule->name && strcmp(rule->name, a->name) != 0)
        rule++;
    if (rule == end || !rule->name)
        return graph_refuse(n, err, -ENOTSUP, "digitd does not know its attribute '%.24s'",
                            a->name);
    if (a->kind != rule->kind)
        return graph_refuse(n, err, -EBADMSG, "attribute '%.24s' is %s, not %s", a->name,
                            kind_names[a->kind], kind_names[rule->kind]);
    for (const struct onnx_attribute *before = n->attributes; before < a; before++)
        if (strcmp(before->name, a->name) == 0)
            return graph_refuse(n, err, -EBADMSG, "attribute '%.24s' is given twice", a->name);
    return check_bounds(n, rule, a, err);
}

static const struct operator_rule *find(const struct onnx_node *n)
{
    bool standard = !*n->domain || strcmp(n->domain, "ai.onnx") == 0;

    for (size_t i = 0; standard && i < sizeof(operators) / sizeof(operators[0]); i++)
        if (strcmp(operators[i].name, n->op) == 0)
            return &operators[i];
    return NULL;
}

int graph_operator(const struct onnx_node *n, graph_make_fn **ret, struct error *err)
{
    const struct operator_rule *o = find(n);
    int r = 0;

    if (!o)
        return graph_refuse(n, err, -ENOTSUP, "digitd lacks this operator%s%.40s",
                            *n->domain ? " of domain " : "", n->domain);
    if (n->n_inputs < o->inputs_min || n->n_inputs > o->inputs_max)
        return graph_refuse(n, err, n->n_inputs < o->inputs_min ? -EBADMSG : -ENOTSUP,
                            "it has %zu inputs; digitd takes %zu to %zu", n->n_inputs,
                            o->inputs_min, o->inputs_max);
    if (n->n_outputs == 0 || !*n->outputs[0])
        return graph_refuse(n, err, -EBADMSG, "it has no output");
    for (size_t i = 0; r == 0 && i < n->n_attributes; i++)
        r = check_attribute(n, o, &n->attributes[i], err);
    *ret = o->make;
    return r;
}

const struct onnx_attribute *graph_attribute(const struct onnx_node *n, const char *name)
{
    for (size_t i = 0; i < n->n_attributes; i++)
        if (strcmp(n->attributes[i].name, name) == 0)
            return &n->attributes[i];
    return NULL;
}

int64_t graph_int(const struct onnx_node *n, const char *name, int64_t otherwise)
{
    const struct onnx_attribute *a = graph_attribute(n, name);

    return a ? a->i : otherwise;
}

float graph_float(const struct onnx_node *n, const char *name, float otherwise)
{
    const struct onnx_attribute *a = graph_attribute(n, name);

    return a ? a->f : otherwise;
}
