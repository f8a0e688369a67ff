#include <errno.h>

#include "model/error.h"
#include "model/plan_int8.h"

/* From nodes to steps: which layout each value has, and where one must be changed. */

struct lowering {
    struct plan *plan;
    const struct graph *graph;
    size_t *at;   /* [values] the place that holds it */
    bool *pixels; /* [values] whether a window will slide over it */
};

/* A dense layer reads a picture's channels as they lie, padding and all, unless that makes it
 * read this many times too much. */
enum { WASTE_MAX = 2 };

size_t plan_inputs(const struct plan_step *s)
{
    return s->n_in;
}

bool plan_is_dense(const struct plan_step *s)
{
    return s->kind == PLAN_DENSE || (s->kind == PLAN_INT8 && s->int8_kind == PLAN_INT8_DENSE);
}

size_t plan_add_place(struct plan *p, size_t channels, size_t height, size_t width)
{
    p->places[p->n_places] =
        (struct plan_place){.channels = channels, .height = height, .width = width};
    return p->n_places++;
}

static struct plan_step *add_step(struct plan *p, enum plan_kind kind, size_t in, size_t out)
{
    struct plan_step *s = &p->steps[p->n_steps++];

    *s = (struct plan_step){
        .kind = kind, .in = {in, in},
             .n_in = 1, .out = out, .op = "Layout"
    };
    return s;
}

static size_t add_like(struct lowering *l, const struct plan_place *like, bool bytes)
{
    size_t at = plan_add_place(l->plan, like->channels, like->height, like->width);

    l->plan->places[at].bytes = bytes;
    return at;
}

/* The value as bytes, or as floats that are whole. */
static void as_type(struct lowering *l, size_t value, bool bytes)
{
    const struct plan_place *from = &l->plan->places[l->at[value]];
    size_t to = 0;
    struct plan_step *s = NULL;

    if (from->bytes == bytes)
        return;
    to = add_like(l, from, bytes);
    s = add_step(l->plan, PLAN_INT8, l->at[value], to);
    s->int8_kind = bytes ? PLAN_INT8_QUANTIZE : PLAN_INT8_DEQUANTIZE;
    s->name = l->graph->values[value].name;
    l->at[value] = to;
}

static bool is_list(const struct plan_place *place)
{
    return place->height == 1 && place->width == 1;
}

/* The value as a list of numbers in the graph's order. */
static size_t as_list(struct lowering *l, size_t value)
{
    const struct plan_place *from = &l->plan->places[l->at[value]];
    size_t list = 0;

    if (is_list(from))
        return l->at[value];
    list = plan_add_place(l->plan, from->channels * from->height * from->width, 1, 1);
    l->plan->places[list].bytes = from->bytes;
    add_step(l->plan, PLAN_UNPACK, l->at[value], list)->name = l->graph->values[value].name;
    return list;
}

/* The value in the layout that its shape asks for. */
static size_t as_shaped(struct lowering *l, size_t value)
{
    const struct graph_shape *shape = &l->graph->values[value].shape;
    const struct plan_place *from = &l->plan->places[l->at[value]];
    size_t height = shape->rank == 3 ? shape->dims[1] : 1;
    size_t width = shape->rank == 3 ? shape->dims[2] : 1;
    size_t channels = shape->count / (height * width);
    size_t list = 0;
    size_t ret = 0;

    if (from->channels == channels && from->height == height && from->width == width)
        return l->at[value];
    list = as_list(l, value);
    if (height == 1 && width == 1)
        return list;
    ret = plan_add_place(l->plan, channels, height, width);
    l->plan->places[ret].bytes = from->bytes;
    if (l->plan->places[list].picture && channels == 1)
        l->plan->places[ret].picture = true; /* one channel lies as the list does */
    else
        add_step(l->plan, PLAN_PACK, list, ret)->name = l->graph->values[value].name;
    return ret;
}

/* The value in any layout that a dense layer can permute its weights for. */
static size_t as_dense(struct lowering *l, size_t value)
{
    const struct plan_place *from = &l->plan->places[l->at[value]];

    return KERNELS_ROUND(from->channels) <= WASTE_MAX * from->channels ? l->at[value]
                                                                       : as_list(l, value);
}

static void lower_add(struct lowering *l, const struct graph_node *n, struct plan_step *s)
{
    const struct plan_place *a = &l->plan->places[l->at[n->in[0]]];
    const struct plan_place *b = &l->plan->places[l->at[n->in[1]]];
    bool same = a->channels == b->channels && a->height == b->height && a->width == b->width;

    s->in[0] = same ? l->at[n->in[0]] : as_list(l, n->in[0]);
    s->in[1] = same ? l->at[n->in[1]] : as_list(l, n->in[1]);
}

static const enum plan_kind kinds[] = {
    [GRAPH_CONV] = PLAN_CONV,
    [GRAPH_DENSE] = PLAN_DENSE,
    [GRAPH_MAX_POOL] = PLAN_MAX_POOL,
    [GRAPH_AVERAGE_POOL] = PLAN_AVERAGE_POOL,
    [GRAPH_ADD] = PLAN_ADD,
    [GRAPH_RELU] = PLAN_RELU,
    [GRAPH_UNARY] = PLAN_ACTIVATE,
    [GRAPH_BINARY] = PLAN_COMBINE,
    [GRAPH_MOVE] = PLAN_MOVE,
    [GRAPH_ROWS] = PLAN_ROWS,
    [GRAPH_PRODUCT] = PLAN_PRODUCT,
    [GRAPH_CONSTANT] = PLAN_CONSTANT,
    [GRAPH_RECURRENT] = PLAN_RECURRENT,
    [GRAPH_QUANTIZE] = PLAN_INT8,
    [GRAPH_DEQUANTIZE] = PLAN_INT8,
    [GRAPH_REQUANTIZE] = PLAN_INT8,
};

/* Whether the step works on bytes, and what it then is; its inputs follow. Returns whether its
 * result is bytes. */
static bool choose_type(struct lowering *l, const struct graph_node *n, struct plan_step *s)
{
    enum plan_int8_kind kind = PLAN_INT8_COPY;

    if (n->kind == GRAPH_MAX_POOL) /* does both */
        return l->plan->places[l->at[n->in[0]]].bytes;
    if (plan_int8_lower(n, &kind)) {
        s->kind = PLAN_INT8;
        s->int8_kind = (int)kind;
    }
    for (size_t i = 0; i < n->n_in; i++)
        as_type(l, n->in[i], s->kind == PLAN_INT8 && n->bytes->from);
    return s->kind == PLAN_INT8 && n->bytes->to;
}

/* Which places the step reads, and the one that its result lies like, unless it is NULL. */
static const struct plan_place *lower_inputs(struct lowering *l, const struct graph_node *n,
                                             struct plan_step *s)
{
    switch (n->kind) {
    case GRAPH_DENSE:
        s->in[0] = s->in[1] = as_dense(l, n->in[0]);
        return NULL;
    case GRAPH_ADD:
    case GRAPH_BINARY:
    case GRAPH_RELU:
    case GRAPH_UNARY:
        lower_add(l, n, s);
        return &l->plan->places[s->in[0]];
    case GRAPH_QUANTIZE:
        s->in[0] = l->at[n->in[0]];
        if (l->plan->places[s->in[0]].picture)
            s->in[0] = as_shaped(l, n->in[0]);
        return &l->plan->places[s->in[0]];
    case GRAPH_DEQUANTIZE:
    case GRAPH_REQUANTIZE:
        s->in[0] = l->at[n->in[0]];
        return &l->plan->places[s->in[0]];
    case GRAPH_MOVE:
    case GRAPH_CONSTANT:
        s->in[0] = l->at[n->in[0]];
        s->in[1] = l->at[n->in[1]];
        return NULL;
    case GRAPH_ROWS:
    case GRAPH_PRODUCT:
    case GRAPH_RECURRENT:
        s->in[0] = s->in[1] = as_list(l, n->in[0]);
        if (n->n_in > 1)
            s->in[1] = as_list(l, n->in[1]);
        return NULL;
    case GRAPH_CONV:
    case GRAPH_MAX_POOL:
    case GRAPH_AVERAGE_POOL:
    case GRAPH_AFFINE:  /* not after fusing */
    case GRAPH_RESHAPE: /* has no step */
        s->in[0] = s->in[1] = as_shaped(l, n->in[0]);
        s->window = n->window;
        break;
    }
    return NULL;
}

static void lower_node(struct lowering *l, const struct graph_node *n)
{
    const struct graph_shape *out = &l->graph->values[n->out].shape;
    struct plan_step step = {.kind = kinds[n->kind],
                             .node = n,
                             .name = n->name,
                             .op = n->op,
                             .relu = n->relu,
                             .n_in = n->n_in,
                             .value = n->out + 1,
                             .parameters = n->n_weights + n->n_bias,
                             .macs = graph_macs(n)};
    bool bytes = choose_type(l, n, &step);
    const struct plan_place *like = lower_inputs(l, n, &step);
    bool window = n->kind == GRAPH_CONV || n->kind == GRAPH_MAX_POOL ||
                  n->kind == GRAPH_AVERAGE_POOL || n->kind == GRAPH_DENSE;

    if (like)
        step.out = plan_add_place(l->plan, like->channels, like->height, like->width);
    else if (out->rank == 3 && (window || (step.kind == PLAN_MOVE && l->pixels[n->out])))
        step.out = plan_add_place(l->plan, out->dims[0], out->dims[1], out->dims[2]);
    else
        step.out = plan_add_place(l->plan, out->count, 1, 1);
    l->plan->places[step.out].bytes = bytes;
    l->at[n->out] = step.out;
    l->plan->steps[l->plan->n_steps++] = step;
}

/* Marks what windows slide over, and what only functions of single numbers are between. */
static void find_pixels(struct lowering *l)
{
    for (size_t i = l->graph->n_nodes; i-- > 0;) {
        const struct graph_node *n = &l->graph->nodes[i];
        bool window =
            n->kind == GRAPH_CONV || n->kind == GRAPH_MAX_POOL || n->kind == GRAPH_AVERAGE_POOL;
        bool single = n->kind == GRAPH_ADD || n->kind == GRAPH_BINARY ||
                      n->kind == GRAPH_RELU || n->kind == GRAPH_UNARY ||
                      n->kind == GRAPH_QUANTIZE || n->kind == GRAPH_DEQUANTIZE;

        for (size_t k = 0; k < n->n_in && !n->dead; k++)
            if (window || (single && l->pixels[n->out]))
                l->pixels[n->in[k]] = true;
    }
}

int plan_lower(struct plan *p, const struct graph *g, struct error *err)
{
    struct arena arena = {0};
    struct lowering l = {.plan = p, .graph = g};

    l.at = arena_alloc(&arena, g->n_values, sizeof(*l.at));
    l.pixels = arena_alloc(&arena, g->n_values, sizeof(*l.pixels));
    if (!l.at || !l.pixels) {
        arena_finish(&arena);
        return error_set(err, -ENOMEM, "out of memory while planning");
    }
    find_pixels(&l);
    l.at[g->input] = plan_add_place(p, g->values[g->input].shape.count, 1, 1);
    p->places[l.at[g->input]].picture = true;
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].kind == GRAPH_RESHAPE)
            l.at[g->nodes[i].out] = l.at[g->nodes[i].in[0]];
        else if (!g->nodes[i].dead)
            lower_node(&l, &g->nodes[i]);
    as_type(&l, g->output, false);
    p->output = as_list(&l, g->output);
    arena_finish(&arena);
    return 0;
}
