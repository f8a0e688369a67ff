#include "server/statistics.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/metrics_shard.h"

/* How often, and how long together. */
struct timed {
    _Atomic uint64_t count, ns;
};

struct size {
    _Atomic uint64_t images;
    struct timed stages[STATISTICS_STAGES];
};

struct statistics_row {
    _Atomic uint64_t whose; /* a slot may become another model's */
    struct timed answered, failed, stages[STATISTICS_STAGES];
    _Atomic uint64_t images, last_ms;
    struct size sizes[STATISTICS_SIZES_MAX];
    struct histogram durations[STATISTICS_STAGES];
};

/* A row has one writer: no locked instruction is needed. */
static void add(_Atomic uint64_t *to, uint64_t more)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

static void add_timed(struct timed *to, uint64_t ns)
{
    add(&to->count, 1);
    add(&to->ns, ns);
}

/* FNV-1a of name and version; never 0. */
static uint64_t identity(const struct served *served)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (const char *c = served->name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
    return ((hash ^ served->version) * 0x100000001b3) | 1;
}

static void forget(struct statistics_row *row)
{
    _Atomic uint64_t *fields = (_Atomic uint64_t *)row;

    for (size_t i = 0; i < sizeof(*row) / sizeof(*fields); i++)
        atomic_store_explicit(&fields[i], 0, memory_order_relaxed);
}

static struct statistics_row *row_of(struct statistics *s, const struct served *served)
{
    struct statistics_row *row =
        atomic_load_explicit(&s->rows[served->slot], memory_order_relaxed);
    const uint64_t whose = identity(served);

    if (!row) {
        row = calloc(1, sizeof(*row));
        if (!row)
            return NULL;
        atomic_store_explicit(&row->whose, whose, memory_order_relaxed);
        atomic_store_explicit(&s->rows[served->slot], row, memory_order_release);
    }
    if (get(&row->whose) != whose) {
        forget(row);
        add(&row->whose, whose);
    }
    return row;
}

void statistics_finish(struct statistics *s)
{
    for (size_t i = 0; i < CATALOGUE_SLOTS_MAX; i++)
        free(atomic_exchange(&s->rows[i], NULL));
}

static void add_size(struct statistics_row *row, const struct statistics_request *one)
{
    size_t i = 0;

    while (i < STATISTICS_SIZES_MAX && get(&row->sizes[i].images) != one->images &&
           get(&row->sizes[i].images) != 0)
        i++;
    if (i == STATISTICS_SIZES_MAX)
        return;
    atomic_store_explicit(&row->sizes[i].images, one->images, memory_order_relaxed);
    for (size_t k = 0; k < STATISTICS_STAGES; k++)
        add_timed(&row->sizes[i].stages[k], one->ns[k]);
}

void statistics_add(struct statistics *s, const struct served *served,
                    const struct statistics_request *one)
{
    struct statistics_row *row = row_of(s, served);
    uint64_t whole = 0;
    struct timespec now;

    if (!row)
        return;
    for (size_t k = 0; k < STATISTICS_STAGES; k++)
        whole += one->ns[k];
    if (!one->answered) {
        add_timed(&row->failed, whole);
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    atomic_store_explicit(&row->last_ms,
                          (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000,
                          memory_order_relaxed);
    add_timed(&row->answered, whole);
    add(&row->images, one->images);
    for (size_t k = 0; k < STATISTICS_STAGES; k++)
        add_timed(&row->stages[k], one->ns[k]);
    for (size_t k = 0; k < STATISTICS_STAGES && s->histograms; k++)
        histogram_add(&row->durations[k], one->ns[k]);
    add_size(row, one);
}

static void sum_timed(struct timed *to, const struct timed *from)
{
    add(&to->count, get(&from->count));
    add(&to->ns, get(&from->ns));
}

static void sum_size(struct statistics_row *to, const struct size *from)
{
    const uint64_t images = get(&from->images);

    for (size_t i = 0; i < STATISTICS_SIZES_MAX && images > 0; i++) {
        struct size *size = &to->sizes[i];

        if (get(&size->images) != images && get(&size->images) != 0)
            continue;
        atomic_store_explicit(&size->images, images, memory_order_relaxed);
        for (size_t k = 0; k < STATISTICS_STAGES; k++)
            sum_timed(&size->stages[k], &from->stages[k]);
        return;
    }
}

static void sum(struct statistics_row *to, const struct statistics_row *from)
{
    sum_timed(&to->answered, &from->answered);
    sum_timed(&to->failed, &from->failed);
    for (size_t k = 0; k < STATISTICS_STAGES; k++)
        sum_timed(&to->stages[k], &from->stages[k]);
    add(&to->images, get(&from->images));
    if (get(&from->last_ms) > get(&to->last_ms))
        atomic_store_explicit(&to->last_ms, get(&from->last_ms), memory_order_relaxed);
    for (size_t i = 0; i < STATISTICS_SIZES_MAX; i++)
        sum_size(to, &from->sizes[i]);
}

static const char *const stage_names[STATISTICS_STAGES] = {"compute_input", "compute_infer",
                                                           "compute_output"};

static int write_timed(const char *name, const struct timed *t, struct buf *out)
{
    return buf_print(out, "\"%s\":{\"count\":%llu,\"ns\":%llu}", name,
                     (unsigned long long)get(&t->count), (unsigned long long)get(&t->ns));
}

static int write_stages(const struct timed *stages, struct buf *out)
{
    int r = 0;

    for (size_t k = 0; k < STATISTICS_STAGES && r == 0; k++) {
        r = buf_text(out, k > 0 ? "," : "");
        if (r == 0)
            r = write_timed(stage_names[k], &stages[k], out);
    }
    return r;
}

static int write_sizes(const struct statistics_row *row, struct buf *out)
{
    int r = 0;

    for (size_t i = 0; i < STATISTICS_SIZES_MAX && r == 0; i++) {
        const uint64_t images = get(&row->sizes[i].images);

        if (images == 0)
            break;
        r = buf_print(out, "%s{\"batch_size\":%llu,", i > 0 ? "," : "",
                      (unsigned long long)images);
        if (r == 0)
            r = write_stages(row->sizes[i].stages, out);
        if (r == 0)
            r = buf_text(out, "}");
    }
    return r;
}

/* Nothing waits in a queue, and nothing is cached. */
static int write_row(const struct statistics_row *row, struct buf *out)
{
    const unsigned long long executions = get(&row->answered.count);
    int r = buf_print(out,
                      ",\"last_inference\":%llu,\"inference_count\":%llu,"
                      "\"execution_count\":%llu,\"inference_stats\":{",
                      (unsigned long long)get(&row->last_ms),
                      (unsigned long long)get(&row->images), executions);

    if (r == 0)
        r = write_timed("success", &row->answered, out);
    if (r == 0)
        r = buf_text(out, ",");
    if (r == 0)
        r = write_timed("fail", &row->failed, out);
    if (r == 0)
        r = buf_print(out, ",\"queue\":{\"count\":%llu,\"ns\":0},", executions);
    if (r == 0)
        r = write_stages(row->stages, out);
    if (r == 0)
        r = buf_text(out, ",\"cache_hit\":{\"count\":0,\"ns\":0},"
                          "\"cache_miss\":{\"count\":0,\"ns\":0}},\"response_stats\":{},"
                          "\"batch_stats\":[");
    if (r == 0)
        r = write_sizes(row, out);
    return r ? r : buf_text(out, "],\"memory_usage\":[]}");
}

/* What a thread has counted of the model; NULL: nothing. */
static const struct statistics_row *find(const struct statistics *s,
                                         const struct served *served)
{
    const struct statistics_row *row =
        atomic_load_explicit(&s->rows[served->slot], memory_order_acquire);

    return row && get(&row->whose) == identity(served) ? row : NULL;
}

void statistics_collect(const struct metrics *m, const struct served *served,
                        struct statistics_sum *sum)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct statistics_row *row = find(&m->shards[i].models, served);

        if (!row)
            continue;
        sum->answered += get(&row->answered.count);
        sum->failed += get(&row->failed.count);
        sum->images += get(&row->images);
        sum->ns += get(&row->answered.ns);
        for (size_t k = 0; k < STATISTICS_STAGES; k++)
            histogram_collect(&row->durations[k], &sum->stages[k]);
    }
}

int statistics_write(const struct metrics *m, const struct served *served, struct buf *out)
{
    struct statistics_row all = {0};
    int r = buf_text(out, "{\"name\":");

    for (size_t i = 0; i < m->n; i++) {
        const struct statistics_row *row = find(&m->shards[i].models, served);

        if (row)
            sum(&all, row);
    }
    if (r == 0)
        r = buf_json_string(out, served->name, strlen(served->name));
    if (r == 0)
        r = buf_print(out, ",\"version\":\"%s\"", served->version_text);
    return r ? r : write_row(&all, out);
}
