/* How long one float takes to become text, beside snprintf("%.9g"). Prints name=value lines;
 * each figure is the best of many rounds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/format.h"

enum { NUMBERS = 4096, ROUNDS = 200 };

static float values[NUMBERS];

static double now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static size_t run_format(char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < NUMBERS; i++)
        len += format_float(out + len, values[i]);
    return len;
}

static size_t run_snprintf(char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < NUMBERS; i++)
        len += (size_t)sprintf(out + len, "%.9g", (double)values[i]);
    return len;
}

static double best(size_t (*run)(char *), char *out)
{
    double least = 1e12;

    for (int i = 0; i < ROUNDS; i++) {
        double begin = now_ns();

        (void)run(out);
        double took = now_ns() - begin;

        if (took < least)
            least = took;
    }
    return least / NUMBERS;
}

static float any_bits(void)
{
    uint32_t bits = (uint32_t)(rand() % 255) << 23 | ((uint32_t)rand() & 0x7fffff);
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

static float probability(void)
{
    return (float)rand() / (float)RAND_MAX;
}

int main(void)
{
    static const struct {
        const char *name;
        float (*make)(void);
    } kinds[] = {
        {"probabilities", probability},
        {"any_bits",      any_bits   }
    };
    static char out[NUMBERS * FORMAT_FLOAT_MAX];

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (size_t i = 0; i < NUMBERS; i++)
            values[i] = kinds[k].make();
        (void)printf("floats=%s format_ns=%.1f snprintf_ns=%.1f\n", kinds[k].name,
                     best(run_format, out), best(run_snprintf, out));
    }
    return 0;
}
