#include <errno.h>

#include "model/error.h"
#include "model/plan_int8.h"

/* Which way each convolution goes, and which pools are done with them. */

/* Padded channels may make a dense layer read so many times too much. */
enum { WASTE_MAX = 2 };

static bool reads(const struct plan_step *s, size_t place)
{
    bool found = false;

    for (size_t i = 0; i < plan_inputs(s); i++)
        found = found || s->in[i] == place;
    return found;
}

/* Whether step `at` is read by the next one only. */
static bool only_reader(const struct plan *p, size_t at)
{
    size_t place = p->steps[at].out;

    for (size_t i = at + 2; i < p->n_steps; i++)
        if (reads(&p->steps[i], place))
            return false;
    return p->output != place && at + 1 < p->n_steps && reads(&p->steps[at + 1], place);
}

/* Whether the step is a pool that halves pictures, whose windows lie within them. */
static bool halves(const struct plan *p, const struct plan_step *s)
{
    const struct graph_window *w = &s->window;
    const struct plan_place *in = &p->places[s->in[0]];
    bool ret = s->kind == PLAN_MAX_POOL;

    for (size_t i = 0; i < 2 && ret; i++)
        ret = w->kernel[i] == 2 && w->stride[i] == 2 && w->pad[i] == 0 &&
              2 * w->out[i] <= (i == 0 ? in->height : in->width);
    return ret;
}

/* The pool's result becomes the convolution's; what was between them is nowhere. */
static int take_pool(struct plan *p, struct plan_step *s, const struct plan_step *pool,
                     struct error *err)
{
    p->places[s->out].channels = 0;
    s->out = pool->out;
    s->halved = true;
    s->op = arena_print(&p->arena, "%s+%s", s->op, pool->op);
    return s->op ? 0 : error_set(err, -ENOMEM, "out of memory while planning");
}

/* Whether there is one window, which is the whole picture: a dense layer, which can take many
 * pictures at a time. */
static bool sees_all(const struct plan *p, const struct plan_step *s)
{
    const struct plan_place *in = &p->places[s->in[0]];
    const struct graph_window *w = &s->window;

    return w->out[0] == 1 && w->out[1] == 1 && w->kernel[0] == in->height &&
           w->kernel[1] == in->width && w->pad[0] == 0 && w->pad[1] == 0 &&
           s->node->groups == 1 && KERNELS_ROUND(in->channels) <= WASTE_MAX * in->channels;
}

/* Returns whether the convolution can do a pool too. */
static bool choose(const struct plan *p, struct plan_step *s)
{
    struct kernels_conv c = plan_conv(p, s);

    if (sees_all(p, s)) {
        s->kind = PLAN_DENSE;
        return false;
    }
    c.in_pixel = p->places[s->in[0]].picture && c.in_channels == 1 ? 1 : KERNELS_LANES;
    s->winograd = p->kernels->winograd_pays(&c);
    return s->winograd || p->kernels->conv_pools(&c);
}

int plan_ways(struct plan *p, struct error *err)
{
    size_t n = 0;
    int r = 0;

    for (size_t i = 0; i < p->n_steps && r == 0; i++) {
        struct plan_step s = p->steps[i];
        bool pools = false;

        if (s.kind == PLAN_CONV)
            pools = choose(p, &s);
        else if (s.kind == PLAN_INT8 && s.int8_kind == PLAN_INT8_CONV && sees_all(p, &s))
            s.int8_kind = PLAN_INT8_DENSE;
        else if (s.kind == PLAN_INT8 && s.int8_kind == PLAN_INT8_CONV)
            pools = plan_int8_way(p, &s);
        if (pools && only_reader(p, i) && halves(p, &p->steps[i + 1])) {
            r = take_pool(p, &s, &p->steps[i + 1], err);
            i++;
        }
        p->steps[n++] = s;
    }
    p->n_steps = n;
    return r;
}
