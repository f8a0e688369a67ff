#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "model/base64.h"

static void test_known_texts_both_ways(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
  /* RFC 4648, section 10 */
        {"",         ""        },
        {"f",        "Zg=="    },
        {"fo",       "Zm8="    },
        {"foo",      "Zm9v"    },
        {"foob",     "Zm9vYg=="},
        {"fooba",    "Zm9vYmE="},
        {"foobar",   "Zm9vYmFy"},
        {"\xfb\xff", "+/8="    },
        {"\xff\xe0", "/+A="    },
    };
    char text[16];
    char bytes[16];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n_bytes = strlen(cases[i].bytes);
        size_t n_text = strlen(cases[i].text);
        size_t n = 0;

        assert_int_equal(base64_encode(text, cases[i].bytes, n_bytes), n_text);
        assert_int_equal(BASE64_ENCODED(n_bytes), n_text);
        assert_memory_equal(text, cases[i].text, n_text);
        assert_int_equal(base64_decode(bytes, cases[i].text, n_text, &n), 0);
        assert_int_equal(n, n_bytes);
        assert_memory_equal(bytes, cases[i].bytes, n_bytes);
    }
}

static void test_every_byte_survives(void **state)
{
    unsigned char in[256];
    unsigned char back[BASE64_DECODED(BASE64_ENCODED(256))];
    char text[BASE64_ENCODED(256)];
    size_t n = 0;
    (void)state;

    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (unsigned char)i;
    assert_int_equal(base64_encode(text, in, sizeof(in)), sizeof(text));
    assert_int_equal(base64_decode(back, text, sizeof(text), &n), 0);
    assert_int_equal(n, sizeof(in));
    assert_memory_equal(back, in, sizeof(in));
}

static void test_refuses_what_is_not_base64(void **state)
{
    static const char *const cases[] = {
        "Z",    "Zg",     "Zg=",  "Zg===",    "====", "Z===",
        "=Zg=", "Zm9v\n", "Zm9-", "Zg==Zm9v", "Zh==", /* unused bits set */
        "Zm9=",
    };
    char bytes[16];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = 77;

        assert_int_equal(base64_decode(bytes, cases[i], strlen(cases[i]), &n), -EINVAL);
        assert_int_equal(n, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts_both_ways),
        cmocka_unit_test(test_every_byte_survives),
        cmocka_unit_test(test_refuses_what_is_not_base64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
