#ifndef MODEL_GRAPH_H
#define MODEL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/kernels/activation.h"
#include "model/model.h"

struct error;
struct onnx;

enum {
    GRAPH_RANK_MAX = 7,
    GRAPH_OPSET_MIN = 1,
    GRAPH_OPSET_MAX = 28,
    GRAPH_NODES_MAX = 1024,
    GRAPH_NAMES_MAX = 8192, /* of initializers and what nodes make, and of what they take */
    GRAPH_PAD_MAX = 1024,
    GRAPH_ELEMENTS_MAX = 1 << 22, /* of one value, for one image */
    GRAPH_TABLES_MAX = 1 << 24,   /* elements of all folded constants and lists of indexes */
    GRAPH_MACS_MAX = 2 * 1000 * 1000 * 1000, /* of the whole graph, for one image */
};

/* What is left when ONNX's operators have been understood. */
enum graph_kind {
    GRAPH_CONV,
    GRAPH_DENSE,
    GRAPH_AFFINE, /* y = x * weights[c] + bias[c]; gone after graph_fuse() */
    GRAPH_MAX_POOL,
    GRAPH_AVERAGE_POOL,
    GRAPH_ADD, /* of two values of equal shape */
    GRAPH_RELU,
    GRAPH_RESHAPE, /* the same elements in the same order under another shape */
    GRAPH_UNARY,   /* a function of each number */
    GRAPH_BINARY,  /* of two values of equal shape, or with `weights` for the second */
    GRAPH_MOVE,    /* the same elements in another order, some of them, with a filler or not */
    GRAPH_ROWS,    /* a function of each `row` of numbers: that many, or one, come out */
    GRAPH_PRODUCT, /* of matrices; `weights` may be the second */
    GRAPH_RECURRENT,  /* `products` sequences of `height` steps over `row` numbers, with states
                       * of  `width` */
    GRAPH_CONSTANT,   /* the weights themselves */
    GRAPH_QUANTIZE,   /* numbers to bytes; this and what follows is of quantised models */
    GRAPH_DEQUANTIZE, /* and back */
    GRAPH_REQUANTIZE, /* bytes to bytes of another scale */
};

/* Bytes stand for (byte - zero) * scale. */
struct graph_bytes {
    float scale[3];    /* of the first input, the second, and the result */
    int32_t zero[3];   /* 0 to 255 */
    bool from, to;     /* whether the inputs are bytes, and the result */
    bool is_signed;    /* the result, in the file */
    int32_t low, high; /* what a byte of the result may be */
};

/* Weights as the file has them. */
struct graph_ints {
    int16_t *weights; /* less their zero point; in the order of the node's weights */
    float *scale;     /* [out] */
};

/* What is done with a row. */
enum graph_rows {
    GRAPH_ROWS_SOFTMAX,
    GRAPH_ROWS_LOG_SOFTMAX,
    GRAPH_ROWS_STANDARD,  /* less the mean, by the standard deviation */
    GRAPH_ROWS_BY_L1,     /* by the norm */
    GRAPH_ROWS_LOG_BY_L1, /* the logarithm of that */
    GRAPH_ROWS_BY_L2,
    GRAPH_ROWS_BY_MAX,
    GRAPH_ROWS_SUM, /* from here on one number comes out */
    GRAPH_ROWS_MEAN,
    GRAPH_ROWS_PRODUCT,
    GRAPH_ROWS_MAX,
    GRAPH_ROWS_MIN,
    GRAPH_ROWS_L1,
    GRAPH_ROWS_L2,
    GRAPH_ROWS_SUM_SQUARE,
    GRAPH_ROWS_LOG_SUM,
    GRAPH_ROWS_LOG_SUM_EXP,
};

/* How a recurrent layer's states follow from the step before. */
enum graph_cell {
    GRAPH_CELL_LSTM,
    GRAPH_CELL_GRU,
    GRAPH_CELL_GRU_RESET_AFTER, /* the product with the state, not before it */
    GRAPH_CELL_TANH,
    GRAPH_CELL_RELU,
};

/* The shape of a value for one image, outermost first and without the batch: {F},
 * {C, H, W} or whatever a Reshape made. */
struct graph_shape {
    size_t rank;
    size_t dims[GRAPH_RANK_MAX];
    size_t count; /* the product of dims */
    size_t alone; /* 1 if ONNX has no batch before these; only in files for one picture */
};

struct graph_value {
    const char *name;
    struct graph_shape shape;
    size_t uses; /* by live nodes, and 1 for being the graph's output */
};

/* A sliding window, vertical figures first. */
struct graph_window {
    size_t kernel[2], stride[2], dilation[2];
    size_t pad[2], pad_end[2]; /* top and left; bottom and right */
    size_t out[2];             /* with ceil_mode, the last window may hang over */
};

struct graph_node {
    enum graph_kind kind;
    bool dead;
    bool relu; /* max(0, result) */
    const char *name;
    const char *op;    /* "Conv+BatchNormalization+Relu" */
    size_t in[2], out; /* indexes of values */
    size_t n_in;       /* of `in` that count */
    struct graph_window window;
    size_t groups;                      /* convolution */
    bool count_pad;                     /* average pool: padding counts as pixels */
    struct kernels_activation function; /* unary */
    enum kernels_pair pair;             /* binary */
    bool reversed;                      /* binary: `weights` are the first; recurrent: from
                                         * the last step to the first */
    enum graph_cell cell;
    const int32_t *index; /* move: of in[0], behind its end of in[1], or -1 for `filler` */
    float filler;
    enum graph_rows rows;
    size_t row;
    float epsilon;                  /* standard: added to the variance */
    size_t products, height, width; /* product: so many of [height][row] . [row][width] */
    size_t n_weights, n_bias;
    float *weights; /* conv [out][in / groups][height][width], dense [out][in], affine [c];
                     * recurrent [gates][width][row], [gates][width][width],
                     * [products][states][width] */
    float *bias;    /* [out], always there for these; recurrent [2][gates][width] */
    const struct graph_ints *ints;   /* what the weights were made of, or NULL */
    const struct graph_bytes *bytes; /* how to compute with bytes, or NULL */
};

/* A network from [n][MODEL_INPUT] pixels to [n][MODEL_CLASSES] results: typed, shaped, in
 * order of execution. */
struct graph {
    struct arena arena; /* owns all of it but the strings, which are the ONNX file's */
    struct graph_value *values;
    struct graph_node *nodes;
    size_t n_values, n_nodes;
    size_t input, output;
    size_t output_at;   /* which of the file's outputs that is */
    const char *layout; /* of the input, as in struct model_info */
    int64_t batch;      /* pictures at a time, as the input declares; -1 for any */
    bool moved;         /* something was refused that moves the batch */
    enum model_end end; /* what was behind `output` and was taken off */
};

/* Understands a parsed file, which must outlive the graph. Returns 0 and *ret for the caller
 * to graph_destroy(); -EBADMSG if the file contradicts itself or ONNX; -ENOTSUP for what
 * digitd lacks, with `err` naming the node; -ENOMEM. On failure *ret is untouched. */
int graph_build(const struct onnx *o, struct graph **ret, struct error *err);

/* Folds normalisations and biases into the weights before them, activations into what they
 * act on, takes off a final Softmax or Sigmoid, and marks as dead what nobody needs. The
 * results stay the same within rounding. Returns 0; -ENOMEM. */
int graph_fuse(struct graph *g, struct error *err);

/* What makes `value`, apart from nodes that only name its numbers anew; NULL: nothing does. */
struct graph_node *graph_maker(const struct graph *g, size_t value);

/* Multiply-adds of one node for one image. */
uint64_t graph_macs(const struct graph_node *n);

void graph_destroy(struct graph *g); /* accepts NULL */

#endif
