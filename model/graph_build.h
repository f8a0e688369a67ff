#ifndef MODEL_GRAPH_BUILD_H
#define MODEL_GRAPH_BUILD_H

#include "model/graph.h"
#include "model/onnx.h"

/* What the makers of nodes (graph_make_*.c) share while graph_build() runs. */

/* What a name in the file stands for. */
struct graph_symbol {
    const char *name;
    const struct onnx_tensor *constant; /* or else: */
    size_t value;                       /* index into the graph's values */
    bool missing; /* an output that is not computed; an error only if someone reads it */
};

struct graph_builder {
    const struct onnx *onnx;
    struct graph *graph;
    struct graph_symbol *symbols;
    size_t n_symbols;
};

/* Reads one ONNX node, whose attributes have been checked against its row, and adds to the
 * graph what it means. Returns 0; -EBADMSG, -ENOTSUP, -ENOMEM. */
typedef int graph_make_fn(struct graph_builder *b, const struct onnx_node *n,
                          struct error *err);

graph_make_fn graph_make_conv, graph_make_max_pool, graph_make_average_pool,
    graph_make_global_average_pool, graph_make_pad;
graph_make_fn graph_make_gemm, graph_make_matmul, graph_make_add, graph_make_batch_norm,
    graph_make_relu;
graph_make_fn graph_make_flatten, graph_make_reshape, graph_make_softmax, graph_make_constant,
    graph_make_identity, graph_make_dropout;

/* An attribute that an operator may have. `low` and `high` bound integers and the elements of
 * lists of them. A list of rules ends with one without a name. */
struct graph_attribute_rule {
    const char *name;
    enum onnx_kind kind;
    int64_t low, high;
};

/* One row of graph_operator_table.c, which ends with one without a name. */
struct graph_operator_rule {
    const char *name;
    size_t inputs_min, inputs_max;
    graph_make_fn *make;
    const struct graph_attribute_rule *attributes; /* NULL: none */
    const char *domain;                            /* NULL: ONNX's own */
};

extern const struct graph_operator_rule graph_operator_rules[];

/* Finds the operator's row and checks the node's counts and attributes against it. Returns 0
 * and its maker; -ENOTSUP or -EBADMSG. */
int graph_operator(const struct onnx_node *n, graph_make_fn **ret, struct error *err);

/* Fills `err` with "node 'name' (Op): " and the sentence, and returns `code`. */
__attribute__((format(printf, 4, 5))) int
graph_refuse(const struct onnx_node *n, struct error *err, int code, const char *format, ...);

#ifdef __clang_analyzer__
#define graph_refuse(n, err, code, ...) (graph_refuse(n, err, code, __VA_ARGS__), (code))
#endif

/* Attributes by name; an absent one is `otherwise`, or n = 0. Type and bounds are already
 * checked. */
int64_t graph_int(const struct onnx_node *n, const char *name, int64_t otherwise);
float graph_float(const struct onnx_node *n, const char *name, float otherwise);
const struct onnx_attribute *graph_attribute(const struct onnx_node *n, const char *name);

/* Input `i`; NULL if the node leaves it out. */
const struct graph_symbol *graph_input(const struct graph_builder *b, const struct onnx_node *n,
                                       size_t i);
/* Input `i` as what it has to be; -ENOTSUP if it is not. */
int graph_input_value(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                      size_t *ret, struct error *err);
int graph_input_floats(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                       const struct onnx_tensor **ret, struct error *err);

/* Gives the node's first output a meaning. */
int graph_bind(struct graph_builder *b, const struct onnx_node *n, struct graph_symbol symbol,
               struct error *err);
/* Adds a node that computes the first output from value `in`; the caller fills in the rest
 * of *ret. */
int graph_add(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
              size_t in, const struct graph_shape *shape, struct graph_node **ret,
              struct error *err);

/* {dims}, with the count; -ENOTSUP if there are too many elements. */
int graph_shape_set(struct graph_shape *ret, const struct onnx_node *n, size_t rank,
                    const size_t *dims, struct error *err);

/* Room for the node's weights and bias, zeroed. */
int graph_weights(struct graph_builder *b, struct graph_node *node, size_t n_weights,
                  size_t n_bias, struct error *err);

#endif
