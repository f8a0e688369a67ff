#ifndef MODEL_GRAPH_BUILD_H
#define MODEL_GRAPH_BUILD_H

#include "model/graph.h"
#include "model/onnx.h"

/* What the makers of nodes (graph_make_*.c) share while graph_build() runs. */

enum { GRAPH_PARTS_MAX = 5 }; /* names that no file has, from one node of a file */

/* What a name in the file stands for. */
struct graph_symbol {
    const char *name;
    const struct onnx_tensor *constant; /* or else: */
    size_t value;                       /* index into the graph's values */
    const struct error *missing;        /* why it is not computed; only readers are told */
};

struct graph_builder {
    const struct onnx *onnx;
    struct graph *graph;
    struct graph_symbol *symbols;
    size_t n_symbols, n_tables; /* so far; n_tables in elements */
    size_t nodes_max;
    bool one;   /* picture at a time, though the file is for any number */
    size_t own; /* symbols from here on are the present node's */
    const struct graph_integers *integers; /* graph_make_quant.c: constants made of integers */
};

/* Dimensions as ONNX counts them, the batch, which is 1, among them. */
struct graph_dims {
    size_t rank;
    int64_t at[ONNX_RANK_MAX];
};

/* How an operator that only moves numbers finds them: element (c0, c1, ...) of its result is
 * element at[0][c0] + at[1][c1] + ... of its input, or a filler if one of them is
 * GRAPH_NOWHERE. */
struct graph_view {
    struct graph_dims dims;
    int axis[ONNX_RANK_MAX];    /* of the input that each of the result's is; -1: a new one */
    bool batched;               /* axis 0 of the input is the batch */
    int32_t *at[ONNX_RANK_MAX]; /* [dims] */
    float filler;
};

enum { GRAPH_NOWHERE = -1 };

/* Reads one ONNX node, whose attributes have been checked against its row, and adds to the
 * graph what it means. Returns 0; -EBADMSG, -ENOTSUP, -ENOMEM. */
typedef int graph_make_fn(struct graph_builder *b, const struct onnx_node *n,
                          struct error *err);

graph_make_fn graph_make_conv, graph_make_max_pool, graph_make_average_pool,
    graph_make_global_average_pool, graph_make_global_max_pool;
graph_make_fn graph_make_gemm, graph_make_matmul, graph_make_batch_norm;
graph_make_fn graph_make_pair, graph_make_compare, graph_make_where, graph_make_not;
graph_make_fn graph_make_unary, graph_make_clip, graph_make_relu, graph_make_cast;
graph_make_fn graph_make_flatten, graph_make_reshape, graph_make_squeeze, graph_make_unsqueeze,
    graph_make_constant, graph_make_constant_of_shape, graph_make_shape, graph_make_size,
    graph_make_identity, graph_make_dropout, graph_make_range;
graph_make_fn graph_make_transpose, graph_make_slice, graph_make_gather, graph_make_concat,
    graph_make_expand, graph_make_tile, graph_make_split, graph_make_pad,
    graph_make_depth_to_space, graph_make_space_to_depth;
graph_make_fn graph_make_softmax, graph_make_reduce, graph_make_layer_norm,
    graph_make_instance_norm, graph_make_lp_norm;
graph_make_fn graph_make_recurrent, graph_make_fused, graph_make_bias_gelu;
graph_make_fn graph_make_linear_classifier, graph_make_normalizer, graph_make_scaler,
    graph_make_zip_map, graph_make_binarizer, graph_make_features, graph_make_label;

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

/* graph_order.c: the nodes, each behind those that make its inputs. -EBADMSG for a cycle. */
int graph_order(const struct onnx *o, size_t order[GRAPH_NODES_MAX], struct error *err);

/* graph_ends.c: what goes into the graph, and which of its outputs is the answer. */
int graph_make_input(struct graph_builder *b, struct error *err);
int graph_make_output(struct graph_builder *b, struct error *err);

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

/* What a name stands for, or NULL; gives it one, or returns -EBADMSG if it is taken. */
struct graph_symbol *graph_find(const struct graph_builder *b, const char *name);
int graph_define(struct graph_builder *b, struct graph_symbol symbol, struct error *err);

/* Input `i`; NULL if the node leaves it out. */
const struct graph_symbol *graph_input(const struct graph_builder *b, const struct onnx_node *n,
                                       size_t i);
/* Input `i` as what it has to be; -ENOTSUP if it is not. */
int graph_input_value(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                      size_t *ret, struct error *err);
int graph_input_floats(struct graph_builder *b, const struct onnx_node *n, size_t i,
                       const struct onnx_tensor **ret, struct error *err);

/* Input `i`, whatever it is; -EBADMSG if there is none. */
int graph_input_any(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                    const struct graph_symbol **ret, struct error *err);
/* A short constant list of whole numbers; -ENOTSUP if it is none. *count is 0 if it is left
 * out. */
int graph_input_ints(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                     int64_t ret[ONNX_RANK_MAX], size_t *count, struct error *err);
/* The same from the attribute `name`, which older operator sets have in its place. */
int graph_list(const struct graph_builder *b, const struct onnx_node *n, const char *name,
               size_t i, int64_t ret[ONNX_RANK_MAX], size_t *count, struct error *err);
/* Counts from the end if negative; -EBADMSG if it is not within. */
int graph_axis(const struct onnx_node *n, int64_t axis, size_t rank, size_t *ret,
               struct error *err);

/* Gives one of the node's outputs a meaning. */
int graph_bind_output(struct graph_builder *b, const struct onnx_node *n, size_t i,
                      struct graph_symbol symbol, struct error *err);
int graph_bind(struct graph_builder *b, const struct onnx_node *n, struct graph_symbol symbol,
               struct error *err);
/* Adds a node that computes a new value from `in`; the caller fills in the rest of *ret. */
int graph_insert(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
                 size_t in, const struct graph_shape *shape, struct graph_node **ret,
                 struct error *err);
/* The same, and it is the first output. */
int graph_add(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
              size_t in, const struct graph_shape *shape, struct graph_node **ret,
              struct error *err);

/* {dims}, with the count; -ENOTSUP if there are too many elements. */
int graph_shape_set(struct graph_shape *ret, const struct onnx_node *n, size_t rank,
                    const size_t *dims, struct error *err);
/* From ONNX's dimensions, of which the first is the batch if `batched`; if it is not, -ENOTSUP
 * unless the file is for one picture. */
int graph_shape_from(const struct graph_builder *b, const struct onnx_node *n,
                     const struct graph_dims *dims, bool batched, struct graph_shape *ret,
                     struct error *err);
struct graph_dims graph_dims_of(const struct graph_builder *b, const struct graph_symbol *s);
/* Whether the first of these dimensions is the batch; in a file for one picture it is one like
 * the others. */
bool graph_single(
    const struct graph_builder *b); /* the file is, or is read as, for one picture */
bool graph_batched(const struct graph_builder *b, const struct graph_symbol *s);
bool graph_same_shape(const struct graph_shape *a, const struct graph_shape *b);
/* What ONNX's Shape says of the batch: its size, or for any size GRAPH_ANY_BATCH, a prime of
 * which no other dimension is a multiple, and that a float32 holds. */
int64_t graph_batch(const struct graph_builder *b);

#define GRAPH_ANY_BATCH INT64_C(16777213)

/* Room for the node's weights and bias, zeroed. */
int graph_weights(struct graph_builder *b, struct graph_node *node, size_t n_weights,
                  size_t n_bias, struct error *err);
/* Room for `count` elements of a folded constant or a list of indexes; -ENOTSUP if all take too
 * much. */
int graph_table(struct graph_builder *b, const struct onnx_node *n, size_t count, size_t size,
                void *ret, struct error *err);

/* graph_fold.c: constants. A new one, with room for its elements; one element as a number. */
int graph_constant(struct graph_builder *b, const struct onnx_node *n, int32_t type,
                   const struct graph_dims *dims, struct onnx_tensor **ret, void *data,
                   struct error *err);
bool graph_is_whole(const struct onnx_tensor *t);
int64_t graph_whole(const struct onnx_tensor *t, size_t i);
double graph_number(const struct onnx_tensor *t, size_t i);
void graph_store(const struct onnx_tensor *t, void *data, size_t i, int64_t whole,
                 double number);
/* Numbers of a constant as float32; -ENOTSUP if it holds none, -EBADMSG for NaN. */
int graph_floats(struct graph_builder *b, const struct onnx_node *n,
                 const struct onnx_tensor *t, const float **ret, struct error *err);

/* graph_view.c. The view of everything as it is; whole axes may then be exchanged, and lists
 * made anew with graph_view_axis(). */
int graph_view_all(struct graph_builder *b, const struct onnx_node *n,
                   const struct graph_symbol *s, struct graph_view *ret, struct error *err);
/* Gives axis `i` of the result `len` coordinates, and room for them. */
int graph_view_axis(struct graph_builder *b, const struct onnx_node *n, struct graph_view *v,
                    size_t i, int64_t len, struct error *err);
/* What is seen; all with the axes in another order; all under other dimensions. */
int graph_view_take(struct graph_builder *b, const struct onnx_node *n,
                    const struct graph_symbol *s, const struct graph_view *v,
                    struct graph_symbol *ret, struct error *err);
int graph_view_permute(struct graph_builder *b, const struct onnx_node *n,
                       const struct graph_symbol *s, const size_t order[ONNX_RANK_MAX],
                       struct graph_symbol *ret, struct error *err);
int graph_view_as(struct graph_builder *b, const struct onnx_node *n,
                  const struct graph_symbol *s, const struct graph_dims *dims, bool batched,
                  struct graph_symbol *ret, struct error *err);
/* Broadcast to `dims`, which it must fit. */
int graph_view_spread(struct graph_builder *b, const struct onnx_node *n,
                      const struct graph_symbol *s, const struct graph_dims *dims, bool batched,
                      struct graph_symbol *ret, struct error *err);
/* The symbol as a value, which for a constant takes a node. */
int graph_value_of(struct graph_builder *b, const struct onnx_node *n,
                   const struct graph_symbol *s, size_t *ret, struct error *err);

/* graph_make_dilated.c: with nodes of other kinds, the last of which is *ret. */
int graph_dilated_pool(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
                       size_t value, const struct graph_window *w, struct graph_node **ret,
                       struct error *err);

/* graph_make_arithmetic.c: one symbol from two. */
int graph_combine(struct graph_builder *b, const struct onnx_node *n, enum kernels_pair pair,
                  const struct graph_symbol *left, const struct graph_symbol *right,
                  struct graph_symbol *ret, struct error *err);
/* graph_make_constant.c: 0 where it is 0, else 1. */
int graph_truth(struct graph_builder *b, const struct onnx_node *n,
                const struct graph_symbol *s, struct graph_symbol *ret, struct error *err);
/* graph_make_unary.c */
int graph_apply(struct graph_builder *b, const struct onnx_node *n,
                const struct kernels_activation *f, const struct graph_symbol *s,
                struct graph_symbol *ret, struct error *err);
/* graph_make_rows.c: over axes first to last of the symbol's dimensions, which are together. */
int graph_over_rows(struct graph_builder *b, const struct onnx_node *n, enum graph_rows rows,
                    const struct graph_symbol *s, const bool axes[ONNX_RANK_MAX], float epsilon,
                    struct graph_symbol *ret, struct error *err);

#endif
