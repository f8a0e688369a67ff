#include "tests/unit/unit.h"

#include <string.h>

#include "server/histogram.h"

static void bounds_are_inclusive(void **state)
{
    (void)state;
    struct histogram h = {0};
    struct histogram_sum sum = {0};

    histogram_add(&h, 0);
    histogram_add(&h, 10000);
    histogram_add(&h, 10001);
    histogram_add(&h, 10000000000);
    histogram_add(&h, 10000000001);
    histogram_collect(&h, &sum);
    assert_int_equal(sum.counts[0], 2);
    assert_int_equal(sum.counts[1], 1);
    assert_int_equal(sum.counts[HISTOGRAM_BOUNDS - 1], 1);
    assert_int_equal(sum.counts[HISTOGRAM_BOUNDS], 1);
    assert_int_equal(histogram_count(&sum), 5);
    assert_int_equal(sum.sum_ns, 20000020002);
}

static void text_is_cumulative(void **state)
{
    (void)state;
    struct histogram h[2] = {0};
    struct histogram_sum sum = {0};
    struct buf out = BUF(1 << 16);

    histogram_add(&h[0], 15000);
    histogram_add(&h[1], 15000);
    histogram_add(&h[1], 20000000000);
    histogram_collect(&h[0], &sum);
    histogram_collect(&h[1], &sum);
    assert_int_equal(histogram_write(&sum, "x", "a=\"1\"", &out), 0);
    assert_int_equal(buf_append(&out, "", 1), 0);
    assert_non_null(strstr(out.data, "x_bucket{a=\"1\",le=\"1e-05\"} 0\n"));
    assert_non_null(strstr(out.data, "x_bucket{a=\"1\",le=\"2e-05\"} 2\n"));
    assert_non_null(strstr(out.data, "x_bucket{a=\"1\",le=\"10\"} 2\n"));
    assert_non_null(strstr(out.data, "x_bucket{a=\"1\",le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(out.data, "x_sum{a=\"1\"} 20.000030000\n"));
    assert_non_null(strstr(out.data, "x_count{a=\"1\"} 3\n"));
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_inclusive),
        cmocka_unit_test(text_is_cumulative),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
