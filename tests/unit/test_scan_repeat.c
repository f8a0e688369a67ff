#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/scan.h"
#include "server/scan_repeat.h"

static void test_how_often(void **state)
{
    static const struct {
        const char *text;
        size_t at, max, want;
    } cases[] = {
        {"0,0,0,0,0,0,0,0,0]",       2, 99, 7}, /* behind the last one, nothing follows */
        {"0,0,0,0,0,0,0,0,0,",       2, 99, 7},
        {"0,0,0,0,0,0,0,0,0,1",      2, 99, 7},
        {"0,0,0,0,0,0,0,0.5,0,0",    2, 99, 6},
        {"0,0,0,0,0,0,0,0,0]",       2, 3,  3},
        {"0,0,0,0,0,0,0,0,0]",       2, 0,  0},
        {"0,1,0,0,0,0,0,0,0]",       2, 99, 0},
        {"0.0, 0.0, 0.0, 0.0, 0.0]", 5, 99, 3},
        {"0,0",                      2, 99, 0}, /* too short to be worth a look */
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].text;

        assert_int_equal(
            scan_repeats(text + cases[i].at, cases[i].at, text + strlen(text), cases[i].max),
            cases[i].want);
    }
}

enum { ROW = 120, TEXT_MAX = 16 };

/* A few tokens with a few separators, in runs: the values are those of strtof() and as many as
 * there are, for each length of the text and each number of places to put them. */
static void test_runs(void **state)
{
    static const char *const tokens[] = {"0", "0.0", "-0", "0e5", "0.00", "0.5", "7", "-0.0"};
    static const char *const separators[] = {",", ", ", " ,", ",\n  "};
    static char text[ROW * TEXT_MAX];
    (void)state;

    for (int round = 0; round < 20000; round++) {
        float want[ROW], got[ROW];
        struct scan scan;
        struct scan_shape shape;
        size_t n = 1 + (size_t)rand() % ROW, max = (size_t)rand() % (ROW + 1), len = 1, found;
        const char *token = tokens[0], *separator = separators[0];

        text[0] = '[';
        for (size_t i = 0; i < n; i++) {
            if (rand() % 5 == 0)
                token = tokens[rand() % 8];
            if (rand() % 9 == 0)
                separator = separators[rand() % 4];
            want[i] = strtof(token, NULL);
            len += (size_t)sprintf(text + len, "%s%s", token, i + 1 < n ? separator : "]");
        }
        scan_init(&scan, text, len, 1);
        int r = scan_floats(&scan, got, max, &found, &shape, NULL);

        assert_int_equal(r, n > max ? -E2BIG : 0);
        if (r < 0)
            continue;
        assert_int_equal(found, n);
        assert_int_equal(shape.dims[0], n);
        assert_memory_equal(got, want, n * sizeof(float));
        assert_int_equal(scan_end(&scan, NULL), 0);
    }
}

/* What follows a run is looked at as closely as without it. */
static void test_what_ends_a_run(void **state)
{
    static const char *const ends[] = {",]",      ",,0]", "00]", ",00]", "x]",
                                       ",\"0\"]", ",0",   ",",   " 0]"};
    (void)state;

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        for (size_t run = 0; run < 40; run++) {
            char text[128] = "[0";
            float got[64];
            struct scan scan;
            struct scan_shape shape;
            size_t n;

            for (size_t k = 0; k < run; k++)
                (void)strcat(text, ",0");
            (void)strcat(text, ends[i]);
            scan_init(&scan, text, strlen(text), 1);
            assert_true(scan_floats(&scan, got, 64, &n, &shape, NULL) < 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_often),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_what_ends_a_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
