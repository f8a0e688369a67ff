#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "model/cpu.h"
#include "model/error.h"

static void test_auto_is_what_is_detected(void **state)
{
    enum cpu_level level = CPU_NEON;

    (void)state;
    assert_int_equal(cpu_parse("auto", &level, NULL), 0);
    assert_int_equal(level, cpu_detect());
}

static void test_names_are_read_back(void **state)
{
    const enum cpu_level levels[] = {CPU_GENERIC, cpu_detect()};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        enum cpu_level level = CPU_NEON;

        assert_int_equal(cpu_parse(cpu_name(levels[i]), &level, NULL), 0);
        assert_int_equal(level, levels[i]);
    }
}

static void test_unknown_name_is_refused_with_those_known(void **state)
{
    enum cpu_level level = CPU_GENERIC;
    struct error err = {0};

    (void)state;
    assert_int_equal(cpu_parse("x86-64-v9", &level, &err), -EINVAL);
    assert_non_null(strstr(err.text, "'x86-64-v9'"));
    assert_non_null(strstr(err.text, "auto, generic"));
    assert_non_null(strstr(err.text, cpu_name(cpu_detect())));
}

static void test_level_of_another_architecture_is_refused(void **state)
{
    const char *other = cpu_detect() == CPU_NEON ? "x86-64-v2" : "neon";
    enum cpu_level level = CPU_GENERIC;
    struct error err = {0};

    (void)state;
    assert_int_equal(cpu_parse(other, &level, &err), -EINVAL);
    assert_int_equal(level, CPU_GENERIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto_is_what_is_detected),
        cmocka_unit_test(test_names_are_read_back),
        cmocka_unit_test(test_unknown_name_is_refused_with_those_known),
        cmocka_unit_test(test_level_of_another_architecture_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
