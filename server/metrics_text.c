#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "server/app.h"
#include "server/feedback.h"
#include "server/metrics.h"
#include "server/metrics_family.h"
#include "server/metrics_shard.h"
#include "server/process.h"
#include "server/protocol.h"
#include "server/registry.h"
#include "server/routes.h"
#include "server/settings.h"
#include "server/shadow.h"

enum { LABELS_MAX = 256 };

/* A family of one sample. */
static int number(struct buf *out, const char *name, const char *type, const char *help,
                  double value)
{
    int r = metrics_family(out, name, type, help);

    return r ? r : buf_print(out, "%s %.15g\n", name, value);
}

/* What tells the rows of the table apart: two may differ in nothing but the type of body that
 * they take. Slot METRICS_ROUTES_MAX is for requests that no row had. */
static void route_labels(size_t slot, char labels[LABELS_MAX])
{
    size_t n;
    const struct route *rows = routes_all(&n);

    if (slot < n)
        (void)snprintf(labels, LABELS_MAX, "method=\"%s\",route=\"%s\",protocol=\"%s\"",
                       rows[slot].method, rows[slot].pattern,
                       rows[slot].protocol ? rows[slot].protocol->name : "none");
    else
        (void)snprintf(labels, LABELS_MAX, "method=\"\",route=\"none\",protocol=\"none\"");
}

static uint64_t load(const _Atomic uint64_t *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

/* Only what has been counted is written: the rows times the codes would be hundreds of lines of
 * zeroes. */
static int write_requests(const struct metrics *m, struct buf *out)
{
    int r = metrics_family(out, "digitd_requests_total", "counter", "Answered requests.");

    for (size_t row = 0; row <= METRICS_ROUTES_MAX; row++) {
        char labels[LABELS_MAX];

        route_labels(row, labels);
        for (size_t k = 0; k < METRICS_STATUSES && r == 0; k++) {
            uint64_t n = 0;

            for (size_t i = 0; i < m->n; i++)
                n += load(&m->shards[i].requests[row][k]);
            if (n && metrics_statuses[k])
                r = buf_print(out, "digitd_requests_total{%s,code=\"%d\"} %" PRIu64 "\n",
                              labels, metrics_statuses[k], n);
            else if (n)
                r = buf_print(out, "digitd_requests_total{%s,code=\"other\"} %" PRIu64 "\n",
                              labels, n);
        }
    }
    return r;
}

static int write_durations(const struct metrics *m, struct buf *out)
{
    static const char name[] = "digitd_request_duration_seconds";
    int r = metrics_family(out, name, "histogram",
                           "From a request's last byte to its answer handed to the kernel.");

    for (size_t row = 0; row <= METRICS_ROUTES_MAX && r == 0; row++) {
        struct histogram_sum sum = {0};
        char labels[LABELS_MAX];

        for (size_t i = 0; i < m->n; i++)
            histogram_collect(&m->shards[i].durations[row], &sum);
        if (histogram_count(&sum) == 0)
            continue;
        route_labels(row, labels);
        r = histogram_write(&sum, name, labels, out);
    }
    return r;
}

static int write_stages(const struct metrics *m, struct buf *out)
{
    static const char name[] = "digitd_stage_duration_seconds";
    int r = metrics_family(out, name, "histogram", "Parts of an inference request.");

    for (size_t k = 0; k < METRICS_STAGES && r == 0; k++) {
        struct histogram_sum sum = {0};
        char labels[LABELS_MAX];

        for (size_t i = 0; i < m->n; i++)
            histogram_collect(&m->shards[i].stages[k], &sum);
        (void)snprintf(labels, sizeof(labels), "stage=\"%s\"",
                       metrics_stage_name((enum metrics_stage)k));
        r = histogram_write(&sum, name, labels, out);
    }
    return r;
}

static int write_predictions(const struct metrics *m, struct buf *out)
{
    int r = metrics_family(out, "digitd_predictions_total", "counter",
                           "Images by the digit answered.");

    for (size_t k = 0; k < MODEL_CLASSES && r == 0; k++) {
        uint64_t n = 0;

        for (size_t i = 0; i < m->n; i++)
            n += load(&m->shards[i].digits[k]);
        r = buf_print(out, "digitd_predictions_total{digit=\"%zu\"} %" PRIu64 "\n", k, n);
    }
    if (r == 0)
        r = metrics_family(out, "digitd_verdicts_total", "counter",
                           "Images by what they hold.");
    for (size_t k = 0; k < METRICS_VERDICTS && r == 0; k++) {
        uint64_t n = 0;

        for (size_t i = 0; i < m->n; i++)
            n += load(&m->shards[i].verdicts[k]);
        r = buf_print(out, "digitd_verdicts_total{verdict=\"%s\"} %" PRIu64 "\n",
                      preprocess_verdict_name((enum preprocess_verdict)k), n);
    }
    return r;
}

static int write_oddities(const struct metrics *m, struct buf *out)
{
    static const char *const reasons[PIXELS_ODDITIES] = {
        [PIXELS_BEYOND] = "range",
        [PIXELS_INVERTED] = "inverted",
    };
    int r =
        metrics_family(out, "digitd_odd_tensors_total", "counter",
                       "Images whose numbers are hardly what the model takes; see --pixels.");

    for (size_t k = PIXELS_BEYOND; k < PIXELS_ODDITIES && r == 0; k++) {
        uint64_t n = 0;

        for (size_t i = 0; i < m->n; i++)
            n += load(&m->shards[i].oddities[k]);
        r = buf_print(out, "digitd_odd_tensors_total{reason=\"%s\"} %" PRIu64 "\n", reasons[k],
                      n);
    }
    return r;
}

static int write_connections(const struct metrics *m, struct buf *out)
{
    static const char *const reasons[METRICS_CUTS] = {
        [METRICS_CUT_LIMIT] = "limit",
        [METRICS_CUT_SLOW] = "slow",
        [METRICS_CUT_MALFORMED] = "malformed",
    };
    int64_t open = 0;

    for (size_t i = 0; i < m->n; i++)
        open += atomic_load_explicit(&m->shards[i].connections, memory_order_relaxed);
    int r = number(out, "digitd_connections", "gauge", "Open connections.", (double)open);
    if (r == 0)
        r = metrics_family(out, "digitd_connections_refused_total", "counter",
                           "Connections refused or cut, by reason.");
    for (size_t k = 0; k < METRICS_CUTS && r == 0; k++) {
        uint64_t n = 0;

        for (size_t i = 0; i < m->n; i++)
            n += load(&m->shards[i].cuts[k]);
        r = buf_print(out, "digitd_connections_refused_total{reason=\"%s\"} %" PRIu64 "\n",
                      reasons[k], n);
    }
    return r;
}

static int write_process(struct buf *out)
{
    struct process_usage usage;

    process_usage(&usage);
    const struct {
        const char *name, *type, *help;
        double value;
    } rows[] = {
        {"process_cpu_seconds_total",     "counter", "User and system time.",   usage.cpu_s           },
        {"process_resident_memory_bytes", "gauge",   "Resident memory.",
         (double)usage.resident_bytes                                                                 },
        {"process_virtual_memory_bytes",  "gauge",   "Virtual memory.",
         (double)usage.virtual_bytes                                                                  },
        {"process_start_time_seconds",    "gauge",   "Start, since the epoch.", usage.start_s         },
        {"process_open_fds",              "gauge",   "Open file descriptors.",  (double)usage.open_fds},
        {"process_max_fds",               "gauge",   "Most that may be open.",  (double)usage.max_fds },
    };
    int r = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && r == 0; i++)
        r = number(out, rows[i].name, rows[i].type, rows[i].help, rows[i].value);
    return r;
}

static int write_state(const struct app *app, struct buf *out)
{
    bool ready = atomic_load(&app->ready) && !atomic_load(&app->draining) &&
                 registry_ready(app->registry, app->settings->repository_api);
    double uptime = (double)(metrics_now() - app->metrics->start_ns) / 1e9;
    int r = number(out, "digitd_ready", "gauge", "1 while readiness says yes.", ready);

    if (r == 0)
        r = number(out, "digitd_uptime_seconds", "gauge", "Since the server started.", uptime);
    if (r == 0)
        r = metrics_family(out, "digitd_build_info", "gauge", "The program; always 1.");
    return r ? r
             : buf_text(out, "digitd_build_info{version=\"" DIGITD_VERSION
                             "\",compiler=\"" __VERSION__ "\"} 1\n");
}

static void class_name(int class, char out[8])
{
    if (class == FEEDBACK_NONE)
        memcpy(out, "none", sizeof("none"));
    else
        (void)snprintf(out, 8, "%d", class);
}

/* What was never said has no sample. */
static int write_feedback(const struct feedback *f, struct buf *out)
{
    int r = metrics_family(
        out, "digitd_feedback_total", "counter",
        "Corrections stored, by what it should have been and what was answered.");

    for (int i = 0; i < FEEDBACK_CLASSES * FEEDBACK_CLASSES && r == 0; i++) {
        uint64_t n = feedback_count(f, i / FEEDBACK_CLASSES, i % FEEDBACK_CLASSES);
        char truth[8];
        char prediction[8];

        class_name(i / FEEDBACK_CLASSES, truth);
        class_name(i % FEEDBACK_CLASSES, prediction);
        if (n > 0)
            r = buf_print(out,
                          "digitd_feedback_total{truth=\"%s\",prediction=\"%s\"} %" PRIu64 "\n",
                          truth, prediction, n);
    }
    return r;
}

int metrics_write(const struct app *app, struct buf *out)
{
    const struct catalogue *c = registry_hold(app->registry);
    int r = write_state(app, out);

    if (r == 0)
        r = metrics_write_models(app->metrics, c, out);
    if (r == 0 && app->settings->metrics_aliases)
        r = metrics_write_aliases(app->metrics, c, out);
    if (r == 0)
        r = shadow_write(app->shadow, out);
    registry_drop(c);
    if (r == 0)
        r = write_requests(app->metrics, out);
    if (r == 0)
        r = write_durations(app->metrics, out);
    if (r == 0)
        r = write_stages(app->metrics, out);
    if (r == 0)
        r = write_predictions(app->metrics, out);
    if (r == 0)
        r = write_oddities(app->metrics, out);
    if (r == 0)
        r = write_connections(app->metrics, out);
    if (r == 0 && app->feedback)
        r = write_feedback(app->feedback, out);
    return r ? r : write_process(out);
}
