#ifndef MODEL_GRAPH_QUANT_H
#define MODEL_GRAPH_QUANT_H

#include "model/graph_build.h"

/* Quantised models. A tensor of bytes is a value like any other, whose numbers are whole, 0 to
 * 255; signed bytes are held 128 higher, and so are their zero points. So every operator that
 * only moves or compares numbers does bytes too, and nothing needs to be folded to be right.
 * What graph_fuse_bytes() folds is computed with bytes. */

/* The makers of graph_make_quant.c, which takes tensors of bytes apart and together, and of
 * graph_make_qlinear.c, for operators that are several of the others at once. */
graph_make_fn graph_make_quantize, graph_make_dequantize, graph_make_dynamic_quantize;
graph_make_fn graph_make_qlinear_conv, graph_make_qlinear_matmul, graph_make_qlinear_pair,
    graph_make_qlinear_unary, graph_make_qlinear_concat, graph_make_qlinear_average_pool,
    graph_make_qlinear_global_average_pool, graph_make_qgemm, graph_make_conv_integer,
    graph_make_matmul_integer;

/* Their rows, behind those of graph_operator_rules. */
extern const struct graph_operator_rule graph_quant_rules[];

/* Where the numbers of an input are: which of a node's inputs is what; the scale may be left
 * out, and is 1. The axis is that of a list of scales. */
struct graph_quant_input {
    size_t x, scale, zero;
    bool unscaled;
    int64_t axis;
};

/* Binds `name` to input `i.x` as floats, and to bytes. */
int graph_quant_dequantize(struct graph_builder *b, const struct onnx_node *n, const char *name,
                           const struct graph_quant_input *i, struct error *err);
int graph_quant_quantize(struct graph_builder *b, const struct onnx_node *n, const char *name,
                         const struct graph_quant_input *i, struct error *err);

/* Gives the node's output the numbers of a value: if that is of bytes, as they are in the file.
 */
int graph_quant_plain(struct graph_builder *b, const struct onnx_node *n,
                      const struct graph_symbol *s, struct error *err);

/* Remembers at a convolution or dense layer the integers that its weights were made of, if they
 * were. weights [out][...], or [in][out] if `transposed`. */
int graph_quant_remember(struct graph_builder *b, struct graph_node *node,
                         const struct onnx_tensor *weights, bool transposed, struct error *err);

#endif
