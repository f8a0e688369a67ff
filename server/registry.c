#include "server/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "model/error.h"

enum {
    AGE_BITS = 8, /* REGISTRY_AGES_MAX */
    WAIT_NS = 1000000,
};

/* Who takes the pointer to a catalogue has to count himself in the same instant, or it could be
 * freed in between. So one word holds which of the ages is the present one, and how often it
 * has been taken since it became so; what is given back is counted in the catalogue itself.
 * Once another age is the present one both add up to those who still hold it. 56 bits of count
 * last for two thousand years at a million requests a second. */
struct registry {
    _Alignas(64) _Atomic uint64_t present; /* times taken << AGE_BITS | index of ages[] */
    _Alignas(64) struct catalogue *ages[REGISTRY_AGES_MAX]; /* NULL: free */
};

int registry_create(struct registry **ret, struct error *err)
{
    struct registry *r = aligned_alloc(_Alignof(struct registry), sizeof(*r));
    struct catalogue *empty = catalogue_create(0, 0);

    if (!r || !empty) {
        free(r);
        catalogue_destroy(empty);
        return error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < REGISTRY_AGES_MAX; i++)
        r->ages[i] = NULL;
    r->ages[0] = empty;
    atomic_init(&r->present, 0);
    *ret = r;
    return 0;
}

void registry_destroy(struct registry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < REGISTRY_AGES_MAX; i++)
        catalogue_destroy(r->ages[i]);
    free(r);
}

static size_t age_of(uint64_t word)
{
    return (size_t)(word & (REGISTRY_AGES_MAX - 1));
}

const struct catalogue *registry_hold(struct registry *r)
{
    uint64_t word =
        atomic_fetch_add_explicit(&r->present, UINT64_C(1) << AGE_BITS, memory_order_acquire);

    return r->ages[age_of(word)];
}

void registry_drop(const struct catalogue *c)
{
    (void)atomic_fetch_sub_explicit(&c->balance->n, 1, memory_order_release);
}

int registry_acquire(struct registry *r, const char *name, const char *version,
                     const struct served **ret, struct error *err)
{
    const struct catalogue *c = registry_hold(r);
    int code = catalogue_find(c, name, version, ret, err);

    if (code < 0)
        registry_drop(c);
    return code;
}

int registry_acquire_label(struct registry *r, const char *name, const char *label,
                           const struct served **ret, struct error *err)
{
    const struct catalogue *c = registry_hold(r);
    int code = catalogue_find_label(c, name, label, ret, err);

    if (code < 0)
        registry_drop(c);
    return code;
}

void registry_release(const struct served *served)
{
    if (served)
        registry_drop(served->catalogue);
}

bool registry_ready(struct registry *r, bool empty)
{
    const struct catalogue *c = registry_hold(r);
    bool ready = c->n > 0 || (c->complete && empty);

    registry_drop(c);
    return ready;
}

size_t registry_reap(struct registry *r)
{
    size_t present = age_of(atomic_load_explicit(&r->present, memory_order_relaxed));
    size_t held = 0;

    for (size_t i = 0; i < REGISTRY_AGES_MAX; i++) {
        if (!r->ages[i] || i == present)
            continue;
        if (atomic_load_explicit(&r->ages[i]->balance->n, memory_order_acquire) != 0) {
            held++;
            continue;
        }
        catalogue_destroy(r->ages[i]);
        r->ages[i] = NULL;
    }
    return held;
}

/* An index that no catalogue is at. */
static size_t free_age(struct registry *r)
{
    const struct timespec moment = {.tv_nsec = WAIT_NS};

    for (;;) {
        for (size_t i = 0; i < REGISTRY_AGES_MAX; i++)
            if (!r->ages[i])
                return i;
        if (registry_reap(r) == REGISTRY_AGES_MAX - 1)
            (void)nanosleep(&moment, NULL);
    }
}

void registry_publish(struct registry *r, struct catalogue *next)
{
    size_t age = free_age(r);

    r->ages[age] = next;
    uint64_t word = atomic_exchange_explicit(&r->present, age, memory_order_acq_rel);
    struct catalogue *former = r->ages[age_of(word)];

    (void)atomic_fetch_add_explicit(&former->balance->n, (int64_t)(word >> AGE_BITS),
                                    memory_order_acq_rel);
    (void)registry_reap(r);
}
