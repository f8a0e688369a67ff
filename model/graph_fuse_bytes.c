#include <errno.h>

#include "model/error.h"
#include "model/graph_fuse.h"

/* Which nodes compute with bytes. A node takes over what turns its inputs into numbers and, if
 * nothing else sees its result, what turns that into bytes. */

struct folding {
    struct graph *graph;
    struct error *err;
};

static struct graph_node *maker(const struct graph *g, size_t value)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i].dead && g->nodes[i].out == value)
            return &g->nodes[i];
    return NULL;
}

static struct graph_node *dequantizer(const struct graph *g, size_t value)
{
    struct graph_node *n = maker(g, value);

    return n && n->kind == GRAPH_DEQUANTIZE ? n : NULL;
}

static bool reads(const struct graph_node *n, size_t value)
{
    bool found = false;

    for (size_t k = 0; k < n->n_in && !n->dead; k++)
        found = found || n->in[k] == value;
    return found;
}

/* The node that turns the value into bytes, if that is all that becomes of it. */
static struct graph_node *quantizer(const struct graph *g, size_t value)
{
    struct graph_node *found = NULL;

    for (size_t i = 0; i < g->n_nodes; i++) {
        struct graph_node *n = &g->nodes[i];

        if (!reads(n, value))
            continue;
        if (found || n->kind != GRAPH_QUANTIZE)
            return NULL;
        found = n;
    }
    return g->output == value ? NULL : found;
}

/* Whoever reads the value `from` reads `to` instead. */
static void replace(struct graph *g, size_t from, size_t to)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; k < 2; k++)
            if (g->nodes[i].in[k] == from)
                g->nodes[i].in[k] = to;
    if (g->output == from)
        g->output = to;
}

static bool same_scale(const struct graph_bytes *from, const struct graph_bytes *to)
{
    return from->scale[0] == to->scale[2] && from->zero[0] == to->zero[2];
}

/* The figures of a node between one of these and one of those, which then has no more to do. */
static int attach(const struct folding *f, struct graph_node *n, const struct graph_node *from,
                  const struct graph_node *second, struct graph_node *to)
{
    struct graph_bytes *bytes = arena_alloc(&f->graph->arena, 1, sizeof(*bytes));
    bool one = to && to->name == n->name; /* node of the file */
    const char *op = to && !one ? arena_print(&f->graph->arena, "%s+%s", n->op, to->op) : n->op;

    if (!bytes || !op)
        return error_set(f->err, -ENOMEM, "out of memory while fusing the graph");
    *bytes = *from->bytes;
    if (second) {
        bytes->scale[1] = second->bytes->scale[0];
        bytes->zero[1] = second->bytes->zero[0];
        n->in[1] = second->in[0];
    }
    if (to) {
        bytes->to = true;
        bytes->scale[2] = to->bytes->scale[2];
        bytes->zero[2] = to->bytes->zero[2];
        bytes->high = to->bytes->high;
        bytes->low = to->bytes->low;
        if (n->relu && bytes->low < bytes->zero[2])
            bytes->low = bytes->zero[2];
        n->out = to->out;
        to->dead = true;
    }
    n->in[0] = from->in[0];
    n->bytes = bytes;
    n->op = op;
    return 0;
}

static int fold_weights(const struct folding *f, struct graph_node *n)
{
    const struct graph_node *from = dequantizer(f->graph, n->in[0]);

    return n->ints && from ? attach(f, n, from, NULL, quantizer(f->graph, n->out)) : 0;
}

static int fold_add(const struct folding *f, struct graph_node *n)
{
    const struct graph_node *a = dequantizer(f->graph, n->in[0]);
    const struct graph_node *b = dequantizer(f->graph, n->in[1]);
    struct graph_node *to = quantizer(f->graph, n->out);

    return a && b && to ? attach(f, n, a, b, to) : 0;
}

/* max(0, x) between bytes. */
static int fold_relu(const struct folding *f, struct graph_node *n)
{
    const struct graph_node *from = dequantizer(f->graph, n->in[0]);
    struct graph_node *to = quantizer(f->graph, n->out);

    if (!from || !to)
        return 0;
    n->kind = GRAPH_REQUANTIZE;
    n->relu = true;
    return attach(f, n, from, NULL, to);
}

/* Bytes may be moved and compared as they are, if they come out as they went in. */
static void fold_move(const struct folding *f, struct graph_node *n)
{
    const struct graph_node *from = dequantizer(f->graph, n->in[0]);
    struct graph_node *to = quantizer(f->graph, n->out);

    if (!from || !to || !same_scale(from->bytes, to->bytes))
        return;
    n->in[0] = from->in[0];
    n->out = to->out;
    to->dead = true;
}

/* Bytes of one scale to numbers to bytes of another, or of the same. */
static int fold_quantize(const struct folding *f, struct graph_node *n)
{
    const struct graph_node *from = dequantizer(f->graph, n->in[0]);
    const struct graph_bytes to = *n->bytes;
    struct graph_bytes *bytes = NULL;

    if (!from)
        return 0;
    if (same_scale(from->bytes, &to)) {
        replace(f->graph, n->out, from->in[0]);
        n->dead = true;
        return 0;
    }
    bytes = arena_alloc(&f->graph->arena, 1, sizeof(*bytes));
    if (!bytes)
        return error_set(f->err, -ENOMEM, "out of memory while fusing the graph");
    *bytes = to;
    bytes->from = true;
    bytes->scale[0] = from->bytes->scale[0];
    bytes->zero[0] = from->bytes->zero[0];
    n->bytes = bytes;
    n->kind = GRAPH_REQUANTIZE;
    n->in[0] = from->in[0];
    return 0;
}

static int fold(const struct folding *f, struct graph_node *n)
{
    switch (n->kind) {
    case GRAPH_CONV:
    case GRAPH_DENSE:
        return fold_weights(f, n);
    case GRAPH_ADD:
        return fold_add(f, n);
    case GRAPH_RELU:
        return fold_relu(f, n);
    case GRAPH_MAX_POOL:
    case GRAPH_RESHAPE:
        fold_move(f, n);
        return 0;
    case GRAPH_QUANTIZE:
        return fold_quantize(f, n);
    case GRAPH_AFFINE:
    case GRAPH_AVERAGE_POOL:
    case GRAPH_UNARY:
    case GRAPH_BINARY:
    case GRAPH_MOVE:
    case GRAPH_ROWS:
    case GRAPH_PRODUCT:
    case GRAPH_RECURRENT:
    case GRAPH_CONSTANT:
    case GRAPH_DEQUANTIZE:
    case GRAPH_REQUANTIZE:
        break;
    }
    return 0;
}

/* What nobody reads any more, last first. */
static void bury(struct graph *g)
{
    for (size_t i = 0; i < g->n_values; i++)
        g->values[i].uses = g->output == i;
    for (size_t i = g->n_nodes; i-- > 0;) {
        struct graph_node *n = &g->nodes[i];

        n->dead = n->dead || g->values[n->out].uses == 0;
        for (size_t k = 0; k < n->n_in && !n->dead; k++)
            g->values[n->in[k]].uses++;
    }
}

int graph_fuse_bytes(struct graph *g, struct error *err)
{
    const struct folding f = {.graph = g, .err = err};
    int r = 0;

    for (size_t i = 0; r == 0 && i < g->n_nodes; i++)
        if (!g->nodes[i].dead)
            r = fold(&f, &g->nodes[i]);
    bury(g);
    return r;
}
