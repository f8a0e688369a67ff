#include "model/peak.h"

#include <stddef.h>
#include <time.h>

#include "model/kernels_int8.h"

enum { STEPS = 50000, RUNS = 40 };

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The best of many short runs: others on the machine only ever add time. */
static double best_rate(size_t (*spin)(size_t steps))
{
    double best = 1;
    size_t count = 0;

    for (size_t i = 0; i < RUNS; i++) {
        double start = now();

        count = spin(STEPS);
        double time = now() - start;

        if (time < best)
            best = time;
    }
    return 2e-9 * (double)count / best;
}

double peak_gflops(enum cpu_level level)
{
    return level > cpu_detect() ? 0 : best_rate(kernels_get(level)->spin);
}

double peak_int8_gops(enum cpu_level level)
{
    return level > cpu_detect() ? 0 : best_rate(kernels_int8_get(level)->spin);
}
