#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kernels/check.h"

/* Functions of one and two numbers. What is exact by definition has the same bits; a
 * polynomial may be off by ULPS units in the last place, or of the number 1 that the result
 * comes close to on its way. */
enum { ULPS = 6, COUNT = 83 };

static const struct kernels_activation functions[] = {
    {KERNELS_ABS,              0,          0         },
    {KERNELS_CEIL,             0,          0         },
    {KERNELS_CELU,             0.7F,       0         },
    {KERNELS_CLIP,             -0.5F,      6         },
    {KERNELS_ELU,              1.3F,       0         },
    {KERNELS_ERF,              0,          0         },
    {KERNELS_EXP,              0,          0         },
    {KERNELS_FLOOR,            0,          0         },
    {KERNELS_GELU,             0,          0         },
    {KERNELS_GELU_TANH,        0,          0         },
    {KERNELS_HARD_SIGMOID,     0.2F,       0.5F      },
    {KERNELS_HARD_SWISH,       0,          0         },
    {KERNELS_LEAKY_RELU,       0.01F,      0         },
    {KERNELS_LINEAR,           3.25F,      -0.5F     },
    {KERNELS_LOG,              0,          0         },
    {KERNELS_MISH,             0,          0         },
    {KERNELS_NEGATIVE,         0,          0         },
    {KERNELS_RECIPROCAL,       0,          0         },
    {KERNELS_ROUND,            0,          0         },
    {KERNELS_SELU,             1.6732632F, 1.0507010F},
    {KERNELS_SIGMOID,          0,          0         },
    {KERNELS_SIGN,             0,          0         },
    {KERNELS_SOFTPLUS,         0,          0         },
    {KERNELS_SOFTSIGN,         0,          0         },
    {KERNELS_SQRT,             0,          0         },
    {KERNELS_SWISH,            1,          0         },
    {KERNELS_TANH,             0,          0         },
    {KERNELS_THRESHOLDED_RELU, 1,          0         },
};

/* Every magnitude, both signs, and what is no ordinary number. */
static float input(size_t i)
{
    static const float special[] = {0,       -0.0F,    INFINITY, -INFINITY, NAN,
                                    FLT_MIN, -FLT_MIN, 88.7F,    88.8F,     -87.4F,
                                    -103.0F, -104.0F,  1e30F,    -1e30F};
    float x = 0;

    if (i < sizeof(special) / sizeof(special[0]))
        return special[i];
    check_fill(&x, 1);
    return x * (float[]){1, 3, 10, 100}[check_random(4)];
}

static bool same(float want, float got, float x)
{
    float scale = fmaxf(fabsf(want), fminf(1, fabsf(x)) * 0.5F);

    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    return want == got || fabsf(want - got) <= ULPS * FLT_EPSILON * scale + FLT_MIN;
}

static bool agrees(const struct kernels *level, const struct kernels_activation *f)
{
    float *x = check_floats(COUNT);
    float *got = check_floats(COUNT + CHECK_GUARD);
    float *guard = check_copy(got, COUNT + CHECK_GUARD);
    bool ok = true;

    for (size_t i = 0; i < COUNT; i++)
        x[i] = input(i);
    level->activate(f, x, COUNT, got);
    ok = check_bits(guard + COUNT, got + COUNT, CHECK_GUARD);
    for (size_t i = 0; ok && i < COUNT; i++) {
        float want = activation_one_generic(f, x[i]);
        float alone = 0;

        level->activate(f, x + i, 1, &alone);
        ok = same(want, got[i], x[i]) && (memcmp(&alone, &got[i], sizeof(alone)) == 0);
        if (!ok)
            printf("# f(%a): want %a, got %a, alone %a\n", (double)x[i], (double)want,
                   (double)got[i], (double)alone);
    }
    level->activate(f, x, COUNT, x);
    ok = ok && memcmp(x, got, COUNT * sizeof(*x)) == 0;
    free(x);
    free(got);
    free(guard);
    return ok;
}

static bool pair_agrees(const struct kernels *level, enum kernels_pair f, size_t count)
{
    float *a = check_floats(count);
    float *b = check_floats(count);
    float *want = check_floats(count + CHECK_GUARD);
    float *got = check_copy(want, count + CHECK_GUARD);

    for (size_t i = 0; i < count; i++) {
        a[i] = f == KERNELS_POWER ? fabsf(a[i]) : a[i];
        b[i] = f == KERNELS_DIVIDE ? b[i] + 2000 : b[i];
    }
    kernels_get(CPU_GENERIC)->combine(f, a, b, count, want);
    level->combine(f, a, b, count, got);
    bool ok = check_bits(want, got, count + CHECK_GUARD);

    level->combine(f, a, b, count, a);
    ok = ok && check_bits(want, a, count);
    free(a);
    free(b);
    free(want);
    free(got);
    return ok;
}

void check_activation(void)
{
    for (size_t i = 0; i < check_n_levels; i++) {
        for (size_t f = 0; f < sizeof(functions) / sizeof(functions[0]); f++)
            for (size_t round = 0; round < 20; round++)
                if (!agrees(check_levels[i], &functions[f])) {
                    printf("# activation %s: function %d\n", cpu_name(check_levels[i]->cpu),
                           (int)functions[f].function);
                    check_failed[i] = true;
                    break;
                }
        for (int f = KERNELS_ADD; f <= KERNELS_PRELU; f++)
            for (size_t count = 0; count < 70; count++)
                if (!pair_agrees(check_levels[i], (enum kernels_pair)f, count)) {
                    printf("# pair %s: function %d of %zu\n", cpu_name(check_levels[i]->cpu), f,
                           count);
                    check_failed[i] = true;
                    break;
                }
    }
}
