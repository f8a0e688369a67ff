#ifndef SERVER_BENCH_H
#define SERVER_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/buf.h"

struct error;
struct model;

/* How long a model takes: by number of pictures at a time, and by layer. */
enum { BENCH_BATCHES_MAX = 16, BENCH_PICTURES_MAX = 4096 };

struct bench_batch {
    size_t n;                         /* pictures at a time */
    size_t calls;                     /* measured */
    double median_us, p99_us, gflops; /* for each picture */
    double *step_us;                  /* [model_steps()], medians for each picture */
};

struct bench {
    const struct model *model;
    const char *path; /* "" is the built-in model */
    double peak;      /* GFLOP/s of one core */
    double seconds;   /* for each number of pictures */
    struct bench_batch batches[BENCH_BATCHES_MAX];
    size_t n_batches;
};

/* Reads "1,8,32" into the batches. Returns 0; -EINVAL with `err` saying what it should be. */
int bench_parse(struct bench *b, const char *text, struct error *err);

/* Measures, with a progress line on a terminal. Returns 0 or -ENOMEM; bench_finish() frees. */
int bench_run(struct bench *b, struct error *err);
void bench_finish(struct bench *b);

/* On stdout, for people; and appended as JSON: 0, -E2BIG or -ENOMEM. */
void bench_print(const struct bench *b, bool colours);
int bench_write_json(const struct bench *b, struct buf *out);

/* Appends a PNG that shows it. Returns 0, -E2BIG, -ENOMEM. */
int plot_bench(const struct bench *b, struct buf *out);

#endif
