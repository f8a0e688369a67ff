#include "model/graph_quant.h"

/* The operators of quantised models; the rest are in graph_operator_table.c. */

enum { SIDE_MAX = 1024, GROUPS_MAX = 65536 };

#define INT(name, low, high)           \
    {                                  \
        name, ONNX_KIND_INT, low, high \
    }
#define INTS(name, low, high)           \
    {                                   \
        name, ONNX_KIND_INTS, low, high \
    }
#define ANY_INT(name) INT(name, INT64_MIN, INT64_MAX)

static const struct graph_attribute_rule quantize[] = {
    ANY_INT("axis"), INT("block_size", 0, 0), ANY_INT("output_dtype"), ANY_INT("saturate"), {0},
};
static const struct graph_attribute_rule conv[] = {
    {"auto_pad", ONNX_KIND_STRING, 0, 0},
    INTS("dilations", 1, SIDE_MAX),
    INT("group", 1, GROUPS_MAX),
    INTS("kernel_shape", 1, SIDE_MAX),
    INTS("pads", 0, SIDE_MAX),
    INTS("strides", 1, SIDE_MAX),
    {0        },
};
static const struct graph_attribute_rule pool[] = {
    {"auto_pad", ONNX_KIND_STRING, 0, 0},
    INT("ceil_mode", 0, 1),
    INT("channels_last", 0, 0),           INT("count_include_pad", 0, 1),
    INTS("kernel_shape", 1, SIDE_MAX),    INTS("pads", 0, SIDE_MAX),
    INTS("strides", 1, SIDE_MAX),         {0        },
};
static const struct graph_attribute_rule gemm[] = {
    {"alpha", ONNX_KIND_FLOAT, 0, 0},
    INT("transA", 0, 1),
    INT("transB", 0, 1),
    {0     },
};

static const struct graph_attribute_rule axis[] = {ANY_INT("axis"), {0}};
static const struct graph_attribute_rule alpha[] = {
    {"alpha", ONNX_KIND_FLOAT, 0, 0},
    {0     }
};

const struct graph_operator_rule graph_quant_rules[] = {
    {"ConvInteger",              2, 4,  graph_make_conv_integer,                conv,     NULL           },
    {"DequantizeLinear",         2, 3,  graph_make_dequantize,                  quantize, NULL           },
    {"DynamicQuantizeLinear",    1, 1,  graph_make_dynamic_quantize,            NULL,     NULL           },
    {"MatMulInteger",            2, 4,  graph_make_matmul_integer,              NULL,     NULL           },
    {"QGemm",                    6, 9,  graph_make_qgemm,                       gemm,     "com.microsoft"},
    {"QLinearAdd",               8, 8,  graph_make_qlinear_pair,                NULL,     "com.microsoft"},
    {"QLinearAveragePool",       5, 5,  graph_make_qlinear_average_pool,        pool,     "com.microsoft"},
    {"QLinearConcat",            5, 50, graph_make_qlinear_concat,              axis,     "com.microsoft"},
    {"QLinearConv",              8, 9,  graph_make_qlinear_conv,                conv,     NULL           },
    {"QLinearGlobalAveragePool", 5, 5,  graph_make_qlinear_global_average_pool, pool,
     "com.microsoft"                                                                                     },
    {"QLinearLeakyRelu",         5, 5,  graph_make_qlinear_unary,               alpha,    "com.microsoft"},
    {"QLinearMatMul",            8, 8,  graph_make_qlinear_matmul,              NULL,     NULL           },
    {"QLinearMul",               8, 8,  graph_make_qlinear_pair,                NULL,     "com.microsoft"},
    {"QLinearSigmoid",           5, 5,  graph_make_qlinear_unary,               NULL,     "com.microsoft"},
    {"QuantizeLinear",           2, 3,  graph_make_quantize,                    quantize, NULL           },
    {NULL,                       0, 0,  NULL,                                   NULL,     NULL           },
};
