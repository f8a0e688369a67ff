#include <stdio.h>
#include <stdlib.h>

#include "tests/kernels/check.h"

static bool add_agrees(const struct kernels *level, const float *a, const float *b,
                       size_t count, bool relu)
{
    float *want = check_floats(count + CHECK_GUARD);
    float *got = check_copy(want, count + CHECK_GUARD);
    float *in_place = check_copy(a, count);

    kernels_get(CPU_GENERIC)->add(a, b, count, relu, want);
    level->add(a, b, count, relu, got);
    level->add(in_place, b, count, relu, in_place);
    bool ok = check_bits(want, got, count + CHECK_GUARD) && check_bits(want, in_place, count);

    free(want);
    free(got);
    free(in_place);
    return ok;
}

static bool relu_agrees(const struct kernels *level, const float *x, size_t count)
{
    float *want = check_floats(count + CHECK_GUARD);
    float *got = check_copy(want, count + CHECK_GUARD);
    float *in_place = check_copy(x, count);

    kernels_get(CPU_GENERIC)->relu(x, count, want);
    level->relu(x, count, got);
    level->relu(in_place, count, in_place);
    bool ok = check_bits(want, got, count + CHECK_GUARD) && check_bits(want, in_place, count);

    free(want);
    free(got);
    free(in_place);
    return ok;
}

void check_elementwise(void)
{
    for (size_t count = 0; count < 100; count++) {
        float *a = check_floats(count);
        float *b = check_floats(count);

        for (size_t i = 0; i < check_n_levels; i++)
            if (!add_agrees(check_levels[i], a, b, count, false) ||
                !add_agrees(check_levels[i], a, b, count, true) ||
                !relu_agrees(check_levels[i], a, count)) {
                printf("# elementwise %s: count %zu\n", cpu_name(check_levels[i]->cpu), count);
                check_failed[i] = true;
            }
        free(a);
        free(b);
    }
}
