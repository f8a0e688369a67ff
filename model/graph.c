#include "model/graph.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"
#include "model/model.h"

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while reading the graph");
}

int(graph_refuse)(const struct onnx_node *n, struct error *err, int code, const char *format,
                  ...)
{
    char why[128];
    const char *name = n->name;
    va_list args;

    if (!*name && n->n_outputs > 0)
        name = n->outputs[0];
    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    return error_set(err, code, "node '%.40s' (%.24s): %s", name, n->op, why);
}

static struct graph_symbol *find(const struct graph_builder *b, const char *name)
{
    for (size_t i = 0; i < b->n_symbols; i++)
        if (strcmp(b->symbols[i].name, name) == 0)
            return &b->symbols[i];
    return NULL;
}

static int define(struct graph_builder *b, struct graph_symbol symbol, struct error *err)
{
    if (find(b, symbol.name))
        return error_set(err, -EBADMSG, "the graph defines '%.60s' twice", symbol.name);
    b->symbols[b->n_symbols++] = symbol;
    return 0;
}

int graph_bind(struct graph_builder *b, const struct onnx_node *n, struct graph_symbol symbol,
               struct error *err)
{
    symbol.name = n->outputs[0];
    return define(b, symbol, err);
}

const struct graph_symbol *graph_input(const struct graph_builder *b, const struct onnx_node *n,
                                       size_t i)
{
    return i < n->n_inputs && *n->inputs[i] ? find(b, n->inputs[i]) : NULL;
}

int graph_input_value(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                      size_t *ret, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, i);

    if (!s || s->constant)
        return graph_refuse(n, err, -ENOTSUP, "input %zu must depend on the picture", i);
    *ret = s->value;
    return 0;
}

int graph_input_floats(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                       const struct onnx_tensor **ret, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, i);

    if (!s || !s->constant)
        return graph_refuse(n, err, -ENOTSUP, "input %zu must be constant", i);
    if (s->constant->type != ONNX_FLOAT)
        return graph_refuse(n, err, -ENOTSUP, "input %zu has element type %d, not float32", i,
                            (int)s->constant->type);
    if (s->constant->count == 0)
        return graph_refuse(n, err, -EBADMSG, "input %zu is empty", i);
    for (size_t k = 0; k < s->constant->count; k++)
        if (!isfinite(((const float *)s->constant->data)[k]))
            return graph_refuse(n, err, -EBADMSG, "input %zu holds a number that is not finite",
                                i);
    *ret = s->constant;
    return 0;
}

int graph_shape_set(struct graph_shape *ret, const struct onnx_node *n, size_t rank,
                    const size_t *dims, struct error *err)
{
    struct graph_shape shape = {.rank = rank, .count = 1};

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

int graph_add(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
              size_t in, const struct graph_shape *shape, struct graph_node **ret,
              struct error *err)
{
    struct graph *g = b->graph;
    struct graph_node *node = &g->nodes[g->n_nodes++];

    *node = (struct graph_node){
        .kind = kind, .op = n->op, .in = {in, in},
                .out = g->n_values, .groups = 1
    };
    node->name = *n->name ? n->name : n->outputs[0];
    g->values[g->n_values++] = (struct graph_value){.name = n->outputs[0], .shape = *shape};
    *ret = node;
    return graph_bind(b, n, (struct graph_symbol){.value = node->out}, err);
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
    return n->kind == GRAPH_DENSE ? n->n_weights : 0;
}

/* All of them name the same pixels in the same order. */
static bool find_input_shape(const struct onnx_value *input, struct graph_shape *ret)
{
    static const struct graph_shape shapes[] = {
        {1, {MODEL_INPUT},               MODEL_INPUT},
        {2, {MODEL_SIDE, MODEL_SIDE},    MODEL_INPUT},
        {3, {1, MODEL_SIDE, MODEL_SIDE}, MODEL_INPUT},
        {3, {MODEL_SIDE, MODEL_SIDE, 1}, MODEL_INPUT},
    };

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        bool same = input->rank == shapes[i].rank + 1;

        for (size_t k = 0; same && k < shapes[i].rank; k++)
            same = input->dims[k + 1] == (int64_t)shapes[i].dims[k];
        if (same) {
            *ret = shapes[i];
            return true;
        }
    }
    return false;
}

/* The pictures' value: of the graph's inputs, the one that is no initializer. */
static int make_input(struct graph_builder *b, struct error *err)
{
    const struct onnx *o = b->onnx;
    const struct onnx_value *input = NULL;
    struct graph_shape shape = {0};

    for (size_t i = 0; i < o->n_inputs; i++) {
        if (find(b, o->inputs[i].name))
            continue;
        if (input)
            return error_set(err, -ENOTSUP,
                             "the graph has inputs '%.40s' and '%.40s'; one is expected",
                             input->name, o->inputs[i].name);
        input = &o->inputs[i];
    }
    if (!input)
        return error_set(err, -ENOTSUP, "the graph has no input");
    if (input->type != ONNX_FLOAT)
        return error_set(err, -ENOTSUP,
                         "input '%.60s' has element type %d; digitd feeds float32 (1)",
                         input->name, (int)input->type);
    if (!find_input_shape(input, &shape))
        return error_set(err, -ENOTSUP,
                         "input '%.60s' must have one of the shapes [N,784], [N,28,28], "
                         "[N,1,28,28] and [N,28,28,1]",
                         input->name);
    b->graph->batch = input->dims[0];
    b->graph->input = b->graph->n_values;
    b->graph->values[b->graph->n_values++] =
        (struct graph_value){.name = input->name, .shape = shape};
    return define(b, (struct graph_symbol){.name = input->name, .value = b->graph->input}, err);
}

static int make_output(struct graph_builder *b, struct error *err)
{
    const struct onnx *o = b->onnx;
    const struct graph_symbol *s = NULL;

    if (o->n_outputs != 1)
        return error_set(err, -ENOTSUP, "the graph has %zu outputs; one is expected",
                         o->n_outputs);
    s = find(b, o->outputs[0].name);
    if (!s || s->missing)
        return error_set(err, -EBADMSG, "no node makes the graph's output '%.60s'",
                         o->outputs[0].name);
    if (s->constant || b->graph->values[s->value].shape.count != MODEL_CLASSES)
        return error_set(err, -ENOTSUP, "output '%.60s' must be %d numbers for each picture",
                         o->outputs[0].name, MODEL_CLASSES);
    b->graph->output = s->value;
    return 0;
}

/* Inputs must come from before, outputs must be named; further outputs are not computed. */
static int make_node(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    graph_make_fn *make = NULL;
    int r = graph_operator(n, &make, err);

    for (size_t i = 0; r == 0 && i < n->n_inputs; i++) {
        const struct graph_symbol *s = graph_input(b, n, i);

        if (*n->inputs[i] && !s)
            return graph_refuse(n, err, -EBADMSG, "nothing before it makes its input '%.40s'",
                                n->inputs[i]);
        if (s && s->missing)
            return graph_refuse(n, err, -ENOTSUP, "its input '%.40s' is not computed",
                                n->inputs[i]);
    }
    if (r == 0)
        r = make(b, n, err);
    for (size_t i = 1; r == 0 && i < n->n_outputs; i++)
        if (*n->outputs[i])
            r = define(b, (struct graph_symbol){.name = n->outputs[i], .missing = true}, err);
    return r;
}

/* What a node takes, in units of a multiply-add, so that no file can ask for hours. */
static uint64_t cost(const struct graph *g, const struct graph_node *n)
{
    uint64_t count = g->values[n->out].shape.count;

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

    if (o->n_nodes > GRAPH_NODES_MAX)
        return error_set(err, -ENOTSUP, "the graph has %zu nodes; at most %d are read",
                         o->n_nodes, GRAPH_NODES_MAX);
    for (size_t i = 0; i < o->n_nodes; i++)
        n_outputs += o->nodes[i].n_outputs;
    if (o->n_initializers + n_outputs > GRAPH_NAMES_MAX)
        return error_set(err, -ENOTSUP, "the graph has %zu names; at most %d are read",
                         o->n_initializers + n_outputs, GRAPH_NAMES_MAX);
    b->symbols = arena_alloc(&g->arena, o->n_initializers + n_outputs + 1, sizeof(*b->symbols));
    g->nodes = arena_alloc(&g->arena, o->n_nodes, sizeof(*g->nodes));
    g->values = arena_alloc(&g->arena, o->n_nodes + 1, sizeof(*g->values));
    return b->symbols && g->nodes && g->values ? 0 : no_memory(err);
}

static int fill(struct graph_builder *b, struct error *err)
{
    const struct onnx *o = b->onnx;
    int r = allocate(b, err);

    if (r == 0 && (o->opset < GRAPH_OPSET_MIN || o->opset > GRAPH_OPSET_MAX))
        r = error_set(err, -ENOTSUP, "the model is of operator set %lld; digitd reads %d to %d",
                      (long long)o->opset, GRAPH_OPSET_MIN, GRAPH_OPSET_MAX);
    for (size_t i = 0; r == 0 && i < o->n_initializers; i++)
        r = define(b,
                   (struct graph_symbol){.name = o->initializers[i].name,
                                         .constant = &o->initializers[i]},
                   err);
    if (r == 0)
        r = make_input(b, err);
    for (size_t i = 0; r == 0 && i < o->n_nodes; i++)
        r = make_node(b, &o->nodes[i], err);
    if (r == 0)
        r = make_output(b, err);
    return r == 0 ? check_cost(b->graph, err) : r;
}

int graph_build(const struct onnx *o, struct graph **ret, struct error *err)
{
    struct arena arena = {0};
    struct graph *g = arena_alloc(&arena, 1, sizeof(*g));
    struct graph_builder b = {.onnx = o, .graph = g};
    int r = 0;

    if (!g)
        return no_memory(err);
    g->arena = arena;
    r = fill(&b, err);
    if (r == 0) {
        *ret = g;
        g = NULL;
    }
    graph_destroy(g);
    return r;
}

void graph_destroy(struct graph *g)
{
    struct arena arena = {0};

    if (!g)
        return;
    arena = g->arena; /* which holds *g */
    arena_finish(&arena);
}
