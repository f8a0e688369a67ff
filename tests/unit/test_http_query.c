#include "tests/unit/unit.h"

#include <stdio.h>

#include "server/http_query.h"

static void check(const char *query, const char *name, const char *want)
{
    char url[200];
    struct http_query q;

    (void)snprintf(url, sizeof(url), "/v2%s", query);
    http_query_hide(&q, url);
    assert_string_equal(url, *query ? "/v2?" : "/v2");
    for (int i = 0; i < 2; i++) {
        const char *value = http_query_find(&q, name);

        if (want)
            assert_string_equal(value, want);
        else
            assert_null(value);
    }
}

static void found(void **state)
{
    (void)state;
    check("?a=1", "a", "1");
    check("?a=1&b=2", "a", "1");
    check("?a=1&b=2", "b", "2");
    check("?&&b=2&&b=3&", "b", "2");
    check("?ab=1&b=2", "b", "2");
    check("?b&a=1", "b", "");
    check("?b=&a=1", "b", "");
    check("?a=1=2?3", "a", "1=2?3");
    check("?a=%31+x%26", "a", "1 x&");
}

static void not_found(void **state)
{
    (void)state;
    check("", "a", NULL);
    check("?", "a", NULL);
    check("?&", "a", NULL);
    check("?=1", "a", NULL);
    check("?ab=1", "a", NULL);
    check("?b=a", "a", NULL);
    check("?a", "ab", NULL);
}

static void long_value(void **state)
{
    (void)state;
    check("?a=0123456789012345678901234567890123456789012345678901234567890123456789", "a",
          "012345678901234567890123456789012345678901234567890123456789012");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),
        cmocka_unit_test(not_found),
        cmocka_unit_test(long_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
