#ifndef SERVER_STATISTICS_H
#define SERVER_STATISTICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/buf.h"
#include "server/catalogue.h"
#include "server/histogram.h"

struct metrics;

enum { STATISTICS_SIZES_MAX = 16 }; /* batch sizes that are told apart, the first to come */

enum statistics_stage {
    STATISTICS_INPUT, /* bytes to numbers */
    STATISTICS_INFER,
    STATISTICS_OUTPUT, /* numbers to bytes */
    STATISTICS_STAGES,
};

/* One request, once it is answered or has failed. */
struct statistics_request {
    bool answered;
    size_t images;
    uint64_t ns[STATISTICS_STAGES];
};

struct statistics_row;

/* What one thread has counted of each model, as Triton's statistics extension tells it. Another
 * thread may read meanwhile. Starts zeroed. */
struct statistics {
    _Atomic(struct statistics_row *) rows[CATALOGUE_SLOTS_MAX];
    bool histograms; /* statistics_collect() wants the stages of each model by duration */
};

void statistics_finish(struct statistics *s);

/* Counts; without memory for a model's row, which its first request needs, nothing. */
void statistics_add(struct statistics *s, const struct served *served,
                    const struct statistics_request *one);

/* Requests of a model, from all threads. */
struct statistics_sum {
    uint64_t answered, failed, images;
    uint64_t ns; /* of those that were answered */
    struct histogram_sum stages[STATISTICS_STAGES];
};

/* Adds what has been counted of a model to *sum. */
void statistics_collect(const struct metrics *m, const struct served *served,
                        struct statistics_sum *sum);

/* Appends the object of one model: all threads together. Returns 0, -E2BIG, -ENOMEM. */
int statistics_write(const struct metrics *m, const struct served *served, struct buf *out);

#endif
