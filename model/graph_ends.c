#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"
#include "model/model.h"

/* Where the pictures go in, and where their answers come out. */

/* All of them name the same pixels in the same order. The first LAYOUTS have a batch. */
enum { LAYOUTS = 4, DIMS_MAX = 48 };

static const struct layout {
    const char *name;
    const char *dims;
    struct graph_shape shape;
} layouts[] = {
    {"flat", "[N,784]",     {1, {MODEL_INPUT}, MODEL_INPUT, 0}              },
    {"nhw",  "[N,28,28]",   {2, {MODEL_SIDE, MODEL_SIDE}, MODEL_INPUT, 0}   },
    {"nchw", "[N,1,28,28]", {3, {1, MODEL_SIDE, MODEL_SIDE}, MODEL_INPUT, 0}},
    {"nhwc", "[N,28,28,1]", {3, {MODEL_SIDE, MODEL_SIDE, 1}, MODEL_INPUT, 0}},
    {"",     "[784]",       {1, {MODEL_INPUT}, MODEL_INPUT, 1}              },
    {"",     "[28,28]",     {2, {MODEL_SIDE, MODEL_SIDE}, MODEL_INPUT, 1}   },
    {"",     "[28,28,1]",   {3, {MODEL_SIDE, MODEL_SIDE, 1}, MODEL_INPUT, 1}},
};

/* How many of the layout's dimensions the file leaves open; -1 if it has others. */
static int open_dims(const struct onnx_value *input, const struct layout *l)
{
    size_t lead = 1 - l->shape.alone;
    int n = 0;

    if (!input->shaped)
        return (int)l->shape.rank;
    if (input->rank != l->shape.rank + lead)
        return -1;
    for (size_t k = 0; k < l->shape.rank; k++) {
        int64_t declared = input->dims[k + lead];

        if (declared >= 0 && declared != (int64_t)l->shape.dims[k])
            return -1;
        n += declared < 0;
    }
    return n;
}

/* "[N,1,?,?]" */
static void format_dims(const struct onnx_value *input, char *out, size_t len)
{
    size_t at = 0;
    int n = snprintf(out, len, input->shaped ? "[" : "not declared");

    for (size_t i = 0; i < input->rank && input->shaped; i++) {
        at += n > 0 && (size_t)n < len - at ? (size_t)n : 0;
        n = input->dims[i] < 0 ? snprintf(out + at, len - at, "%s?", i ? "," : "")
                               : snprintf(out + at, len - at, "%s%lld", i ? "," : "",
                                          (long long)input->dims[i]);
    }
    at += n > 0 && (size_t)n < len - at ? (size_t)n : 0;
    if (input->shaped)
        (void)snprintf(out + at, len - at, "]");
}

/* The layout that the metadata name. */
static int find_named(const struct onnx_value *input, const char *name,
                      const struct layout **ret, struct error *err)
{
    char dims[DIMS_MAX];

    format_dims(input, dims, sizeof(dims));
    for (size_t i = 0; i < LAYOUTS; i++) {
        if (strcmp(layouts[i].name, name) != 0)
            continue;
        *ret = &layouts[i];
        return open_dims(input, *ret) >= 0
                   ? 0
                   : error_set(err, -ENOTSUP,
                               "the shape of input '%.40s' is %s, which the layout %s, %s, "
                               "does not fit",
                               input->name, dims, name, (*ret)->dims);
    }
    return error_set(err, -EBADMSG, "there is no layout '%.40s'", name);
}

/* The one that is declared; or the only one with a batch that what is declared leaves room for.
 */
static int find_layout(const struct onnx_value *input, const struct layout **ret,
                       struct error *err)
{
    const struct layout *fitting = NULL;
    char dims[DIMS_MAX];

    format_dims(input, dims, sizeof(dims));
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        if (input->shaped && open_dims(input, &layouts[i]) == 0) {
            *ret = &layouts[i];
            return 0;
        }
    for (size_t i = 0; i < LAYOUTS; i++) {
        if (open_dims(input, &layouts[i]) < 0)
            continue;
        if (fitting)
            return error_set(err, -ENOTSUP,
                             "the shape of input '%.40s' is %s, which may be %s or %s; "
                             "input_layout should say %s or %s",
                             input->name, dims, fitting->dims, layouts[i].dims, fitting->name,
                             layouts[i].name);
        fitting = &layouts[i];
    }
    *ret = fitting;
    return fitting ? 0
                   : error_set(err, -ENOTSUP,
                               "the shape of input '%.40s' is %s; it must be [N,784], "
                               "[N,28,28], [N,1,28,28] or [N,28,28,1]",
                               input->name, dims);
}

/* Gives the input its name, after what the metadata want done to it first. */
static int normalise(struct graph_builder *b, const char *name, struct error *err)
{
    static char output[] = "input"; /* the value keeps it */
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
    const struct layout *layout = NULL;
    int r = 0;

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
    if (onnx_read_as(input->type) != ONNX_FLOAT && input->type != ONNX_DOUBLE &&
        !onnx_takes_greys(input))
        return error_set(err, -ENOTSUP,
                         "input '%.60s' has element type %d; it should be float32 (1), another "
                         "of floats, or integers that hold 0 to 255",
                         input->name, (int)input->type);
    r = o->input_layout ? find_named(input, o->input_layout, &layout, err)
                        : find_layout(input, &layout, err);
    if (r < 0)
        return r;
    g->layout = layout->name;
    g->batch = layout->shape.alone ? 1 : input->shaped ? input->dims[0] : -1;
    g->input = g->n_values;
    g->values[g->n_values++] =
        (struct graph_value){.name = input->name, .shape = layout->shape};
    return normalise(b, input->name, err);
}

static bool is_answer(const struct graph_builder *b, const struct graph_symbol *s)
{
    return s && !s->missing && !s->constant &&
           b->graph->values[s->value].shape.count == MODEL_CLASSES;
}

static bool is_probabilities(const struct graph *g, size_t value)
{
    const struct graph_node *n = graph_maker(g, value);

    return n && ((n->kind == GRAPH_ROWS && n->rows == GRAPH_ROWS_SOFTMAX) ||
                 (n->kind == GRAPH_UNARY && n->function.function == KERNELS_SIGMOID));
}

/* Says why the output cannot be the answer. */
static int refuse_output(const struct graph_builder *b, const struct graph_symbol *s,
                         const struct onnx_value *output, struct error *err)
{
    if (!s)
        return error_set(err, -EBADMSG, "no node makes the graph's output '%.60s'",
                         output->name);
    if (s->missing)
        return error_set(err, s->missing->code, "%s", s->missing->text);
    if (s->constant)
        return error_set(err, -ENOTSUP, "output '%.60s' does not depend on the picture",
                         output->name);
    return error_set(
        err, -ENOTSUP,
        "output '%.60s' gives each picture a row of %zu; it must be %d numbers, one "
        "for each digit",
        output->name, b->graph->values[s->value].shape.count, MODEL_CLASSES);
}

/* Ten numbers for each picture; if several outputs are that, probabilities. Labels and the like
 * are left alone. */
int graph_make_output(struct graph_builder *b, struct error *err)
{
    const struct onnx *o = b->onnx;
    const struct graph_symbol *answer = NULL;

    for (size_t i = 0; i < o->n_outputs; i++) {
        const struct graph_symbol *s = graph_find(b, o->outputs[i].name);

        if (is_answer(b, s) && (!answer || (is_probabilities(b->graph, s->value) &&
                                            !is_probabilities(b->graph, answer->value)))) {
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
    return refuse_output(b, graph_find(b, o->outputs[o->n_outputs - 1].name),
                         &o->outputs[o->n_outputs - 1], err);
}
