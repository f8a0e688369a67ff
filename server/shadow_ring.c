#include "server/shadow_ring.h"

#include <stdlib.h>

#include "model/model.h"

static struct shadow_sample *at(struct shadow_ring *r, size_t i)
{
    return &r->samples[i % SHADOW_SAMPLES_MAX];
}

/* The arrays stay with the ring: after its first turn nothing is allocated. */
static bool has_room(struct shadow_sample *s)
{
    if (!s->images)
        s->images = malloc(sizeof(float) * SHADOW_IMAGES_MAX * MODEL_INPUT);
    if (!s->probabilities)
        s->probabilities = malloc(sizeof(float) * SHADOW_IMAGES_MAX * MODEL_CLASSES);
    return s->images && s->probabilities;
}

struct shadow_sample *shadow_ring_reserve(struct shadow_ring *r)
{
    size_t end = atomic_load_explicit(&r->end, memory_order_relaxed);
    size_t begin = atomic_load_explicit(&r->begin, memory_order_acquire);

    if (end - begin < SHADOW_SAMPLES_MAX && has_room(at(r, end)))
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
    for (size_t i = 0; i < SHADOW_SAMPLES_MAX; i++) {
        free(r->samples[i].images);
        free(r->samples[i].probabilities);
    }
    *r = (struct shadow_ring){0};
}
