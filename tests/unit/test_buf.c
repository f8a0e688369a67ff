#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "server/buf.h"

static void test_grows_to_its_limit_and_no_further(void **state)
{
    struct buf b = BUF(5);
    (void)state;

    assert_int_equal(buf_append(&b, "abc", 3), 0);
    assert_int_equal(buf_append(&b, "def", 3), -E2BIG);
    assert_int_equal(buf_append(&b, "de", 2), 0);
    assert_memory_equal(b.data, "abcde", 5);
    assert_int_equal(buf_append(&b, "", 0), 0);
    buf_clear(&b);
    assert_int_equal(b.limit, 5);
}

static void test_prints_long_text(void **state)
{
    struct buf b = BUF(1000);
    (void)state;

    assert_int_equal(buf_print(&b, "%0500d", 7), 0);
    assert_int_equal(b.len, 500);
    assert_int_equal(b.data[499], '7');
    assert_int_equal(buf_print(&b, "%0500d", 7), -E2BIG); /* its NUL would not fit */
    buf_clear(&b);
}

static void test_json_strings_are_legal(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"plain",                "\"plain\""                       },
        {"q\"b\\n\n\x01",        "\"q\\\"b\\\\n\\u000a\\u0001\""   },
        {"\xc3\xa9\xe2\x82\xac", "\"\xc3\xa9\xe2\x82\xac\""        },
        {"\xf0\x9f\x98\x80",     "\"\xf0\x9f\x98\x80\""            },
        {"\xc3",                 "\"\\ufffd\""                     },
        {"\xc0\xaf",             "\"\\ufffd\\ufffd\""              },
        {"\xed\xa0\x80",         "\"\\ufffd\\ufffd\\ufffd\""       },
        {"\xf4\x90\x80\x80",     "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
    };
    struct buf b = BUF(1000);
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buf_reset(&b);
        assert_int_equal(buf_json_string(&b, cases[i].text, strlen(cases[i].text)), 0);
        assert_int_equal(b.len, strlen(cases[i].want));
        assert_memory_equal(b.data, cases[i].want, b.len);
    }
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_to_its_limit_and_no_further),
        cmocka_unit_test(test_prints_long_text),
        cmocka_unit_test(test_json_strings_are_legal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
