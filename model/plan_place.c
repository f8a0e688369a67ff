#include <errno.h>

#include "model/error.h"
#include "model/plan_parts.h"

/* Where places lie in scratch. Places that never hold something at the same time share room. */

/* Runs of dense layers are one segment, all between them another. */
static void set_segments(struct plan *p)
{
    for (size_t i = 1; i < p->n_steps; i++) {
        bool turns = plan_is_dense(&p->steps[i]) != plan_is_dense(&p->steps[i - 1]);

        p->steps[i].segment = p->steps[i - 1].segment + (turns ? 1 : 0);
    }
}

static void set_lives(struct plan *p)
{
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct plan_step *s = &p->steps[i];

        p->places[s->out].first = p->places[s->out].last = i;
        for (size_t k = 0; k < plan_inputs(s); k++)
            p->places[s->in[k]].last = i;
    }
    p->places[p->output].last = p->n_steps - 1;
}

/* What goes from one segment to another, into or out of a dense layer, or out of the plan must
 * hold a block of pictures, and as long as either segment is at work on any of them. */
static void set_blocks(struct plan *p)
{
    for (size_t i = 0; i < p->n_places; i++) {
        struct plan_place *place = &p->places[i];
        size_t first = p->steps[place->first].segment;
        size_t last = p->steps[place->last].segment;

        place->block =
            first != last || i == p->output || plan_is_dense(&p->steps[place->first]);
        while (place->block && place->first > 0 && p->steps[place->first - 1].segment == first)
            place->first--;
        while (place->block && place->last + 1 < p->n_steps &&
               p->steps[place->last + 1].segment == last)
            place->last++;
    }
}

static size_t room(const struct plan_place *place)
{
    return place->len * (place->block ? PLAN_BLOCK : 1);
}

/* The lowest offset at which no earlier place that lives at the same time is in the way. */
static void settle(struct plan *p, size_t at)
{
    struct plan_place *place = &p->places[at];
    bool moved = true;

    while (moved) {
        moved = false;
        for (size_t i = 0; i < at; i++) {
            const struct plan_place *other = &p->places[i];
            bool together = place->first <= other->last && other->first <= place->last;
            bool overlap = place->offset < other->offset + room(other) &&
                           other->offset < place->offset + room(place);

            if (!other->picture && together && overlap) {
                place->offset = other->offset + room(other);
                moved = true;
            }
        }
    }
    if (p->scratch < place->offset + room(place))
        p->scratch = place->offset + room(place);
}

int plan_place(struct plan *p, struct error *err)
{
    set_segments(p);
    set_lives(p);
    set_blocks(p);
    for (size_t i = 0; i < p->n_places; i++)
        if (!p->places[i].picture)
            settle(p, i);
    if (p->scratch > PLAN_SCRATCH_MAX / sizeof(float))
        return error_set(err, -ENOTSUP, "the layers' buffers take over %d MiB",
                         PLAN_SCRATCH_MAX >> 20);
    return 0;
}
