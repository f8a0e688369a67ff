#ifndef SERVER_HISTOGRAM_H
#define SERVER_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#include "server/buf.h"

enum { HISTOGRAM_BOUNDS = 19 }; /* 10 us to 10 s, in steps of 1, 2, 5 */

/* Durations by size. One thread adds, any thread may read. Starts zeroed. */
struct histogram {
    _Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* the last: beyond every bound */
    _Atomic uint64_t sum_ns;
};

/* What several histograms hold together at one moment. Starts zeroed. */
struct histogram_sum {
    uint64_t counts[HISTOGRAM_BOUNDS + 1];
    uint64_t sum_ns;
};

void histogram_add(struct histogram *h, uint64_t ns);
void histogram_collect(const struct histogram *h, struct histogram_sum *sum);
uint64_t histogram_count(const struct histogram_sum *sum);

/* Appends the samples name_bucket, name_sum and name_count in Prometheus text, each with
 * `labels` ("a=\"1\"", may be empty). Returns 0, -E2BIG, -ENOMEM. */
int histogram_write(const struct histogram_sum *sum, const char *name, const char *labels,
                    struct buf *out);

#endif
