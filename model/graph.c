#include "model/graph.h"

#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Steps that one of ONNX's nodes takes at most, apart from a few with many inputs. */
enum {
    NODES_FOR_ONE = 8,
    NODES_FREE = 64,
};

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while reading the graph");
}

/* An output that cannot be computed, which only whoever reads it has to know. */
static int give_up(struct graph_builder *b, const char *name, const struct error *why,
                   struct error *err)
{
    struct error *kept = arena_alloc(&b->graph->arena, 1, sizeof(*kept));
    struct graph_symbol missing = {.name = name, .missing = kept};
    struct graph_symbol *s = graph_find(b, name);

    if (!kept)
        return no_memory(err);
    *kept = *why;
    if (!*name)
        return 0;
    if (!s || s < b->symbols + b->own)
        return graph_define(b, missing, err);
    *s = missing;
    return 0;
}

/* What is lacking is lacking behind it too. */
static int check_inputs(const struct graph_builder *b, const struct onnx_node *n,
                        struct error *why)
{
    for (size_t i = 0; i < n->n_inputs; i++) {
        const struct graph_symbol *s = graph_input(b, n, i);

        if (*n->inputs[i] && !s)
            return graph_refuse(n, why, -EBADMSG, "nothing makes its input '%.40s'",
                                n->inputs[i]);
        if (s && s->missing) {
            *why = *s->missing;
            return why->code;
        }
    }
    return 0;
}

/* Outputs that the maker leaves out are not computed. */
static int make_node(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    graph_make_fn *make = NULL;
    struct error why = {0};
    int r = 0;

    b->own = b->n_symbols;
    if (n->n_outputs == 0)
        return graph_refuse(n, err, -EBADMSG, "it has no output");
    r = check_inputs(b, n, &why);
    if (r == 0)
        r = graph_operator(n, &make, &why);
    if (r == 0)
        r = make(b, n, &why);
    if (r < 0 && r != -ENOTSUP)
        return error_set(err, r, "%s", why.text);
    for (size_t i = 0; i < n->n_outputs; i++) {
        if (r == 0 && graph_find(b, n->outputs[i]))
            continue;
        if (r == 0)
            (void)graph_refuse(n, &why, -ENOTSUP, "digitd does not compute its output %zu", i);
        int given = give_up(b, n->outputs[i], &why, err);

        if (given != 0)
            return given;
        why = r == 0 ? (struct error){0} : why;
    }
    return 0;
}

/* What a node takes, in units of a multiply-add, so that no file can ask for hours. */
static uint64_t cost(const struct graph *g, const struct graph_node *n)
{
    uint64_t count = g->values[n->out].shape.count;

    if (n->kind == GRAPH_ROWS)
        return g->values[n->in[0]].shape.count;
    if (n->kind == GRAPH_MAX_POOL || n->kind == GRAPH_AVERAGE_POOL)
        return count * n->window.kernel[0] * n->window.kernel[1];
    return count + graph_macs(n);
}

static int check_cost(const struct graph *g, struct error *err)
{
    uint64_t macs = 0;

    for (size_t i = 0; i < g->n_nodes && macs <= GRAPH_MACS_MAX; i++)
        macs += cost(g, &g->nodes[i]);
    if (macs > GRAPH_MACS_MAX)
        return error_set(err, -ENOTSUP, "one picture costs over %d million multiply-adds",
                         GRAPH_MACS_MAX / 1000000);
    return 0;
}

static int allocate(struct graph_builder *b, struct error *err)
{
    const struct onnx *o = b->onnx;
    struct graph *g = b->graph;
    size_t n_outputs = 0;
    size_t n_inputs = 0;

    if (o->n_nodes > GRAPH_NODES_MAX)
        return error_set(err, -ENOTSUP, "the graph has %zu nodes; at most %d are read",
                         o->n_nodes, GRAPH_NODES_MAX);
    for (size_t i = 0; i < o->n_nodes; i++) {
        n_outputs += o->nodes[i].n_outputs;
        n_inputs += o->nodes[i].n_inputs;
    }
    if (n_inputs > GRAPH_NAMES_MAX)
        return error_set(err, -ENOTSUP,
                         "the graph's nodes have %zu inputs; at most %d are read", n_inputs,
                         GRAPH_NAMES_MAX);
    if (o->n_initializers + n_outputs > GRAPH_NAMES_MAX)
        return error_set(err, -ENOTSUP, "the graph has %zu names; at most %d are read",
                         o->n_initializers + n_outputs, GRAPH_NAMES_MAX);
    b->symbols =
        arena_alloc(&g->arena, o->n_initializers + n_outputs + 1 + GRAPH_PARTS_MAX * o->n_nodes,
                    sizeof(*b->symbols));
    b->nodes_max = NODES_FOR_ONE * o->n_nodes + NODES_FREE;
    g->nodes = arena_alloc(&g->arena, b->nodes_max, sizeof(*g->nodes));
    g->values = arena_alloc(&g->arena, b->nodes_max + 1, sizeof(*g->values));
    return b->symbols && g->nodes && g->values ? 0 : no_memory(err);
}

static int fill(struct graph_builder *b, struct error *err)
{
    const struct onnx *o = b->onnx;
    size_t order[GRAPH_NODES_MAX];
    int r = allocate(b, err);

    if (r == 0 && (o->opset < GRAPH_OPSET_MIN || o->opset > GRAPH_OPSET_MAX))
        r = error_set(err, -ENOTSUP, "the model is of operator set %lld; digitd reads %d to %d",
                      (long long)o->opset, GRAPH_OPSET_MIN, GRAPH_OPSET_MAX);
    for (size_t i = 0; r == 0 && i < o->n_initializers; i++)
        r = graph_define(b,
                         (struct graph_symbol){.name = o->initializers[i].name,
                                               .constant = &o->initializers[i]},
                         err);
    if (r == 0)
        r = graph_order(o, order, err);
    if (r == 0)
        r = graph_make_input(b, err);
    for (size_t i = 0; r == 0 && i < o->n_nodes; i++)
        r = make_node(b, &o->nodes[order[i]], err);
    if (r == 0)
        r = graph_make_output(b, err);
    return r == 0 ? check_cost(b->graph, err) : r;
}

static int build(const struct onnx *o, bool one, bool *moved, struct graph **ret,
                 struct error *err)
{
    struct arena arena = {0};
    struct graph *g = arena_alloc(&arena, 1, sizeof(*g));
    struct graph_builder b = {.onnx = o, .graph = g, .one = one};
    int r = 0;

    if (!g)
        return no_memory(err);
    g->arena = arena;
    r = fill(&b, err);
    *moved = g->moved;
    if (r == 0) {
        *ret = g;
        g = NULL;
    }
    graph_destroy(g);
    return r;
}

/* A file for any number of pictures that moves them away from the first dimension is read as
 * for one picture, which is how each is answered. If that fails because of a node, the node is
 * the reason, and not that pictures were moved. */
int graph_build(const struct onnx *o, struct graph **ret, struct error *err)
{
    bool moved = false;
    struct error why = {0};
    struct error then = {0};
    int r = build(o, false, &moved, ret, &why);

    if (r == -ENOTSUP && moved) {
        r = build(o, true, &moved, ret, &then);
        why = r != -ENOTSUP || strncmp(then.text, "node ", 5) == 0 ? then : why;
    }
    return r < 0 ? error_set(err, why.code, "%s", why.text) : 0;
}

struct graph_node *graph_maker(const struct graph *g, size_t value)
{
    for (size_t i = g->n_nodes; i-- > 0;) {
        struct graph_node *n = &g->nodes[i];

        if (n->dead || n->out != value)
            continue;
        if (n->kind != GRAPH_RESHAPE)
            return n;
        value = n->in[0];
    }
    return NULL;
}

void graph_destroy(struct graph *g)
{
    struct arena arena = {0};

    if (!g)
        return;
    arena = g->arena; /* which holds *g */
    arena_finish(&arena);
}
