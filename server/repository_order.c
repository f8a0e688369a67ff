#include "server/repository.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/error.h"
#include "server/metrics.h"
#include "server/repository_inside.h"

static const uint64_t patience_ns = UINT64_C(30000000000); /* for files to settle */

/* What somebody waits for. */
struct order {
    const char *name;
    bool unload;
    bool done;
    int code;
    struct error *err;
    struct order *next;
};

void orders_init(struct orders *o)
{
    *o = (struct orders){0};
    (void)pthread_mutex_init(&o->mutex, NULL);
    (void)pthread_cond_init(&o->done, NULL);
}

void orders_finish(struct orders *o)
{
    (void)pthread_cond_destroy(&o->done);
    (void)pthread_mutex_destroy(&o->mutex);
}

static int give(struct repository *r, const char *name, bool unload, struct error *err)
{
    struct order order = {.name = name, .unload = unload, .err = err};
    struct orders *o = &r->orders;

    (void)pthread_mutex_lock(&o->mutex);
    if (o->closed) {
        order.done = true;
        order.code = error_set(err, -EAGAIN, "the server is shutting down");
    } else {
        struct order **last = &o->first;

        while (*last)
            last = &(*last)->next;
        *last = &order;
        repository_wake(r);
    }
    while (!order.done)
        (void)pthread_cond_wait(&o->done, &o->mutex);
    (void)pthread_mutex_unlock(&o->mutex);
    return order.code;
}

int repository_load(struct repository *r, const char *name, struct error *err)
{
    return give(r, name, false, err);
}

int repository_unload(struct repository *r, const char *name, struct error *err)
{
    return give(r, name, true, err);
}

/* Says of each version of the model whether a client wants it unloaded. Returns how many there
 * are. */
static size_t withhold(struct repository *r, const char *name, bool withheld)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->versions[i]->known.name, name) != 0)
            continue;
        r->versions[i]->withheld = withheld;
        n++;
    }
    return n;
}

static int check_loaded(const struct repository *r, const char *name, struct error *err)
{
    size_t n = 0, served = 0;

    for (size_t i = 0; i < r->n; i++) {
        const struct version *v = r->versions[i];

        if (strcmp(v->known.name, name) != 0 || v->gone_ns)
            continue;
        n++;
        served += v->holder != NULL;
        if (v->known.failed)
            return error_set(err, -EIO, "version %u: %.140s", v->known.version,
                             v->known.reason);
    }
    if (n == 0)
        return error_set(err, -ENOENT, "the repository has no model '%.60s'", name);
    if (served == 0)
        return error_set(err, -EAGAIN,
                         "model %.60s has no version that --version-policy would serve, or its "
                         "files keep changing",
                         name);
    return 0;
}

static int load(struct repository *r, const char *name, struct error *err)
{
    uint64_t end = metrics_now() + patience_ns;
    struct round round;
    int code;

    (void)withhold(r, name, false);
    do {
        round = (struct round){.forced = true, .name = name};
        code = repository_round(r, &round, err);
        if (code < 0)
            return code;
        if (round.next_ms > 0)
            (void)nanosleep(&(struct timespec){.tv_sec = round.next_ms / 1000,
                                               .tv_nsec = round.next_ms % 1000 * 1000000},
                            NULL);
    } while (round.unsettled && metrics_now() < end && !atomic_load(&r->stop));
    return check_loaded(r, name, err);
}

static int unload(struct repository *r, const char *name, struct error *err)
{
    struct round round = {0};

    if (withhold(r, name, true) == 0)
        return error_set(err, -ENOENT, "the repository has no model '%.60s'", name);
    for (size_t i = 0; i < r->n; i++)
        if (r->versions[i]->withheld && r->versions[i]->holder)
            version_unload(r, r->versions[i], REPOSITORY_WITHHELD);
    (void)repository_round(r, &round, NULL);
    return 0;
}

void orders_carry_out(struct repository *r, bool closing)
{
    struct orders *o = &r->orders;

    (void)pthread_mutex_lock(&o->mutex);
    o->closed = closing;
    for (struct order *order = o->first; order; order = o->first) {
        (void)pthread_mutex_unlock(&o->mutex);
        if (closing)
            order->code = error_set(order->err, -EAGAIN, "the server is shutting down");
        else
            order->code = order->unload ? unload(r, order->name, order->err)
                                        : load(r, order->name, order->err);
        (void)pthread_mutex_lock(&o->mutex);
        o->first = order->next;
        order->done = true;
        (void)pthread_cond_broadcast(&o->done);
    }
    (void)pthread_mutex_unlock(&o->mutex);
}
