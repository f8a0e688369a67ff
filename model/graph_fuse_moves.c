#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"
#include "model/graph_fuse.h"

/* Numbers that are moved twice need to be moved once, or not at all. */

static bool fills(const int32_t *index, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (index[i] == GRAPH_NOWHERE)
            return true;
    return false;
}

static bool is_everything(const struct graph *g, const struct graph_node *n)
{
    size_t count = g->values[n->out].shape.count;

    for (size_t i = 0; i < count; i++)
        if (n->index[i] != (int32_t)i)
            return false;
    return count == g->values[n->in[0]].shape.count;
}

/* Takes from where `p` takes; a file's own list of indexes is not changed, others may have it.
 */
static int join(struct graph *g, struct graph_node *n, const struct graph_node *p,
                struct error *err)
{
    size_t count = g->values[n->out].shape.count;
    bool both = fills(n->index, count) && fills(p->index, g->values[p->out].shape.count) &&
                n->filler != p->filler;
    int32_t *index = both ? NULL : arena_alloc(&g->arena, count, sizeof(*index));

    if (both)
        return 0;
    if (!index)
        return error_set(err, -ENOMEM, "out of memory while fusing the graph");
    if (!fills(n->index, count))
        n->filler = p->filler;
    for (size_t i = 0; i < count; i++)
        index[i] = n->index[i] == GRAPH_NOWHERE ? GRAPH_NOWHERE : p->index[n->index[i]];
    n->index = index;
    n->in[0] = n->in[1] = p->in[0];
    return 0;
}

/* weights . moved = other weights . original, if that does not make many more of them. */
static int fold(struct graph *g, struct graph_node *dense, const struct graph_node *p,
                struct error *err)
{
    size_t count = g->values[p->out].shape.count;
    size_t from = g->values[p->in[0]].shape.count;
    size_t n_out = dense->n_bias;
    float *weights = NULL;

    if (from > 2 * count || fills(p->index, count))
        return 0;
    weights = arena_alloc(&g->arena, from * n_out, sizeof(*weights));
    if (!weights)
        return error_set(err, -ENOMEM, "out of memory while fusing the graph");
    for (size_t o = 0; o < n_out; o++)
        for (size_t i = 0; i < count; i++)
            weights[o * from + (size_t)p->index[i]] += dense->weights[o * count + i];
    dense->weights = weights;
    dense->ints = NULL; /* no longer in this order */
    dense->n_weights = from * n_out;
    dense->in[0] = dense->in[1] = p->in[0];
    return 0;
}

int graph_fuse_moves(struct graph *g, struct error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < g->n_nodes; i++) {
        struct graph_node *n = &g->nodes[i];
        const struct graph_node *p =
            n->kind == GRAPH_MOVE || n->kind == GRAPH_DENSE ? graph_maker(g, n->in[0]) : NULL;

        if (!p || p->kind != GRAPH_MOVE || p->n_in > 1 || n->n_in > 1)
            continue;
        r = n->kind == GRAPH_MOVE ? join(g, n, p, err) : fold(g, n, p, err);
        if (r == 0 && n->kind == GRAPH_MOVE && is_everything(g, n))
            n->kind = GRAPH_RESHAPE;
    }
    return r;
}
