#include <errno.h>

#include "model/error.h"
#include "model/graph_build.h"
#include "model/model.h"

/* Where the pictures go in, and where their answers come out. */

/* All of them name the same pixels in the same order. */
static bool find_input_shape(const struct onnx_value *input, struct graph_shape *ret)
{
    static const struct graph_shape shapes[] = {
        {1, {MODEL_INPUT},               MODEL_INPUT, 0},
        {2, {MODEL_SIDE, MODEL_SIDE},    MODEL_INPUT, 0},
        {3, {1, MODEL_SIDE, MODEL_SIDE}, MODEL_INPUT, 0},
        {3, {MODEL_SIDE, MODEL_SIDE, 1}, MODEL_INPUT, 0},
        {1, {MODEL_INPUT},               MODEL_INPUT, 1},
        {2, {MODEL_SIDE, MODEL_SIDE},    MODEL_INPUT, 1},
        {3, {MODEL_SIDE, MODEL_SIDE, 1}, MODEL_INPUT, 1},
    };

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        size_t lead = 1 - shapes[i].alone;
        bool same = input->rank == shapes[i].rank + lead;

        for (size_t k = 0; same && k < shapes[i].rank; k++)
            same = input->dims[k + lead] == (int64_t)shapes[i].dims[k];
        if (same) {
            *ret = shapes[i];
            return true;
        }
    }
    return false;
}

/* Gives the input its name, after what the metadata want done to it first. */
static int normalise(struct graph_builder *b, const char *name, struct error *err)
{
    char output[] = "input";
    char *const outputs[] = {output};
    const struct onnx_node n = {.name = "input", .op = "Normalise", .outputs = outputs};
    const struct kernels_activation f = {.function = KERNELS_LINEAR,
                                         .alpha = b->onnx->input_factor,
                                         .beta = b->onnx->input_shift};
    struct graph_symbol s = {.value = b->graph->input};
    int r = f.alpha == 1 && f.beta == 0 ? 0 : graph_apply(b, &n, &f, &s, &s, err);

    s.name = name;
    return r == 0 ? graph_define(b, s, err) : r;
}

/* The pictures' value: of the graph's inputs, the one that is no initializer. */
int graph_make_input(struct graph_builder *b, struct error *err)
{
    const struct onnx *o = b->onnx;
    struct graph *g = b->graph;
    const struct onnx_value *input = NULL;
    struct graph_shape shape = {0};

    for (size_t i = 0; i < o->n_inputs; i++) {
        if (graph_find(b, o->inputs[i].name))
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
    g->batch = shape.alone ? 1 : input->dims[0];
    g->input = g->n_values;
    g->values[g->n_values++] = (struct graph_value){.name = input->name, .shape = shape};
    return normalise(b, input->name, err);
}

static bool is_answer(const struct graph_builder *b, const struct graph_symbol *s)
{
    return s && !s->missing && !s->constant &&
           b->graph->values[s->value].shape.count == MODEL_CLASSES;
}

/* What softmax was made of, through new names for the same numbers. */
static bool is_softmax(const struct graph *g, size_t value)
{
    for (size_t i = g->n_nodes; i-- > 0;) {
        const struct graph_node *n = &g->nodes[i];

        if (n->out != value)
            continue;
        if (n->kind != GRAPH_RESHAPE)
            return n->kind == GRAPH_ROWS && n->rows == GRAPH_ROWS_SOFTMAX;
        value = n->in[0];
    }
    return false;
}

/* Says why output `o` cannot be the answer. */
static int refuse_output(const struct graph_symbol *s, const struct onnx_value *output,
                         struct error *err)
{
    if (!s)
        return error_set(err, -EBADMSG, "no node makes the graph's output '%.60s'",
                         output->name);
    if (s->missing)
        return error_set(err, s->missing->code, "%s", s->missing->text);
    return error_set(err, -ENOTSUP, "output '%.60s' must be %d numbers for each picture",
                     output->name, MODEL_CLASSES);
}

/* Ten numbers for each picture; if several outputs are that, probabilities. Labels and the like
 * are left alone. */
int graph_make_output(struct graph_builder *b, struct error *err)
{
    const struct onnx *o = b->onnx;
    const struct graph_symbol *answer = NULL;

    for (size_t i = 0; i < o->n_outputs; i++) {
        const struct graph_symbol *s = graph_find(b, o->outputs[i].name);

        if (is_answer(b, s) && (!answer || (is_softmax(b->graph, s->value) &&
                                            !is_softmax(b->graph, answer->value)))) {
            answer = s;
            b->graph->output_at = i;
        }
    }
    if (answer) {
        b->graph->output = answer->value;
        return 0;
    }
    if (o->n_outputs == 0)
        return error_set(err, -EBADMSG, "the graph has no output");
    return refuse_output(graph_find(b, o->outputs[o->n_outputs - 1].name),
                         &o->outputs[o->n_outputs - 1], err);
}
