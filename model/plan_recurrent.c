#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/plan_parts.h"

/* LSTM, GRU and RNN: what each step's gates take from the input is one product for all of them,
 * what they take from the state one after the other. A gate's numbers, as a state's, are padded
 * to whole vectors. */

struct plan_recurrent {
    enum graph_cell cell;
    bool reversed;
    size_t sequences, steps, inputs, hidden;
    size_t width; /* hidden, padded */
    size_t gates, states;
    struct kernels_dense of_input, of_state, of_reset;
    const float *input, *state, *reset; /* packed weights; the last for GRAPH_CELL_GRU alone */
    const float *input_bias, *state_bias;
    const float *initial; /* [sequences][states][width] */
};

/* What it works in, all of it vectors of `width`. */
struct work {
    float *state[2];
    float *gates;   /* [gates] of the state */
    float *scratch; /* [1] */
    float *inputs;  /* [steps][gates] */
};

static float *allocate(struct plan *p, size_t count)
{
    p->memory += count * sizeof(float);
    return arena_alloc(&p->arena, count, sizeof(float));
}

/* Rows [gates][hidden][in] of a file, with zeros for the padding, packed. */
static const float *pack(struct plan *p, const struct plan_recurrent *s, size_t gates,
                         const float *rows, struct kernels_dense *d)
{
    struct arena arena = {0};
    float *padded = arena_alloc(&arena, gates * s->width, d->in * sizeof(float));
    float *packed = NULL;

    d->out = d->out_stride = gates * s->width;
    packed = allocate(p, p->kernels->dense_packed(d));
    for (size_t g = 0; g < gates && padded; g++)
        memcpy(padded + g * s->width * d->in, rows + g * s->hidden * d->in,
               s->hidden * d->in * sizeof(float));
    if (padded && packed)
        p->kernels->dense_pack(d, padded, packed);
    arena_finish(&arena);
    return padded ? packed : NULL;
}

/* `count` lists of `hidden`, each padded. */
static const float *pad(struct plan *p, const struct plan_recurrent *s, size_t count,
                        const float *lists)
{
    float *ret = allocate(p, count * s->width);

    for (size_t i = 0; i < count && ret; i++)
        memcpy(ret + i * s->width, lists + i * s->hidden, s->hidden * sizeof(float));
    return ret;
}

int plan_recurrent_pack(struct plan *p, struct plan_step *step, struct error *err)
{
    const struct graph_node *n = step->node;
    struct plan_recurrent *s = arena_alloc(&p->arena, 1, sizeof(*s));
    const float *rows = n->weights;

    if (!s)
        return error_set(err, -ENOMEM, "out of memory while packing weights");
    *s = (struct plan_recurrent){
        .cell = n->cell,
        .reversed = n->reversed,
        .sequences = n->products,
        .steps = n->height,
        .inputs = n->row,
        .hidden = n->width,
        .width = KERNELS_ROUND(n->width),
        .gates = n->n_bias / n->width / 2,
        .states = n->cell == GRAPH_CELL_LSTM ? 2 : 1,
        .of_input = {.in = n->row, .in_stride = n->products * n->row},
        .of_state = {.in = n->width           },
        .of_reset = {.in = n->width}
    };
    s->of_state.in_stride = s->of_reset.in_stride = s->width;
    s->input = pack(p, s, s->gates, rows, &s->of_input);
    rows += s->gates * s->hidden * s->inputs;
    s->state = pack(p, s, s->gates, rows, &s->of_state);
    s->reset = s->state;
    if (s->cell == GRAPH_CELL_GRU)
        s->reset = pack(p, s, 1, rows + 2 * s->hidden * s->hidden, &s->of_reset);
    rows += s->gates * s->hidden * s->hidden;
    s->initial = pad(p, s, s->sequences * s->states, rows);
    s->input_bias = pad(p, s, s->gates, n->bias);
    s->state_bias = pad(p, s, s->gates, n->bias + s->gates * s->hidden);
    if (!s->input || !s->state || !s->reset || !s->initial || !s->input_bias || !s->state_bias)
        return error_set(err, -ENOMEM, "out of memory while packing weights");
    step->recurrent = s;
    step->work = plan_add_work(p, step, (3 + s->gates * (s->steps + 1)) * s->width);
    return 0;
}

static void apply(const struct plan_step *step, enum kernels_function f, size_t count, float *x)
{
    step->kernels->activate(&(struct kernels_activation){.function = f}, x, count, x);
}

/* x: what the gates take from the input; input, output, forget, cell. */
static void lstm(const struct plan_step *step, const struct work *w, float *x)
{
    size_t width = step->recurrent->width;
    float *cell = w->state[1];

    step->kernels->add(x, w->gates, 4 * width, false, x);
    apply(step, KERNELS_SIGMOID, 3 * width, x);
    apply(step, KERNELS_TANH, width, x + 3 * width);
    for (size_t i = 0; i < width; i++)
        cell[i] = x[2 * width + i] * cell[i] + x[i] * x[3 * width + i];
    memcpy(w->scratch, cell, width * sizeof(*cell));
    apply(step, KERNELS_TANH, width, w->scratch);
    for (size_t i = 0; i < width; i++)
        w->state[0][i] = x[width + i] * w->scratch[i];
}

/* x: update, reset, hidden. */
static void gru(const struct plan_step *step, const struct work *w, float *x)
{
    const struct plan_recurrent *s = step->recurrent;
    size_t width = s->width;
    float *state = w->state[0];
    float *hidden = w->gates + 2 * width;

    step->kernels->add(x, w->gates, 2 * width, false, x);
    apply(step, KERNELS_SIGMOID, 2 * width, x);
    if (s->cell == GRAPH_CELL_GRU_RESET_AFTER) {
        for (size_t i = 0; i < width; i++)
            hidden[i] *= x[width + i];
    } else {
        for (size_t i = 0; i < width; i++)
            w->scratch[i] = state[i] * x[width + i];
        step->kernels->dense(&s->of_reset, s->reset, s->state_bias + 2 * width, w->scratch, 1,
                             hidden);
    }
    step->kernels->add(hidden, x + 2 * width, width, false, hidden);
    apply(step, KERNELS_TANH, width, hidden);
    for (size_t i = 0; i < width; i++)
        state[i] = (1 - x[i]) * hidden[i] + x[i] * state[i];
}

static void rnn(const struct plan_step *step, const struct work *w, const float *x)
{
    const struct plan_recurrent *s = step->recurrent;

    step->kernels->add(x, w->gates, s->width, s->cell == GRAPH_CELL_RELU, w->state[0]);
    if (s->cell == GRAPH_CELL_TANH)
        apply(step, KERNELS_TANH, s->width, w->state[0]);
}

static void take_step(const struct plan_step *step, const struct work *w, float *x)
{
    const struct plan_recurrent *s = step->recurrent;

    step->kernels->dense(&s->of_state, s->state, s->state_bias, w->state[0], 1, w->gates);
    switch (s->cell) {
    case GRAPH_CELL_LSTM:
        lstm(step, w, x);
        break;
    case GRAPH_CELL_GRU:
    case GRAPH_CELL_GRU_RESET_AFTER:
        gru(step, w, x);
        break;
    case GRAPH_CELL_TANH:
    case GRAPH_CELL_RELU:
        rnn(step, w, x);
        break;
    }
}

static void run(const struct plan_step *step, const float *x, const float *initial, float *work,
                float *y)
{
    const struct plan_recurrent *s = step->recurrent;
    const struct work w = {
        .state = {work, work + s->width},
        .scratch = work + 2 * s->width,
        .gates = work + 3 * s->width,
        .inputs = work + (3 + s->gates) * s->width
    };

    memcpy(work, initial, s->states * s->width * sizeof(*work));
    step->kernels->dense(&s->of_input, s->input, s->input_bias, x, s->steps, w.inputs);
    for (size_t k = 0; k < s->steps; k++) {
        size_t at = s->reversed ? s->steps - 1 - k : k;

        take_step(step, &w, w.inputs + at * s->gates * s->width);
        memcpy(y + at * s->hidden, w.state[0], s->hidden * sizeof(*y));
    }
    for (size_t i = 0; i < s->states; i++)
        memcpy(y + (s->steps + i) * s->hidden, w.state[i], s->hidden * sizeof(*y));
}

void plan_recurrent_run(const struct plan *p, const struct plan_step *step, const float *x,
                        float *work, float *y)
{
    const struct plan_recurrent *s = step->recurrent;
    const struct plan_place *out = &p->places[step->out];

    for (size_t i = 0; i < s->sequences; i++)
        run(step, x + i * s->inputs, s->initial + i * s->states * s->width, work,
            y + i * (s->steps + s->states) * s->hidden);
    memset(y + out->channels, 0, (out->pixel - out->channels) * sizeof(*y));
}
