#include "server/bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "model/peak.h"
#include "server/metrics.h"
#include "server/progress.h"
#include "server/settings_value.h"

enum {
    CALLS_MIN = 20,
    CALLS_MAX = 1 << 16,
    PROFILES = 100, /* calls, at most, whose layers are timed one by one */
    SCRATCH_ALIGNMENT = 64,
    TICKS = 100, /* of the progress line, for each number of pictures */
};

int bench_parse(struct bench *b, const char *text, struct error *err)
{
    const char *at = text;

    b->n_batches = 0;
    while (b->n_batches < BENCH_BATCHES_MAX) {
        size_t len = strcspn(at, ",");
        char word[16] = "";
        long n = 0;

        if (len < sizeof(word))
            memcpy(word, at, len);
        if (value_number(word, &n) < 0 || n < 1 || n > BENCH_PICTURES_MAX)
            break;
        b->batches[b->n_batches++] = (struct bench_batch){.n = (size_t)n};
        if (!at[len])
            return 0;
        at += len + 1;
    }
    return error_set(err, -EINVAL,
                     "--batch is '%.40s'; it should be up to %d numbers from 1 to %d, such as "
                     "1,8,32",
                     text, BENCH_BATCHES_MAX, BENCH_PICTURES_MAX);
}

/* Rings of ink, of different sizes and places: as many pixels that are not white as digits
 * have, since zeros are skipped. */
static void draw(float *image, size_t i)
{
    double radius = 5.0 + (double)(i % 5);
    double x0 = 12.0 + (double)(i % 4);
    double y0 = 12.0 + (double)(i % 3);

    for (size_t at = 0; at < MODEL_INPUT; at++) {
        size_t row = at / MODEL_SIDE;
        double x = (double)(at % MODEL_SIDE) - x0;
        double y = (double)row - y0;
        double off = fabs(sqrt(x * x + y * y) - radius);

        image[at] = (float)fmax(0, 1 - off / 2);
    }
}

/* What one call works on, and how long each took. */
struct bench_run {
    const struct model *model;
    size_t n, steps;
    float *images, *logits, *probabilities;
    void *scratch;
    double *calls; /* [CALLS_MAX], seconds */
    uint64_t *ns;  /* [PROFILES][steps] */
};

static void finish(struct bench_run *r)
{
    free(r->images);
    free(r->logits);
    free(r->probabilities);
    free(r->scratch);
    free(r->calls);
    free(r->ns);
}

static int prepare(struct bench_run *r, const struct model *m, size_t n)
{
    size_t scratch = model_scratch(m) + !model_scratch(m);

    *r = (struct bench_run){.model = m, .n = n, .steps = model_steps(m)};
    r->images = calloc(n, MODEL_INPUT * sizeof(float));
    r->logits = calloc(n, MODEL_CLASSES * sizeof(float));
    r->probabilities = calloc(n, MODEL_CLASSES * sizeof(float));
    r->scratch = aligned_alloc(SCRATCH_ALIGNMENT, (scratch + SCRATCH_ALIGNMENT - 1) /
                                                      SCRATCH_ALIGNMENT * SCRATCH_ALIGNMENT);
    r->calls = calloc(CALLS_MAX, sizeof(*r->calls));
    r->ns = calloc(PROFILES, (r->steps + 1) * sizeof(*r->ns));
    if (!r->images || !r->logits || !r->probabilities || !r->scratch || !r->calls || !r->ns)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        draw(r->images + i * MODEL_INPUT, i);
    return 0;
}

static double predict(struct bench_run *r)
{
    uint64_t start = metrics_now();

    model_predict(r->model, r->images, r->n, r->scratch, r->logits, r->probabilities);
    return (double)(metrics_now() - start) / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of what lies in order. */
static double quantile(const double *sorted, size_t n, double share)
{
    return sorted[(size_t)(share * (double)(n - 1) + 0.5)];
}

static void time_calls(struct bench_run *r, double seconds, struct bench_batch *b,
                       struct progress *progress)
{
    double spent = 0;
    size_t shown = 0;

    (void)predict(r); /* into the caches */
    for (b->calls = 0; b->calls < CALLS_MAX && (b->calls < CALLS_MIN || spent < seconds);) {
        double time = predict(r);
        size_t now = 0;

        spent += time;
        r->calls[b->calls++] = time;
        now = seconds > 0 && spent < seconds ? (size_t)(spent / seconds * TICKS) : TICKS;
        progress_add(progress, now - shown);
        shown = now;
    }
    progress_add(progress, TICKS - shown);
    qsort(r->calls, b->calls, sizeof(*r->calls), compare_doubles);
    b->median_us = quantile(r->calls, b->calls, 0.5) * 1e6 / (double)r->n;
    b->p99_us = quantile(r->calls, b->calls, 0.99) * 1e6 / (double)r->n;
    b->gflops = 2e-3 * (double)model_info(r->model)->macs / b->median_us;
}

static void time_steps(struct bench_run *r, struct bench_batch *b)
{
    size_t profiles = b->calls < PROFILES ? b->calls : PROFILES;

    for (size_t i = 0; i < profiles; i++)
        model_profile(r->model, r->images, r->n, r->scratch, r->logits, r->ns + i * r->steps);
    for (size_t s = 0; s < r->steps; s++) {
        double times[PROFILES];

        for (size_t i = 0; i < profiles; i++)
            times[i] = (double)r->ns[i * r->steps + s];
        qsort(times, profiles, sizeof(*times), compare_doubles);
        b->step_us[s] = quantile(times, profiles, 0.5) / 1e3 / (double)r->n;
    }
}

int bench_run(struct bench *b, struct error *err)
{
    struct progress progress;
    int r = 0;

    b->peak = model_info(b->model)->int8 ? peak_int8_gops(model_info(b->model)->cpu)
                                         : peak_gflops(model_info(b->model)->cpu);
    progress_start(&progress, "measuring", b->n_batches * TICKS);
    for (size_t i = 0; i < b->n_batches && r == 0; i++) {
        struct bench_batch *batch = &b->batches[i];
        struct bench_run run;

        r = prepare(&run, b->model, batch->n);
        batch->step_us = calloc(run.steps + 1, sizeof(*batch->step_us));
        if (!batch->step_us)
            r = -ENOMEM;
        if (r == 0) {
            time_calls(&run, b->seconds, batch, &progress);
            time_steps(&run, batch);
        }
        finish(&run);
    }
    (void)progress_end(&progress);
    return r < 0 ? error_set(err, r, "out of memory") : 0;
}

void bench_finish(struct bench *b)
{
    for (size_t i = 0; i < b->n_batches; i++)
        free(b->batches[i].step_us);
}
