/* Compares every kernel at every level that this processor has with the reference, on random
 * data of awkward sizes. `check_kernels SEED` repeats a failing run; `check_kernels --bench`
 * measures instead. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/blas.h"
#include "tests/kernels/check.h"

static const enum cpu_level all[] = {CPU_X86_64_V2, CPU_X86_64_V3, CPU_X86_64_V4, CPU_NEON};

enum { LEVELS = sizeof(all) / sizeof(all[0]) };

const struct kernels *check_levels[LEVELS];
size_t check_n_levels;
bool check_failed[LEVELS];

static uint32_t state = 0x9e3779b9;

static uint32_t next(void) /* xorshift32 */
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

void check_seed(unsigned seed)
{
    state = seed ? seed : 1;
}

size_t check_random(size_t below)
{
    return next() % below;
}

void check_fill(float *x, size_t count)
{
    static const float scales[] = {0, 0, 1, 1, 1, 1000, 1e-6F, 1};

    for (size_t i = 0; i < count; i++) {
        float unit = (float)next() / 2147483648.0F - 1.0F;

        x[i] = unit * scales[next() % 8];
    }
}

static float *allocate(size_t count)
{
    void *x = NULL;

    if (posix_memalign(&x, 64, (count + !count) * sizeof(float)) != 0) {
        (void)fputs("check_kernels: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return x;
}

float *check_floats(size_t count)
{
    float *x = allocate(count);

    check_fill(x, count);
    return x;
}

float *check_copy(const float *x, size_t count)
{
    float *copy = allocate(count);

    memcpy(copy, x, count * sizeof(*copy));
    return copy;
}

float *check_absolute(const float *x, size_t count)
{
    float *copy = allocate(count);

    for (size_t i = 0; i < count; i++)
        copy[i] = fabsf(x[i]);
    return copy;
}

static uint32_t bits(float x)
{
    uint32_t ret;

    memcpy(&ret, &x, sizeof(ret));
    return ret;
}

static bool differs(const char *what, size_t i, float want, float got)
{
    printf("# element %zu: want %a, got %a, %s\n", i, (double)want, (double)got, what);
    return false;
}

bool check_sums(const float *want, const float *got, const float *magnitude, size_t count,
                size_t terms)
{
    for (size_t i = 0; i < count; i++) {
        float bound = (float)(2 * terms + 4) * FLT_EPSILON * magnitude[i];

        /* What is not written has the same bits, but no magnitude. */
        if (bits(want[i]) != bits(got[i]) && !(fabsf(want[i] - got[i]) <= bound))
            return differs("out of bounds", i, want[i], got[i]);
    }
    return true;
}

bool check_bits(const float *want, const float *got, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bits(want[i]) != bits(got[i]))
            return differs("not the same bits", i, want[i], got[i]);
    return true;
}

static const struct {
    const char *name;
    void (*check)(void);
} families[] = {
    {"conv",        check_conv       },
    {"winograd",    check_winograd   },
    {"dense",       check_dense      },
    {"pool",        check_pool       },
    {"elementwise", check_elementwise},
    {"activation",  check_activation },
};

enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

static bool level_runs(size_t i)
{
    /* Levels of an instruction set are in order: a better one includes those below. */
    return kernels_get(all[i])->cpu == all[i] && cpu_detect() >= all[i];
}

/* One line of TAP for each level; those that are missing pass. */
static bool report(const char *family, size_t first)
{
    bool ok = true;
    size_t run = 0;

    for (size_t i = 0; i < LEVELS; i++) {
        bool runs = level_runs(i);
        bool failed = runs && check_failed[run];

        printf("%s %zu %s %s%s\n", failed ? "not ok" : "ok", first + i + 1, family,
               cpu_name(all[i]), runs ? "" : " # SKIP not on this machine");
        run += runs;
        ok &= !failed;
    }
    return ok;
}

static void report_im2col(void)
{
    const struct blas *blas = blas_get();

    printf("%s %d im2col %s\n", check_im2col_failed ? "not ok" : "ok", LEVELS * FAMILIES + 1,
           blas ? blas->core : "# SKIP no OpenBLAS");
}

int main(int argc, char **argv)
{
    bool ok = true;

    blas_prepare();

    for (size_t i = 0; i < LEVELS; i++)
        if (level_runs(i))
            check_levels[check_n_levels++] = kernels_get(all[i]);
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        bench();
        return EXIT_SUCCESS;
    }
    if (argc > 1)
        check_seed((unsigned)strtoul(argv[1], NULL, 0));
    printf("# seed 0x%x\n1..%d\n", (unsigned)state, LEVELS * FAMILIES + 1);
    for (size_t i = 0; i < FAMILIES; i++) {
        memset(check_failed, 0, sizeof(check_failed));
        families[i].check();
        ok &= report(families[i].name, i * LEVELS);
    }
    report_im2col();
    return ok && !check_im2col_failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
