#include "model/peak.h"

#include <stddef.h>
#include <time.h>

#include "model/kernels.h"

enum { STEPS = 50000, RUNS = 40 };

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The best of many short runs: others on the machine only ever add time. */
double peak_gflops(enum cpu_level level)
{
    const struct kernels *k = kernels_get(level);
    double best = 1;
    size_t count = 0;

    if (level > cpu_detect())
        return 0;
    for (size_t i = 0; i < RUNS; i++) {
        double start = now();

        count = k->spin(STEPS);
        double time = now() - start;

        if (time < best)
            best = time;
    }
    return 2e-9 * (double)count / best;
}
