#include "server/shadow_ring.h"

#include <stdlib.h>

static struct shadow_sample *at(struct shadow_ring *r, size_t i)
{
    return &r->samples[i % SHADOW_SAMPLES_MAX];
}

static bool has_room(struct shadow_ring *r, size_t end)
{
    size_t begin = atomic_load_explicit(&r->begin, memory_order_acquire);

    if (!r->samples)
        r->samples = calloc(SHADOW_SAMPLES_MAX, sizeof(*r->samples));
    return r->samples && end - begin < SHADOW_SAMPLES_MAX;
}

struct shadow_sample *shadow_ring_reserve(struct shadow_ring *r)
{
    size_t end = atomic_load_explicit(&r->end, memory_order_relaxed);

    if (has_room(r, end))
        return at(r, end);
    atomic_fetch_add_explicit(&r->dropped, 1, memory_order_relaxed);
    return NULL;
}

void shadow_ring_push(struct shadow_ring *r)
{
    atomic_store_explicit(&r->end, atomic_load_explicit(&r->end, memory_order_relaxed) + 1,
                          memory_order_release);
}

const struct shadow_sample *shadow_ring_peek(struct shadow_ring *r)
{
    size_t begin = atomic_load_explicit(&r->begin, memory_order_relaxed);

    return begin == atomic_load_explicit(&r->end, memory_order_acquire) ? NULL : at(r, begin);
}

void shadow_ring_pop(struct shadow_ring *r)
{
    atomic_store_explicit(&r->begin, atomic_load_explicit(&r->begin, memory_order_relaxed) + 1,
                          memory_order_release);
}

void shadow_ring_finish(struct shadow_ring *r)
{
    free(r->samples);
    *r = (struct shadow_ring){0};
}
