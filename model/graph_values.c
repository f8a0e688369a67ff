#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Values, their shapes, and the nodes that make them. */

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while reading the graph");
}

int graph_shape_set(struct graph_shape *ret, const struct onnx_node *n, size_t rank,
                    const size_t *dims, struct error *err)
{
    struct graph_shape shape = {.rank = rank, .count = 1};

    if (rank > GRAPH_RANK_MAX)
        return graph_refuse(n, err, -ENOTSUP, "its result has over %d dimensions",
                            GRAPH_RANK_MAX);
    for (size_t i = 0; i < rank; i++) {
        shape.dims[i] = dims[i];
        if (dims[i] == 0 || __builtin_mul_overflow(shape.count, dims[i], &shape.count) ||
            shape.count > GRAPH_ELEMENTS_MAX)
            return graph_refuse(n, err, -ENOTSUP,
                                "its result must have 1 to %d elements for one picture",
                                GRAPH_ELEMENTS_MAX);
    }
    *ret = shape;
    return 0;
}

int graph_shape_from(const struct graph_builder *b, const struct onnx_node *n,
                     const struct graph_dims *dims, bool batched, struct graph_shape *ret,
                     struct error *err)
{
    size_t of_picture[ONNX_RANK_MAX] = {0};
    size_t skip = dims->rank > 0 && (batched || dims->at[0] == 1) ? 1 : 0;
    int r = 0;

    b->graph->moved = b->graph->moved || (!batched && !graph_single(b));
    if (!batched && !graph_single(b))
        return graph_refuse(n, err, -ENOTSUP, "its result does not keep the batch first");
    for (size_t i = skip; i < dims->rank; i++)
        of_picture[i - skip] = dims->at[i] > 0 ? (size_t)dims->at[i] : 0;
    r = graph_shape_set(ret, n, dims->rank - skip, of_picture, err);
    ret->alone = 1 - skip;
    return r;
}

bool graph_single(const struct graph_builder *b)
{
    return b->one || b->graph->batch == 1;
}

bool graph_batched(const struct graph_builder *b, const struct graph_symbol *s)
{
    return !s->constant && !b->graph->values[s->value].shape.alone && !graph_single(b);
}

struct graph_dims graph_dims_of(const struct graph_builder *b, const struct graph_symbol *s)
{
    struct graph_dims ret = {0};
    const struct graph_shape *shape = NULL;

    if (s->constant) {
        ret.rank = s->constant->rank;
        memcpy(ret.at, s->constant->dims, sizeof(ret.at));
        return ret;
    }
    shape = &b->graph->values[s->value].shape;
    if (!shape->alone)
        ret.at[ret.rank++] = 1;
    for (size_t i = 0; i < shape->rank; i++)
        ret.at[ret.rank++] = (int64_t)shape->dims[i];
    return ret;
}

bool graph_same_shape(const struct graph_shape *a, const struct graph_shape *b)
{
    return a->rank == b->rank && a->alone == b->alone &&
           memcmp(a->dims, b->dims, a->rank * sizeof(a->dims[0])) == 0;
}

int64_t graph_batch(const struct graph_builder *b)
{
    if (graph_single(b))
        return 1;
    return b->graph->batch > 0 ? b->graph->batch : GRAPH_ANY_BATCH;
}

int graph_insert(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
                 size_t in, const struct graph_shape *shape, struct graph_node **ret,
                 struct error *err)
{
    struct graph *g = b->graph;
    struct graph_node *node = NULL;

    if (g->n_nodes == b->nodes_max)
        return graph_refuse(n, err, -ENOTSUP, "the graph takes over %zu steps", b->nodes_max);
    node = &g->nodes[g->n_nodes++];
    *node = (struct graph_node){
        .kind = kind, .op = n->op, .in = {in, in},
                .n_in = 1, .out = g->n_values, .groups = 1
    };
    node->name = *n->name ? n->name : *n->outputs[0] ? n->outputs[0] : n->op;
    g->values[g->n_values++] = (struct graph_value){.name = n->outputs[0], .shape = *shape};
    *ret = node;
    return 0;
}

int graph_add(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
              size_t in, const struct graph_shape *shape, struct graph_node **ret,
              struct error *err)
{
    int r = graph_insert(b, n, kind, in, shape, ret, err);

    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.value = (*ret)->out}, err) : r;
}

int graph_table(struct graph_builder *b, const struct onnx_node *n, size_t count, size_t size,
                void *ret, struct error *err)
{
    void *room = NULL;

    if (count > GRAPH_TABLES_MAX - b->n_tables)
        return graph_refuse(n, err, -ENOTSUP,
                            "folded constants and lists of indexes take over %d elements",
                            GRAPH_TABLES_MAX);
    b->n_tables += count;
    room = arena_alloc(&b->graph->arena, count, size);
    memcpy(ret, &room, sizeof(room));
    return room ? 0 : no_memory(err);
}

int graph_weights(struct graph_builder *b, struct graph_node *node, size_t n_weights,
                  size_t n_bias, struct error *err)
{
    node->n_weights = n_weights;
    node->n_bias = n_bias;
    node->weights = arena_alloc(&b->graph->arena, n_weights, sizeof(float));
    node->bias = arena_alloc(&b->graph->arena, n_bias, sizeof(float));
    return node->weights && node->bias ? 0 : no_memory(err);
}

uint64_t graph_macs(const struct graph_node *n)
{
    if (n->kind == GRAPH_CONV)
        return (uint64_t)n->n_weights * n->window.out[0] * n->window.out[1];
    if (n->kind == GRAPH_PRODUCT)
        return (uint64_t)n->products * n->height * n->width * n->row;
    if (n->kind == GRAPH_RECURRENT)
        return (uint64_t)n->products * n->height * n->n_bias / 2 * (n->row + n->width);
    return n->kind == GRAPH_DENSE ? n->n_weights : 0;
}
