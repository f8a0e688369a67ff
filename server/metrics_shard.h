#ifndef SERVER_METRICS_SHARD_H
#define SERVER_METRICS_SHARD_H

/* What metrics.c counts and metrics_text.c writes. */

#include <stdatomic.h>
#include <stdint.h>

#include "model/model.h"
#include "server/catalogue.h"
#include "server/histogram.h"
#include "server/metrics.h"
#include "server/statistics.h"

enum {
    METRICS_ROUTES_MAX =
        127, /* rows of the table; one more slot is for requests that have none */
    METRICS_STATUSES = 19,
    METRICS_VERDICTS = PREPROCESS_SEVERAL + 1,
};

/* The statuses that are told apart; the last slot, 0, is for any other. */
extern const int metrics_statuses[METRICS_STATUSES];

/* What one version of a model has answered. */
struct metrics_version {
    _Atomic uint64_t id; /* struct served's: whose the counts are */
    _Atomic uint64_t answers, images;
};

struct metrics_shard {
    _Alignas(64) _Atomic uint64_t requests[METRICS_ROUTES_MAX + 1][METRICS_STATUSES];
    struct histogram durations[METRICS_ROUTES_MAX + 1];
    struct histogram stages[METRICS_STAGES];
    _Atomic uint64_t digits[MODEL_CLASSES];
    _Atomic uint64_t verdicts[METRICS_VERDICTS];
    _Atomic uint64_t oddities[PIXELS_ODDITIES];
    _Atomic uint64_t cuts[METRICS_CUTS];
    _Atomic int64_t connections;
    struct metrics_version versions[CATALOGUE_SLOTS_MAX];
    struct statistics models;
};

struct metrics {
    size_t n;
    uint64_t start_ns;
    struct metrics_shard shards[];
};

/* metrics_models.c: the families that are about models. */
int metrics_write_models(const struct metrics *m, const struct catalogue *c, struct buf *out);

/* metrics_aliases.c: what Triton and KServe call some of it. */
int metrics_write_aliases(const struct metrics *m, const struct catalogue *c, struct buf *out);

#endif
