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
#define TEXTS(name)                   \
    {                                 \
        name, ONNX_KIND_STRINGS, 0, 0 \
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
#define OLD            ANY_INTS("consumed_inputs") /* up to operator set 5 */
#define LIST(name)     static const struct graph_attribute_rule name[]

LIST(alpha) = {NUMBER("alpha"), NUMBER("beta"), NUMBER("gamma"), OLD, {0}};
LIST(axes) = {ANY_INTS("axes"), {0}};
LIST(axis) = {ANY_INT("axis"), {0}};
LIST(batch_norm) = {NUMBER("epsilon"),
                    NUMBER("momentum"),
                    INT("spatial", 0, 1),
                    INT("training_mode", 0, 1),
                    INT("is_test", 0, 1),
                    OLD,
                    {0}};
LIST(broadcast) = {ANY_INT("axis"), INT("broadcast", 0, 1), OLD, {0}};
LIST(cast) = {ANY_INT("to"), ANY_INT("saturate"), TEXT("round_mode"), {0}};
LIST(clip) = {NUMBER("min"), NUMBER("max"), OLD, {0}};
LIST(constant) = {TENSOR("value"),      NUMBER("value_float"),  NUMBERS("value_floats"),
                  ANY_INT("value_int"), ANY_INTS("value_ints"), {0}};
LIST(depth) = {INT("blocksize", 1, SIDE_MAX), TEXT("mode"), {0}};
LIST(dropout) = {NUMBER("ratio"), ANY_INT("seed"), INT("is_test", 0, 1), OLD, {0}};
LIST(gelu) = {TEXT("approximate"), {0}};
LIST(gemm) = {NUMBER("alpha"),     NUMBER("beta"),         INT("transA", 0, 1),
              INT("transB", 0, 1), INT("broadcast", 0, 1), {0}};
LIST(label) = {ANY_INT("axis"), INT("keepdims", 0, 1), INT("select_last_index", 0, 1), {0}};
LIST(layer_norm) = {ANY_INT("axis"), NUMBER("epsilon"), ANY_INT("stash_type"), {0}};
LIST(lp_norm) = {ANY_INT("axis"), INT("p", 1, 2), {0}};
LIST(pad) = {TEXT("mode"),
             INTS("pads", -GRAPH_PAD_MAX, GRAPH_PAD_MAX),
             INTS("paddings", -GRAPH_PAD_MAX, GRAPH_PAD_MAX),
             NUMBER("value"),
             {0}};
LIST(recurrent) = {TEXTS("activations"),       TEXT("direction"),
                   ANY_INT("hidden_size"),     INT("input_forget", 0, 0),
                   INT("layout", 0, 0),        INT("linear_before_reset", 0, 1),
                   ANY_INT("output_sequence"), {0}};
LIST(reduce) = {
    ANY_INTS("axes"), INT("keepdims", 0, 1), INT("noop_with_empty_axes", 0, 1), {0}};
LIST(reshape) = {INT("allowzero", 0, 1), ANY_INTS("shape"), OLD, {0}};
LIST(shape) = {ANY_INT("start"), ANY_INT("end"), {0}};
LIST(slice) = {ANY_INTS("axes"), ANY_INTS("ends"), ANY_INTS("starts"), {0}};
LIST(split) = {ANY_INT("axis"), ANY_INT("num_outputs"), ANY_INTS("split"), {0}};
LIST(transpose) = {ANY_INTS("perm"), {0}};
LIST(fused_conv) = {TEXT("activation"),
                    NUMBERS("activation_params"),
                    TEXT("auto_pad"),
                    INTS("dilations", 1, SIDE_MAX),
                    INT("group", 1, GROUPS_MAX),
                    INTS("kernel_shape", 1, SIDE_MAX),
                    INTS("pads", 0, SIDE_MAX),
                    INTS("strides", 1, SIDE_MAX),
                    {0}};
LIST(fused_gemm) = {TEXT("activation"),
                    NUMBER("activation_alpha"),
                    NUMBER("activation_beta"),
                    NUMBER("activation_gamma"),
                    NUMBER("alpha"),
                    NUMBER("beta"),
                    INT("transA", 0, 1),
                    INT("transB", 0, 1),
                    {0}};
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

LIST(binarizer) = {NUMBER("threshold"), {0}};
LIST(linear_classifier) = {ANY_INTS("classlabels_ints"),
                           TEXTS("classlabels_strings"),
                           NUMBERS("coefficients"),
                           NUMBERS("intercepts"),
                           ANY_INT("multi_class"),
                           TEXT("post_transform"),
                           {0}};
LIST(normalizer) = {TEXT("norm"), {0}};
LIST(scaler) = {NUMBERS("offset"), NUMBERS("scale"), {0}};
LIST(zip_map) = {ANY_INTS("classlabels_int64s"), TEXTS("classlabels_strings"), {0}};

#define ML "ai.onnx.ml"
#define MS "com.microsoft"

const struct graph_operator_rule graph_operator_rules[] = {
    {"Abs",                   1, 1,  graph_make_unary,               NULL,              NULL},
    {"Add",                   2, 2,  graph_make_pair,                broadcast,         NULL},
    {"And",                   2, 2,  graph_make_pair,                NULL,              NULL},
    {"ArgMax",                1, 1,  graph_make_label,               label,             NULL},
    {"ArgMin",                1, 1,  graph_make_label,               label,             NULL},
    {"AveragePool",           1, 1,  graph_make_average_pool,        window,            NULL},
    {"BatchNormalization",    5, 5,  graph_make_batch_norm,          batch_norm,        NULL},
    {"Cast",                  1, 1,  graph_make_cast,                cast,              NULL},
    {"CastLike",              2, 2,  graph_make_identity,            cast,              NULL},
    {"Ceil",                  1, 1,  graph_make_unary,               NULL,              NULL},
    {"Celu",                  1, 1,  graph_make_unary,               alpha,             NULL},
    {"Clip",                  1, 3,  graph_make_clip,                clip,              NULL},
    {"Concat",                1, 64, graph_make_concat,              axis,              NULL},
    {"Constant",              0, 0,  graph_make_constant,            constant,          NULL},
    {"ConstantOfShape",       1, 1,  graph_make_constant_of_shape,   constant,          NULL},
    {"Conv",                  2, 3,  graph_make_conv,                window,            NULL},
    {"DepthToSpace",          1, 1,  graph_make_depth_to_space,      depth,             NULL},
    {"Div",                   2, 2,  graph_make_pair,                broadcast,         NULL},
    {"Dropout",               1, 3,  graph_make_dropout,             dropout,           NULL},
    {"Elu",                   1, 1,  graph_make_unary,               alpha,             NULL},
    {"Equal",                 2, 2,  graph_make_compare,             NULL,              NULL},
    {"Erf",                   1, 1,  graph_make_unary,               NULL,              NULL},
    {"Exp",                   1, 1,  graph_make_unary,               NULL,              NULL},
    {"Expand",                2, 2,  graph_make_expand,              NULL,              NULL},
    {"Flatten",               1, 1,  graph_make_flatten,             axis,              NULL},
    {"Floor",                 1, 1,  graph_make_unary,               NULL,              NULL},
    {"GreaterOrEqual",        2, 2,  graph_make_compare,             NULL,              NULL},
    {"GRU",                   3, 6,  graph_make_recurrent,           recurrent,         NULL},
    {"Gather",                2, 2,  graph_make_gather,              axis,              NULL},
    {"Gelu",                  1, 1,  graph_make_unary,               gelu,              NULL},
    {"Gemm",                  2, 3,  graph_make_gemm,                gemm,              NULL},
    {"GlobalAveragePool",     1, 1,  graph_make_global_average_pool, NULL,              NULL},
    {"GlobalMaxPool",         1, 1,  graph_make_global_max_pool,     NULL,              NULL},
    {"Greater",               2, 2,  graph_make_compare,             NULL,              NULL},
    {"HardSigmoid",           1, 1,  graph_make_unary,               alpha,             NULL},
    {"HardSwish",             1, 1,  graph_make_unary,               NULL,              NULL},
    {"Identity",              1, 1,  graph_make_identity,            NULL,              NULL},
    {"InstanceNormalization", 3, 3,  graph_make_instance_norm,       batch_norm,        NULL},
    {"LSTM",                  3, 8,  graph_make_recurrent,           recurrent,         NULL},
    {"LayerNormalization",    2, 3,  graph_make_layer_norm,          layer_norm,        NULL},
    {"LeakyRelu",             1, 1,  graph_make_unary,               alpha,             NULL},
    {"Less",                  2, 2,  graph_make_compare,             NULL,              NULL},
    {"LessOrEqual",           2, 2,  graph_make_compare,             NULL,              NULL},
    {"Log",                   1, 1,  graph_make_unary,               NULL,              NULL},
    {"LogSoftmax",            1, 1,  graph_make_softmax,             axis,              NULL},
    {"LpNormalization",       1, 1,  graph_make_lp_norm,             lp_norm,           NULL},
    {"MatMul",                2, 2,  graph_make_matmul,              NULL,              NULL},
    {"Max",                   1, 64, graph_make_pair,                NULL,              NULL},
    {"MaxPool",               1, 1,  graph_make_max_pool,            window,            NULL},
    {"Mean",                  1, 64, graph_make_pair,                NULL,              NULL},
    {"Min",                   1, 64, graph_make_pair,                NULL,              NULL},
    {"Mish",                  1, 1,  graph_make_unary,               NULL,              NULL},
    {"Mul",                   2, 2,  graph_make_pair,                broadcast,         NULL},
    {"Neg",                   1, 1,  graph_make_unary,               NULL,              NULL},
    {"Not",                   1, 1,  graph_make_not,                 NULL,              NULL},
    {"Or",                    2, 2,  graph_make_pair,                NULL,              NULL},
    {"PRelu",                 2, 2,  graph_make_pair,                NULL,              NULL},
    {"Pad",                   1, 4,  graph_make_pad,                 pad,               NULL},
    {"Pow",                   2, 2,  graph_make_pair,                broadcast,         NULL},
    {"RNN",                   3, 6,  graph_make_recurrent,           recurrent,         NULL},
    {"Range",                 3, 3,  graph_make_range,               NULL,              NULL},
    {"Reciprocal",            1, 1,  graph_make_unary,               NULL,              NULL},
    {"ReduceL1",              1, 2,  graph_make_reduce,              reduce,            NULL},
    {"ReduceL2",              1, 2,  graph_make_reduce,              reduce,            NULL},
    {"ReduceLogSum",          1, 2,  graph_make_reduce,              reduce,            NULL},
    {"ReduceLogSumExp",       1, 2,  graph_make_reduce,              reduce,            NULL},
    {"ReduceMax",             1, 2,  graph_make_reduce,              reduce,            NULL},
    {"ReduceMean",            1, 2,  graph_make_reduce,              reduce,            NULL},
    {"ReduceMin",             1, 2,  graph_make_reduce,              reduce,            NULL},
    {"ReduceProd",            1, 2,  graph_make_reduce,              reduce,            NULL},
    {"ReduceSum",             1, 2,  graph_make_reduce,              reduce,            NULL},
    {"ReduceSumSquare",       1, 2,  graph_make_reduce,              reduce,            NULL},
    {"Relu",                  1, 1,  graph_make_relu,                NULL,              NULL},
    {"Reshape",               1, 2,  graph_make_reshape,             reshape,           NULL},
    {"Round",                 1, 1,  graph_make_unary,               NULL,              NULL},
    {"Selu",                  1, 1,  graph_make_unary,               alpha,             NULL},
    {"Shape",                 1, 1,  graph_make_shape,               shape,             NULL},
    {"Sigmoid",               1, 1,  graph_make_unary,               NULL,              NULL},
    {"Sign",                  1, 1,  graph_make_unary,               NULL,              NULL},
    {"Size",                  1, 1,  graph_make_size,                NULL,              NULL},
    {"Slice",                 1, 5,  graph_make_slice,               slice,             NULL},
    {"Softmax",               1, 1,  graph_make_softmax,             axis,              NULL},
    {"Softplus",              1, 1,  graph_make_unary,               NULL,              NULL},
    {"Softsign",              1, 1,  graph_make_unary,               NULL,              NULL},
    {"SpaceToDepth",          1, 1,  graph_make_space_to_depth,      depth,             NULL},
    {"Split",                 1, 2,  graph_make_split,               split,             NULL},
    {"Sqrt",                  1, 1,  graph_make_unary,               NULL,              NULL},
    {"Squeeze",               1, 2,  graph_make_squeeze,             axes,              NULL},
    {"Sub",                   2, 2,  graph_make_pair,                broadcast,         NULL},
    {"Sum",                   1, 64, graph_make_pair,                NULL,              NULL},
    {"Swish",                 1, 1,  graph_make_unary,               alpha,             NULL},
    {"Tanh",                  1, 1,  graph_make_unary,               NULL,              NULL},
    {"ThresholdedRelu",       1, 1,  graph_make_unary,               alpha,             NULL},
    {"Tile",                  2, 2,  graph_make_tile,                NULL,              NULL},
    {"Transpose",             1, 1,  graph_make_transpose,           transpose,         NULL},
    {"Unsqueeze",             1, 2,  graph_make_unsqueeze,           axes,              NULL},
    {"Where",                 3, 3,  graph_make_where,               NULL,              NULL},
    {"ArrayFeatureExtractor", 2, 2,  graph_make_features,            NULL,              ML  },
    {"Binarizer",             1, 1,  graph_make_binarizer,           binarizer,         ML  },
    {"LinearClassifier",      1, 1,  graph_make_linear_classifier,   linear_classifier, ML  },
    {"Normalizer",            1, 1,  graph_make_normalizer,          normalizer,        ML  },
    {"Scaler",                1, 1,  graph_make_scaler,              scaler,            ML  },
    {"ZipMap",                1, 1,  graph_make_zip_map,             zip_map,           ML  },
    {"BiasGelu",              2, 2,  graph_make_bias_gelu,           NULL,              MS  },
    {"FastGelu",              1, 2,  graph_make_bias_gelu,           NULL,              MS  },
    {"FusedConv",             2, 4,  graph_make_fused,               fused_conv,        MS  },
    {"FusedGemm",             2, 3,  graph_make_fused,               fused_gemm,        MS  },
    {"Gelu",                  1, 1,  graph_make_unary,               NULL,              MS  },
    {NULL,                    0, 0,  NULL,                           NULL,              NULL},
};
