#include "server/metrics.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/error.h"
#include "server/metrics_shard.h"
#include "server/routes.h"

const int metrics_statuses[METRICS_STATUSES] = {200, 201, 304, 308, 400, 404, 405,
                                                408, 413, 414, 415, 417, 431, 500,
                                                501, 503, 505, 507, 0};

uint64_t metrics_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

int metrics_create(size_t shards, bool by_model, struct metrics **ret, struct error *err)
{
    size_t len = sizeof(struct metrics) + shards * sizeof(struct metrics_shard);
    struct metrics *m = aligned_alloc(_Alignof(struct metrics_shard), len);

    if (!m)
        return error_set(err, -ENOMEM, "out of memory");
    memset(m, 0, len);
    m->n = shards;
    m->start_ns = metrics_now();
    for (size_t i = 0; i < shards; i++)
        m->shards[i].models.histograms = by_model;
    *ret = m;
    return 0;
}

void metrics_destroy(struct metrics *m)
{
    for (size_t i = 0; m && i < m->n; i++)
        statistics_finish(&m->shards[i].models);
    free(m);
}

struct metrics_shard *metrics_shard(struct metrics *m, size_t i)
{
    assert(i < m->n);
    return &m->shards[i];
}

/* A shard has one writer: no locked instruction is needed. */
static void count(_Atomic uint64_t *to)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static size_t status_slot(int status)
{
    size_t i = 0;

    while (metrics_statuses[i] && metrics_statuses[i] != status)
        i++;
    return i;
}

void metrics_request(struct metrics_shard *s, const struct route *route, int status,
                     uint64_t ns)
{
    size_t row = route ? routes_index(route) : METRICS_ROUTES_MAX;

    assert(row <= METRICS_ROUTES_MAX);
    count(&s->requests[row][status_slot(status)]);
    histogram_add(&s->durations[row], ns);
}

const char *metrics_stage_name(enum metrics_stage stage)
{
    static const char *const names[METRICS_STAGES] = {
        [METRICS_PARSE] = "parse",
        [METRICS_PREPROCESS] = "preprocess",
        [METRICS_PREDICT] = "predict",
        [METRICS_ENCODE] = "encode",
    };

    return names[stage];
}

void metrics_model(struct metrics_shard *s, const struct served *served,
                   const struct statistics_request *one)
{
    statistics_add(&s->models, served, one);
}

void metrics_stage(struct metrics_shard *s, enum metrics_stage stage, uint64_t ns)
{
    histogram_add(&s->stages[stage], ns);
}

void metrics_prediction(struct metrics_shard *s, int digit, enum preprocess_verdict verdict)
{
    count(&s->verdicts[verdict]);
    if (digit >= 0)
        count(&s->digits[digit]);
}

void metrics_oddity(struct metrics_shard *s, enum pixels_oddity oddity)
{
    count(&s->oddities[oddity]);
}

/* A slot is another version's after a while; its counts begin anew. */
void metrics_answer(struct metrics_shard *s, const struct served *served, size_t images)
{
    struct metrics_version *v = &s->versions[served->slot];

    if (atomic_load_explicit(&v->id, memory_order_relaxed) != served->id) {
        atomic_store_explicit(&v->answers, 0, memory_order_relaxed);
        atomic_store_explicit(&v->images, 0, memory_order_relaxed);
        atomic_store_explicit(&v->id, served->id, memory_order_release);
    }
    count(&v->answers);
    atomic_store_explicit(&v->images,
                          atomic_load_explicit(&v->images, memory_order_relaxed) + images,
                          memory_order_relaxed);
}

void metrics_connections(struct metrics_shard *s, int delta)
{
    atomic_store_explicit(&s->connections,
                          atomic_load_explicit(&s->connections, memory_order_relaxed) + delta,
                          memory_order_relaxed);
}

void metrics_cut(struct metrics_shard *s, enum metrics_cut reason)
{
    count(&s->cuts[reason]);
}
