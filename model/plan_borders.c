#include <errno.h>
#include <math.h>

#include "model/error.h"
#include "model/kernels/winograd.h"
#include "model/plan_int8.h"

/* A window may reach over a picture's edge. Then the picture lies in a buffer with room around
 * it, filled with what the reader needs to find there. Readers that need different things get
 * copies. */

struct border {
    size_t before[2], after[2];
    float fill;
};

/* Winograd's convolution works on tiles, past the picture's end if need be. */
static size_t whole_tiles(size_t out, size_t kernel)
{
    size_t tile = winograd_tile(kernel);

    return (out + tile - 1) / tile * tile;
}

static bool is_int8(const struct plan_step *s, enum plan_int8_kind kind)
{
    return s->kind == PLAN_INT8 && s->int8_kind == (int)kind;
}

/* What step `s` must find around its first input. */
static struct border needed(const struct plan *p, const struct plan_step *s)
{
    const struct plan_place *in = &p->places[s->in[0]];
    const size_t size[2] = {in->height, in->width};
    bool bytes = is_int8(s, PLAN_INT8_CONV);
    struct border ret = {.fill = s->kind == PLAN_MAX_POOL && !in->bytes ? -INFINITY : 0};

    if (bytes)
        ret.fill = (float)s->node->bytes->zero[0];
    else if (s->kind != PLAN_CONV && s->kind != PLAN_MAX_POOL && s->kind != PLAN_AVERAGE_POOL)
        return ret;
    for (size_t i = 0; i < 2; i++) {
        const struct graph_window *w = &s->window;
        size_t out = s->winograd ? whole_tiles(w->out[i], w->kernel[i]) : w->out[i];
        size_t reach = (out - 1) * w->stride[i] + (w->kernel[i] - 1) * w->dilation[i] + 1;
        size_t room = size[i] + w->pad[i];

        ret.before[i] = w->pad[i];
        ret.after[i] = reach > room ? reach - room : 0;
    }
    return ret;
}

static bool is_empty(const struct border *b)
{
    return b->before[0] + b->before[1] + b->after[0] + b->after[1] == 0;
}

/* Whether the step can read a place with pixel 1. */
static bool reads_thin(const struct plan *p, const struct plan_step *s)
{
    return (s->kind == PLAN_CONV || is_int8(s, PLAN_INT8_CONV)) &&
           p->places[s->in[0]].channels == 1 && s->node->groups == 1;
}

/* Whether place `at` may have a border at all: dense layers read and write without gaps. */
static bool can_grow(const struct plan *p, size_t at)
{
    for (size_t i = 0; i < p->n_steps; i++)
        if (plan_is_dense(&p->steps[i]) && (p->steps[i].in[0] == at || p->steps[i].out == at))
            return false;
    return !p->places[at].picture;
}

static void grow(struct plan_place *place, const struct border *b)
{
    for (size_t i = 0; i < 2; i++) {
        if (place->border[i] < b->before[i])
            place->border[i] = b->before[i];
        if (place->border_end[i] < b->after[i])
            place->border_end[i] = b->after[i];
    }
    place->fill = b->fill;
}

/* Whether the step can read a place with any distance between pixels. */
static bool reads_any(const struct plan_step *s)
{
    return s->kind == PLAN_PACK || s->kind == PLAN_COPY || s->kind >= PLAN_MOVE ||
           is_int8(s, PLAN_INT8_QUANTIZE);
}

_Static_assert(KERNELS_ROUND(MODEL_INPUT) == MODEL_INPUT, "pictures lie as lists do");

/* Whether the step can read the picture where the caller has it. */
static bool reads_picture(const struct plan *p, const struct plan_step *s,
                          const struct border *b)
{
    const struct plan_place *in = &p->places[s->in[0]];
    bool list = s->kind == PLAN_DENSE && in->height * in->width == 1;

    return reads_any(s) || list || (reads_thin(p, s) && is_empty(b));
}

/* Whether step `s` can read its input where it is, once the place has grown a border. */
static bool reads_in_place(const struct plan *p, const struct plan_step *s,
                           const struct border *b)
{
    const struct plan_place *in = &p->places[s->in[0]];
    bool bare = in->border[0] + in->border[1] + in->border_end[0] + in->border_end[1] == 0;

    if (in->picture && !reads_picture(p, s, b))
        return false;
    return is_empty(b) || (can_grow(p, s->in[0]) && (bare || in->fill == b->fill));
}

/* A copy of place `from` for one reader. */
static size_t copy(struct plan *p, struct plan_step *to, size_t from, const char *name)
{
    const struct plan_place *place = &p->places[from];
    size_t at = plan_add_place(p, place->channels, place->height, place->width);

    p->places[at].bytes = place->bytes;
    *to = (struct plan_step){
        .kind = PLAN_COPY,
        .name = name,
        .op = "Layout",
        .in = {from, from},
        .n_in = 1,
        .out = at
    };
    return at;
}

int plan_borders(struct plan *p, struct error *err)
{
    struct plan_step *steps = arena_alloc(&p->arena, 3 * p->n_steps, sizeof(*steps));
    size_t n = 0;

    if (!steps)
        return error_set(err, -ENOMEM, "out of memory while planning");
    plan_int8_thin(p);
    for (size_t i = 0; i < p->n_steps; i++) {
        struct plan_step s = p->steps[i];
        struct border b = needed(p, &s);

        if (!reads_in_place(p, &s, &b)) {
            s.in[0] = copy(p, &steps[n++], s.in[0], s.name);
            p->places[s.in[0]].thin = reads_thin(p, &s);
        }
        if (!is_empty(&b))
            grow(&p->places[s.in[0]], &b);
        if (plan_inputs(&s) == 2 && !reads_any(&s) && p->places[s.in[1]].picture)
            s.in[1] = copy(p, &steps[n++], s.in[1], s.name);
        steps[n++] = s;
    }
    p->steps = steps;
    p->n_steps = n;
    return 0;
}
