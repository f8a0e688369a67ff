#include "tests/unit/unit.h"

#include <math.h>

#include "model/cpu.h"
#include "model/kernels.h"

static void test_every_level_has_kernels(void **state)
{
    (void)state;
    for (int level = CPU_GENERIC; level <= CPU_NEON; level++) {
        const struct kernels *k = kernels_get((enum cpu_level)level);

        assert_non_null(k);
        assert_true(k->cpu <= (enum cpu_level)level);
    }
    assert_int_equal(kernels_get(cpu_detect())->cpu,
                     cpu_detect() == CPU_X86_64_VNNI ? CPU_X86_64_V4 : cpu_detect());
}

static void test_softmax_is_a_distribution(void **state)
{
    const float logits[2][3] = {
        {1,     2, 3    },
        {-3.5F, 0, 1e-3F}
    };
    float p[2][3];

    (void)state;
    kernels_softmax(logits[0], 2, 3, 1, p[0]);
    for (size_t i = 0; i < 2; i++)
        assert_float_equal(p[i][0] + p[i][1] + p[i][2], 1, 1e-6F);
    assert_float_equal(p[0][2], 0.66524096F, 1e-7F);
}

static void test_softmax_does_not_overflow(void **state)
{
    const float logits[] = {1e30F, -1e30F, 1e30F};
    float p[3];

    (void)state;
    kernels_softmax(logits, 1, 3, 1, p);
    assert_float_equal(p[0], 0.5F, 0);
    assert_float_equal(p[1], 0, 0);
    assert_float_equal(p[2], 0.5F, 0);
}

static void test_temperature_flattens(void **state)
{
    const float logits[] = {0, 4};
    float sharp[2];
    float flat[2];

    (void)state;
    kernels_softmax(logits, 1, 2, 1, sharp);
    kernels_softmax(logits, 1, 2, 2, flat);
    assert_true(flat[1] < sharp[1]);
    assert_float_equal(flat[1], 1 / (1 + expf(-2)), 1e-7F);
}

static void test_sigmoid_takes_each_by_itself(void **state)
{
    const float logits[] = {0, 2, -1e30F, 1e30F};
    float p[4];

    (void)state;
    kernels_sigmoid(logits, 4, 1, p);
    assert_float_equal(p[0], 0.5F, 0);
    assert_float_equal(p[1], 0.88079708F, 1e-7F);
    assert_float_equal(p[2], 0, 0);
    assert_float_equal(p[3], 1, 0);
    kernels_sigmoid(logits, 2, 2, p);
    assert_float_equal(p[1], 1 / (1 + expf(-1)), 1e-7F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_level_has_kernels),
        cmocka_unit_test(test_softmax_is_a_distribution),
        cmocka_unit_test(test_softmax_does_not_overflow),
        cmocka_unit_test(test_temperature_flattens),
        cmocka_unit_test(test_sigmoid_takes_each_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
