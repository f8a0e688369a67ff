#include "tests/unit/unit.h"

#include <stdint.h>
#include <string.h>

#include "model/arena.h"

static void test_memory_is_zeroed_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 5000, 16000, 16384, 100000, 3};
    struct arena a = {0};
    unsigned char *parts[sizeof(sizes) / sizeof(sizes[0])];
    (void)state;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        parts[i] = arena_alloc(&a, sizes[i], 1);
        assert_non_null(parts[i]);
        assert_int_equal((uintptr_t)parts[i] % 64, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(parts[i][k], 0);
        memset(parts[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(parts[i][k], i + 1);
    assert_true(a.allocated > 137000);
    arena_finish(&a);
    assert_null(a.blocks);
    assert_int_equal(a.allocated, 0);
    arena_finish(&a);
}

static void test_what_cannot_be_is_null(void **state)
{
    struct arena a = {0};
    (void)state;

    assert_null(arena_alloc(&a, SIZE_MAX, 2));
    assert_null(arena_alloc(&a, SIZE_MAX / 2, 2));
    assert_null(arena_alloc(&a, SIZE_MAX - 10, 1));
    assert_non_null(arena_alloc(&a, 1, 1));
    arena_finish(&a);
}

static void test_prints(void **state)
{
    struct arena a = {0};
    char *text = arena_print(&a, "%s%05d", "x", 42);
    (void)state;

    assert_string_equal(text, "x00042");
    assert_string_equal(arena_print(&a, "%s", ""), "");
    assert_int_equal(strlen(arena_print(&a, "%20000d", 1)), 20000);
    assert_string_equal(text, "x00042");
    arena_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(test_what_cannot_be_is_null),
        cmocka_unit_test(test_prints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
