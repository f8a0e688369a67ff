#include <errno.h>

#include "model/error.h"
#include "model/graph_fuse.h"
#include "model/model.h"

/* Every rule below changes a graph into one with the same results and fewer nodes. A node is
 * only changed if the one that it is merged with is the only one to see its result. */

static bool has_weights(const struct graph_node *n)
{
    return n->kind == GRAPH_CONV || n->kind == GRAPH_DENSE;
}

/* The node before `n` that makes its first input, if nothing else uses that. */
static struct graph_node *before(const struct graph *g, const struct graph_node *n)
{
    for (size_t i = (size_t)(n - g->nodes); i-- > 0;) {
        struct graph_node *p = &g->nodes[i];

        if (!p->dead && p->out == n->in[0])
            return g->values[p->out].uses == 1 ? p : NULL;
    }
    return NULL;
}

/* `into` also does what `n` does, and `last`, which precedes `n`, makes its result. */
static int merge(struct graph *g, struct graph_node *into, struct graph_node *last,
                 struct graph_node *n, struct error *err)
{
    bool same = into->name == n->name; /* parts of one of the file's */
    const char *op = same ? into->op : arena_print(&g->arena, "%s+%s", into->op, n->op);

    if (!op)
        return error_set(err, -ENOMEM, "out of memory while fusing the graph");
    into->op = op;
    g->values[last->out].uses = 0;
    last->out = n->out;
    n->dead = true;
    return 0;
}

static int fold_affine(struct graph *g, struct graph_node *n, struct error *err)
{
    struct graph_node *p = before(g, n);
    size_t row = 0;

    if (!p || !has_weights(p) || p->relu) {
        /* A convolution that keeps the channels apart does the same. */
        const struct graph_shape *shape = &g->values[n->out].shape;

        n->kind = GRAPH_CONV;
        n->groups = n->n_bias;
        n->window = (struct graph_window){
            .kernel = {1, 1},
              .stride = {1, 1},
              .dilation = {1, 1},
              .out = {1, 1}
        };
        for (size_t i = 0; i < 2 && shape->rank == 3; i++)
            n->window.out[i] = shape->dims[1 + i];
        return 0;
    }
    row = p->n_weights / p->n_bias;
    for (size_t o = 0; o < p->n_bias; o++) {
        if (n->weights[o] != 1)
            p->ints = NULL; /* no longer */
        for (size_t i = 0; i < row; i++)
            p->weights[o * row + i] *= n->weights[o];
        p->bias[o] = p->bias[o] * n->weights[o] + n->bias[o];
    }
    return merge(g, p, p, n, err);
}

/* max(0, x) may come before a maximum and before a reshape as well as after. */
static int fuse_relu(struct graph *g, struct graph_node *n, struct error *err)
{
    struct graph_node *last = before(g, n);
    struct graph_node *p = last;

    while (p && (p->kind == GRAPH_MAX_POOL || p->kind == GRAPH_RESHAPE))
        p = before(g, p);
    if (!p || !(has_weights(p) || p->kind == GRAPH_ADD))
        return 0;
    p->relu = true;
    return merge(g, p, last, n, err);
}

static bool is_rows(const struct graph_node *n, enum graph_rows rows)
{
    return n->kind == GRAPH_ROWS && n->row == MODEL_CLASSES && n->rows == rows;
}

static bool is_function(const struct graph_node *n, enum kernels_function function)
{
    return n->kind == GRAPH_UNARY && n->function.function == function;
}

/* What makes probabilities of logits, or their logarithms. */
static enum model_end end_of(const struct graph_node *n)
{
    return is_function(n, KERNELS_SIGMOID)      ? MODEL_END_SIGMOID
           : is_rows(n, GRAPH_ROWS_SOFTMAX)     ? MODEL_END_SOFTMAX
           : is_rows(n, GRAPH_ROWS_LOG_SOFTMAX) ? MODEL_END_LOG_SOFTMAX
                                                : MODEL_END_LOGITS;
}

/* The probabilities without a rounding to bytes behind them: that much better. */
static void strip_rounding(struct graph *g)
{
    const struct graph_node *n = graph_maker(g, g->output);

    while (n && (n->kind == GRAPH_QUANTIZE || n->kind == GRAPH_DEQUANTIZE))
        n = graph_maker(g, n->in[0]);
    if (n && end_of(n) != MODEL_END_LOGITS)
        g->output = n->out;
}

/* A logarithm of probabilities is a LogSoftmax in two steps, the exponential of one a Softmax.
 */
static struct graph_node *join_steps(const struct graph *g, struct graph_node *n)
{
    struct graph_node *p = n->n_in == 1 ? graph_maker(g, n->in[0]) : NULL;

    if (is_function(n, KERNELS_LOG) && p && is_rows(p, GRAPH_ROWS_SOFTMAX))
        p->rows = GRAPH_ROWS_LOG_SOFTMAX;
    else if (is_function(n, KERNELS_EXP) && p && is_rows(p, GRAPH_ROWS_LOG_SOFTMAX))
        p->rows = GRAPH_ROWS_SOFTMAX;
    else
        return n;
    return p;
}

/* Takes off what is behind the logits, names for the same numbers among it. */
static void strip_end(struct graph *g)
{
    struct graph_node *n = graph_maker(g, g->output);

    if (!n)
        return;
    n = join_steps(g, n);
    g->output = n->out;
    g->end = end_of(n);
    if (is_rows(n, GRAPH_ROWS_BY_L1)) {
        n->rows = GRAPH_ROWS_LOG_BY_L1; /* whose softmax is the same */
        g->end = MODEL_END_SOFTMAX;
    } else if (g->end != MODEL_END_LOGITS) {
        n = graph_maker(g, n->in[0]);
        g->output = n ? n->out : g->input;
    }
}

static void count_uses(struct graph *g)
{
    g->values[g->output].uses++;
    for (size_t i = g->n_nodes; i-- > 0;) {
        struct graph_node *n = &g->nodes[i];

        n->dead = g->values[n->out].uses == 0;
        for (size_t k = 0; k < n->n_in && !n->dead; k++)
            g->values[n->in[k]].uses++;
    }
}

int graph_fuse(struct graph *g, struct error *err)
{
    int r = graph_fuse_moves(g, err);

    strip_rounding(g);
    strip_end(g);
    count_uses(g);
    for (size_t i = 0; r == 0 && i < g->n_nodes; i++) {
        struct graph_node *n = &g->nodes[i];

        if (n->dead)
            continue;
        if (n->kind == GRAPH_AFFINE)
            r = fold_affine(g, n, err);
        else if (n->kind == GRAPH_RELU)
            r = fuse_relu(g, n, err);
    }
    return r == 0 ? graph_fuse_bytes(g, err) : r;
}
