#include "model/graph_build.h"

/* All that digitd understands of ONNX. An attribute's row missing means that the node is
 * refused if it has it; that a value is in bounds does not mean that the maker can do it. */

enum {
    SIDE_MAX = 1024, /* of a kernel, a step, a margin */
    GROUPS_MAX = 65536,
};

#define TEXT(name)                   \
    {                                \
        name, ONNX_KIND_STRING, 0, 0 \
    }
#define NUMBER(name)                \
    {                               \
        name, ONNX_KIND_FLOAT, 0, 0 \
    }
#define NUMBERS(name)                \
    {                                \
        name, ONNX_KIND_FLOATS, 0, 0 \
    }
#define TENSOR(name)                 \
    {                                \
        name, ONNX_KIND_TENSOR, 0, 0 \
    }
#define INT(name, low, high)           \
    {                                  \
        name, ONNX_KIND_INT, low, high \
    }
#define INTS(name, low, high)           \
    {                                   \
        name, ONNX_KIND_INTS, low, high \
    }
#define ANY_INT(name)  INT(name, INT64_MIN, INT64_MAX)
#define ANY_INTS(name) INTS(name, INT64_MIN, INT64_MAX)
#define LIST(name)     static const struct graph_attribute_rule name[]

LIST(axis) = {ANY_INT("axis"), {0}};
LIST(batch_norm) = {NUMBER("epsilon"),
                    NUMBER("momentum"),
                    INT("spatial", 0, 1),
                    INT("training_mode", 0, 1),
                    {0}};
LIST(constant) = {TENSOR("value"),      NUMBER("value_float"),  NUMBERS("value_floats"),
                  ANY_INT("value_int"), ANY_INTS("value_ints"), {0}};
LIST(dropout) = {NUMBER("ratio"), ANY_INT("seed"), {0}};
LIST(gemm) = {NUMBER("alpha"), NUMBER("beta"), INT("transA", 0, 1), INT("transB", 0, 1), {0}};
LIST(pad) = {TEXT("mode"), INTS("pads", 0, GRAPH_PAD_MAX), NUMBER("value"), {0}};
LIST(reshape) = {INT("allowzero", 0, 1), {0}};
LIST(window) = {TEXT("auto_pad"),
                INT("ceil_mode", 0, 1),
                INT("count_include_pad", 0, 1),
                INTS("dilations", 1, SIDE_MAX),
                INT("group", 1, GROUPS_MAX),
                INTS("kernel_shape", 1, SIDE_MAX),
                INTS("pads", 0, SIDE_MAX),
                INT("storage_order", 0, 1),
                INTS("strides", 1, SIDE_MAX),
                {0}};

const struct graph_operator_rule graph_operator_rules[] = {
    {"Add",                2, 2, graph_make_add,                 NULL,       NULL},
    {"AveragePool",        1, 1, graph_make_average_pool,        window,     NULL},
    {"BatchNormalization", 5, 5, graph_make_batch_norm,          batch_norm, NULL},
    {"Constant",           0, 0, graph_make_constant,            constant,   NULL},
    {"Conv",               2, 3, graph_make_conv,                window,     NULL},
    {"Dropout",            1, 3, graph_make_dropout,             dropout,    NULL},
    {"Flatten",            1, 1, graph_make_flatten,             axis,       NULL},
    {"Gemm",               2, 3, graph_make_gemm,                gemm,       NULL},
    {"GlobalAveragePool",  1, 1, graph_make_global_average_pool, NULL,       NULL},
    {"Identity",           1, 1, graph_make_identity,            NULL,       NULL},
    {"LogSoftmax",         1, 1, graph_make_softmax,             axis,       NULL},
    {"MatMul",             2, 2, graph_make_matmul,              NULL,       NULL},
    {"MaxPool",            1, 1, graph_make_max_pool,            window,     NULL},
    {"Pad",                1, 3, graph_make_pad,                 pad,        NULL},
    {"Relu",               1, 1, graph_make_relu,                NULL,       NULL},
    {"Reshape",            2, 2, graph_make_reshape,             reshape,    NULL},
    {"Softmax",            1, 1, graph_make_softmax,             axis,       NULL},
    {NULL,                 0, 0, NULL,                           NULL,       NULL},
};
