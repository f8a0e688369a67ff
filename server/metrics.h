#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/preprocess.h"
#include "server/buf.h"
#include "server/pixels.h"

struct app;
struct error;
struct route;
struct served;
struct statistics_request;

/* Counters and histograms of all threads. Each event loop counts in a shard of its own, so that
 * counting takes no lock and shares no cache line; a scrape adds the shards up. */
struct metrics;
struct metrics_shard;

enum metrics_stage {
    METRICS_PARSE,      /* bytes to numbers */
    METRICS_PREPROCESS, /* a picture to 28x28 */
    METRICS_PREDICT,
    METRICS_ENCODE, /* numbers to bytes */
    METRICS_STAGES,
};

/* `by_model`: stages are timed for each model too. Returns 0 or -ENOMEM. */
int metrics_create(size_t shards, bool by_model, struct metrics **ret, struct error *err);
void metrics_destroy(struct metrics *m); /* accepts NULL */
struct metrics_shard *metrics_shard(struct metrics *m, size_t i);

/* One answered request: from its last byte to its answer queued. `route` NULL: no row had it.
 */
void metrics_request(struct metrics_shard *s, const struct route *route, int status,
                     uint64_t ns);
void metrics_model(struct metrics_shard *s, const struct served *served,
                   const struct statistics_request *one);
const char *metrics_stage_name(enum metrics_stage stage);
void metrics_stage(struct metrics_shard *s, enum metrics_stage stage, uint64_t ns);
/* One predicted image; `digit` < 0 where the verdict left none. */
void metrics_prediction(struct metrics_shard *s, int digit, enum preprocess_verdict verdict);
/* One answered request of `images` images. */
void metrics_answer(struct metrics_shard *s, const struct served *served, size_t images);
/* One image that came as numbers. */
void metrics_oddity(struct metrics_shard *s, enum pixels_oddity oddity);
void metrics_connections(struct metrics_shard *s, int delta);
/* A connection that was refused or cut: `reason` is an index into the table in metrics.c. */
enum metrics_cut { METRICS_CUT_LIMIT, METRICS_CUT_SLOW, METRICS_CUT_MALFORMED, METRICS_CUTS };
void metrics_cut(struct metrics_shard *s, enum metrics_cut reason);

/* Appends the Prometheus text format 0.0.4. May run on any thread while others count. */
int metrics_write(const struct app *app, struct buf *out);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t metrics_now(void);

#endif
