#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Layers that go from step to step: LSTM, GRU and RNN, one node for each direction. Its value
 * is the first state after every step, and then each state after the last. */

enum { X, W, R, B, LENGTHS, INITIAL, PEEPHOLES = 7, DIRECTIONS_MAX = 2, STATES_MAX = 2 };

static const struct kind {
    const char *op;
    enum graph_cell cell;
    size_t gates, states;
    const char *functions[3]; /* the only ones */
} kinds[] = {
    {"GRU",  GRAPH_CELL_GRU,  3, 1, {"Sigmoid", "Tanh", NULL}  },
    {"LSTM", GRAPH_CELL_LSTM, 4, 2, {"Sigmoid", "Tanh", "Tanh"}},
    {"RNN",  GRAPH_CELL_TANH, 1, 1, {"Tanh", NULL, NULL}       },
    {"RNN",  GRAPH_CELL_RELU, 1, 1, {"Relu", NULL, NULL}       },
};

struct layer {
    const struct kind *kind;
    size_t directions, steps, sequences, inputs, hidden;
    size_t value; /* what goes in: [steps][sequences][inputs] */
    const struct onnx_tensor *w, *r, *bias;
    const struct onnx_tensor *initial[STATES_MAX]; /* NULL: zeros */
};

static bool has_functions(const struct onnx_node *n, const struct kind *k, size_t directions)
{
    const struct onnx_attribute *a = graph_attribute(n, "activations");
    size_t count = 1;

    while (count < 3 && k->functions[count])
        count++;
    if (!a)
        return k->cell != GRAPH_CELL_RELU;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->texts[i], k->functions[i % count]) != 0)
            return false;
    return a->n == count * directions;
}

static int find_kind(const struct onnx_node *n, struct layer *l, struct error *err)
{
    const struct onnx_attribute *direction = graph_attribute(n, "direction");

    l->directions = direction && strcmp(direction->s, "bidirectional") == 0 ? 2 : 1;
    if (direction && l->directions == 1 && strcmp(direction->s, "forward") != 0 &&
        strcmp(direction->s, "reverse") != 0)
        return graph_refuse(n, err, -EBADMSG, "attribute 'direction' is '%.24s'", direction->s);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].op, n->op) == 0 && has_functions(n, &kinds[i], l->directions))
            l->kind = &kinds[i];
    return l->kind ? 0
                   : graph_refuse(n, err, -ENOTSUP,
                                  "digitd does its default activations, and RNN's Relu");
}

static int measure(const struct graph_builder *b, const struct onnx_node *n, struct layer *l,
                   struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, X);
    int r = graph_input_value(b, n, X, &l->value, err);

    if (r != 0)
        return r;
    struct graph_dims dims = graph_dims_of(b, s);

    if (dims.rank != 3)
        return graph_refuse(n, err, -EBADMSG, "its input has %zu dimensions, not 3", dims.rank);
    if (graph_batched(b, s))
        return graph_refuse(n, err, -ENOTSUP, "its steps go from picture to picture");
    l->steps = (size_t)dims.at[0];
    l->sequences = (size_t)dims.at[1];
    l->inputs = (size_t)dims.at[2];
    return 0;
}

/* Input `i` must hold so many numbers for each direction. */
static int take(struct graph_builder *b, const struct onnx_node *n, size_t i,
                const struct layer *l, size_t count, const struct onnx_tensor **ret,
                struct error *err)
{
    int r = graph_input_floats(b, n, i, ret, err);

    if (r == 0 && (*ret)->count != l->directions * count)
        r = graph_refuse(n, err, -EBADMSG, "input %zu has %zu numbers; it should have %zu", i,
                         (*ret)->count, l->directions * count);
    return r;
}

static int take_weights(struct graph_builder *b, const struct onnx_node *n, struct layer *l,
                        struct error *err)
{
    size_t outputs = 0;
    int r = graph_input_floats(b, n, R, &l->r, err);

    if (r != 0)
        return r;
    l->hidden = l->r->rank == 3 ? (size_t)l->r->dims[2] : 0;
    outputs = l->kind->gates * l->hidden;
    if (l->hidden == 0 || l->hidden > GRAPH_ELEMENTS_MAX)
        return graph_refuse(n, err, -EBADMSG, "input %d has %zu dimensions, not 3", R,
                            l->r->rank);
    r = take(b, n, R, l, outputs * l->hidden, &l->r, err);
    if (r == 0)
        r = take(b, n, W, l, outputs * l->inputs, &l->w, err);
    if (r == 0 && graph_input(b, n, B))
        r = take(b, n, B, l, 2 * outputs, &l->bias, err);
    for (size_t i = 0; r == 0 && i < l->kind->states; i++)
        if (graph_input(b, n, INITIAL + i))
            r = take(b, n, INITIAL + i, l, l->sequences * l->hidden, &l->initial[i], err);
    return r;
}

/* What is there may only say what goes without saying. */
static int check_rest(const struct graph_builder *b, const struct onnx_node *n,
                      const struct layer *l, struct error *err)
{
    const struct graph_symbol *lengths = graph_input(b, n, LENGTHS);

    if (graph_input(b, n, PEEPHOLES))
        return graph_refuse(n, err, -ENOTSUP, "digitd does not do peepholes");
    for (size_t i = 0; lengths && (!lengths->constant || i < lengths->constant->count); i++)
        if (!lengths->constant || graph_whole(lengths->constant, i) != (int64_t)l->steps)
            return graph_refuse(n, err, -ENOTSUP, "input %d must be %zu, all of its steps",
                                LENGTHS, l->steps);
    return 0;
}

/* The weights of direction `d`: of the input, of the state, and the first states. */
static void fill(struct graph_node *node, const struct layer *l, size_t d)
{
    size_t outputs = l->kind->gates * l->hidden;
    float *to = node->weights;

    memcpy(to, (const float *)l->w->data + d * outputs * l->inputs,
           outputs * l->inputs * sizeof(*to));
    to += outputs * l->inputs;
    memcpy(to, (const float *)l->r->data + d * outputs * l->hidden,
           outputs * l->hidden * sizeof(*to));
    to += outputs * l->hidden;
    for (size_t i = 0; i < l->kind->states * l->sequences; i++, to += l->hidden) {
        const struct onnx_tensor *t = l->initial[i % l->kind->states];
        size_t list = d * l->sequences + i / l->kind->states;

        if (t)
            memcpy(to, (const float *)t->data + list * l->hidden, l->hidden * sizeof(*to));
    }
    if (l->bias)
        memcpy(node->bias, (const float *)l->bias->data + d * 2 * outputs,
               2 * outputs * sizeof(*to));
}

static int one_direction(struct graph_builder *b, const struct onnx_node *n,
                         const struct layer *l, size_t d, size_t *ret, struct error *err)
{
    const struct onnx_attribute *direction = graph_attribute(n, "direction");
    bool after = l->kind->cell == GRAPH_CELL_GRU && graph_int(n, "linear_before_reset", 0);
    size_t outputs = l->kind->gates * l->hidden;
    size_t lists = l->sequences * (l->steps + l->kind->states);
    size_t count = lists * l->hidden;
    struct graph_shape shape = {0};
    struct graph_node *node = NULL;
    int r = graph_shape_set(&shape, n, 1, &count, err);

    if (r == 0)
        r = graph_insert(b, n, GRAPH_RECURRENT, l->value, &shape, &node, err);
    if (r == 0)
        r = graph_weights(b, node,
                          outputs * (l->inputs + l->hidden) +
                              l->sequences * l->kind->states * l->hidden,
                          2 * outputs, err);
    if (r != 0)
        return r;
    node->cell = after ? GRAPH_CELL_GRU_RESET_AFTER : l->kind->cell;
    node->reversed = d == 1 || (direction && strcmp(direction->s, "reverse") == 0);
    node->products = l->sequences;
    node->height = l->steps;
    node->width = l->hidden;
    node->row = l->inputs;
    fill(node, l, d);
    *ret = node->out;
    return 0;
}

/* Output 0 is all steps, [steps][directions][sequences][hidden]; the others are the last
 * states. */
static int bind(struct graph_builder *b, const struct onnx_node *n, const struct layer *l,
                const size_t values[DIRECTIONS_MAX], size_t output, struct error *err)
{
    size_t steps = output == 0 ? l->steps : 1;
    size_t first = output == 0 ? 0 : l->steps + output - 1;
    size_t lists = l->steps + l->kind->states; /* of a sequence in a direction's value */
    struct graph_dims dims = {.rank = 3};
    struct graph_shape shape = {0};
    struct graph_node *node = NULL;
    int32_t *index = NULL;
    size_t k = 0;
    int r = 0;

    if (output >= n->n_outputs || !*n->outputs[output])
        return 0;
    if (output == 0)
        dims = (struct graph_dims){.rank = 4, .at = {(int64_t)l->steps}};
    dims.at[dims.rank - 3] = (int64_t)l->directions;
    dims.at[dims.rank - 2] = (int64_t)l->sequences;
    dims.at[dims.rank - 1] = (int64_t)l->hidden;
    r = graph_shape_from(b, n, &dims, false, &shape, err);
    if (r == 0)
        r = graph_table(b, n, shape.count, sizeof(*index), &index, err);
    if (r == 0)
        r = graph_insert(b, n, GRAPH_MOVE, values[0], &shape, &node, err);
    if (r != 0)
        return r;
    for (size_t i = 0; i < steps; i++)
        for (size_t s = 0; s < l->directions * l->sequences; s++)
            for (size_t h = 0; h < l->hidden; h++)
                index[k++] = (int32_t)((s * lists + first + i) * l->hidden + h);
    node->index = index;
    node->in[1] = values[l->directions - 1];
    node->n_in = l->directions;
    return graph_bind_output(b, n, output, (struct graph_symbol){.value = node->out}, err);
}

int graph_make_recurrent(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    struct layer l = {0};
    size_t values[DIRECTIONS_MAX] = {0};
    int r = find_kind(n, &l, err);

    if (r == 0)
        r = measure(b, n, &l, err);
    if (r == 0)
        r = take_weights(b, n, &l, err);
    if (r == 0)
        r = check_rest(b, n, &l, err);
    for (size_t d = 0; r == 0 && d < l.directions; d++)
        r = one_direction(b, n, &l, d, &values[d], err);
    for (size_t i = 0; r == 0 && i <= l.kind->states; i++)
        r = bind(b, n, &l, values, i, err);
    return r;
}
