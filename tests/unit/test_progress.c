#include "tests/unit/unit.h"

#include <string.h>

#include "server/progress.h"

enum { LINE = 200 };

static void test_the_line(void **state)
{
    static const struct {
        size_t done, total;
        double seconds;
        const char *want;
    } cases[] = {
        {0,   300,  0,  "x [                              ] 0 / 300  0/s  0:00 left"                                                                },
        {10,  300,  1,  "x [█                             ] 10 / 300  10/s  0:29 left"                                                            },
        {150, 300,  30, "x [███████████████               ] 150 / 300  5/s  0:30 left"                                },
        {155, 300,  10, "x [███████████████▌              ] 155 / 300  16/s  0:09 left"                             },
        {300, 300,  3,  "x [██████████████████████████████] 300 / 300  100/s  0:00 left"},
        {5,   5000, 5,  "x [                              ] 5 / 5000  1/s  83:15 left"                                                              },
        {0,   0,    1,  "x [██████████████████████████████] 0 / 0  0/s  0:00 left"      },
    };
    char line[LINE];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct progress p = {.what = "x", .done = cases[i].done, .total = cases[i].total};

        progress_line(&p, cases[i].seconds, line, sizeof(line));
        assert_string_equal(line, cases[i].want);
    }
}

static void test_short_room(void **state)
{
    const struct progress p = {.what = "evaluating", .done = 5, .total = 10};
    char line[12];
    (void)state;

    progress_line(&p, 1, line, sizeof(line));
    assert_string_equal(line, "evaluating ");
}

static void test_counts_without_a_terminal(void **state)
{
    struct progress p;
    (void)state;

    progress_start(&p, "testing", 3);
    progress_add(&p, 1);
    progress_add(&p, 2);
    assert_int_equal(p.done, 3);
    assert_true(progress_end(&p) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_line),
        cmocka_unit_test(test_short_room),
        cmocka_unit_test(test_counts_without_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
