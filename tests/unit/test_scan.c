#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/scan.h"

enum { DEPTH = 8 };

static struct scan start(const char *text)
{
    struct scan s;

    scan_init(&s, text, strlen(text), DEPTH);
    return s;
}

static int skip_all(const char *text, size_t len, struct error *err)
{
    struct scan s;

    scan_init(&s, text, len, DEPTH);
    int r = scan_skip(&s, err);

    return r ? r : scan_end(&s, err);
}

static void test_walks_objects_and_lists(void **state)
{
    struct scan s =
        start(" { \"a\" : [ 1 , 2 ] , \"b\":{},\"c\":[], \"d\":true,\"e\":\"x\" } ");
    struct scan_text key, text;
    int64_t i = 0;
    (void)state;

    assert_int_equal(scan_peek(&s), '{');
    assert_int_equal(scan_enter_object(&s, NULL), 0);
    assert_int_equal(scan_next_key(&s, &key, NULL), 1);
    assert_true(scan_equals(key, "a"));
    assert_int_equal(scan_peek(&s), '[');
    assert_int_equal(scan_enter_array(&s, NULL), 0);
    for (int64_t want = 1; want <= 2; want++) {
        assert_int_equal(scan_next_item(&s, NULL), 1);
        assert_int_equal(scan_integer(&s, &i, NULL), 0);
        assert_int_equal(i, want);
    }
    assert_int_equal(scan_next_item(&s, NULL), 0);
    assert_int_equal(scan_next_key(&s, &key, NULL), 1);
    assert_int_equal(scan_enter_object(&s, NULL), 0);
    assert_int_equal(scan_next_key(&s, &text, NULL), 0);
    assert_int_equal(scan_next_key(&s, &key, NULL), 1);
    assert_int_equal(scan_enter_array(&s, NULL), 0);
    assert_int_equal(scan_peek(&s), 0);
    assert_int_equal(scan_next_item(&s, NULL), 0);
    assert_int_equal(scan_next_key(&s, &key, NULL), 1);
    assert_int_equal(scan_peek(&s), 't');
    assert_int_equal(scan_skip(&s, NULL), 0);
    assert_int_equal(scan_next_key(&s, &key, NULL), 1);
    assert_true(scan_equals(key, "e"));
    assert_int_equal(scan_string(&s, &text, NULL), 0);
    assert_int_equal(text.len, 1);
    assert_int_equal(scan_next_key(&s, &key, NULL), 0);
    assert_int_equal(s.depth, 0);
    assert_int_equal(scan_end(&s, NULL), 0);
}

static void test_skips_what_is_json(void **state)
{
    static const char *const cases[] = {
        "0",
        "-1.5e+3",
        "true",
        "false",
        "null",
        "\"\"",
        "[]",
        "{}",
        " [ ] ",
        " { } ",
        "{\"a\":1,\"b\":[{\"c\":[]},{\"d\":{}}],\"e\":null}",
        "[[[[[[[[]]]]]]]]",
        "[{\"a\":[{\"b\":[{\"c\":[{}]}]}]}]",
        "\"\\u00e9\\n\\ud83d\\ude00\"",
        "[1,2,[3,{\"x\":4}],5]",
        "\"0123456\xc3\xa9 long enough for eight \xf0\x9f\x98\x80\x7f\"",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};

        if (skip_all(cases[i], strlen(cases[i]), &err) != 0)
            fail_msg("%s: %s", cases[i], err.text);
    }
}

static void test_says_what_is_wrong_where(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"",                    "the body is empty; expected a value"                          },
        {"  ",                  "expected a value, but the body ends at byte 2"                },
        {"[1,2",                "expected ',' or ']', but the body ends at byte 4"             },
        {"[1,]",                "expected a value at byte 3, found ']'"                        },
        {"[,1]",                "expected a value at byte 1, found ','"                        },
        {"[1 2]",               "expected ',' or ']' at byte 3, found '2'"                     },
        {"[1}",                 "expected ',' or ']' at byte 2, found '}'"                     },
        {"{\"a\":1]",           "expected ',' or '}' at byte 6, found ']'"                     },
        {"{\"a\":1,}",          "expected a key in quotes at byte 7, found '}'"                },
        {"{a:1}",               "expected a key in quotes at byte 1, found 'a'"                },
        {"{\"a\" 1}",           "expected ':' after the key at byte 5, found '1'"              },
        {"{\"a\":}",            "expected a value at byte 5, found '}'"                        },
        {"{\"a\":1}x",          "expected nothing more at byte 7, found 'x'"                   },
        {"[1]\x01",             "expected nothing more at byte 3, found the byte 0x01"         },
        {"tru",                 "expected a value at byte 0, found 'tru'"                      },
        {"[nul]",               "expected a value at byte 1, found 'nul'"                      },
        {"[NaN]",               "'NaN' at byte 1: values must be finite numbers"               },
        {"[-Infinity]",         "'-Infinity' at byte 1: values must be finite numbers"         },
        {"[01]",                "expected a JSON number at byte 1, found '01'"                 },
        {"[-]",                 "expected a JSON number at byte 1, found '-'"                  },
        {"-",                   "expected a JSON number at byte 0, found '-'"                  },
        {"\"abc",               "the string at byte 0 has no closing quote"                    },
        {"\"abc\\",             "the escape at byte 4 is none that JSON knows"                 },
        {"[\"\\x\"]",           "the escape at byte 2 is none that JSON knows"                 },
        {"\"\\ud800\"",         "the escape at byte 1 is none that JSON knows"                 },
        {"\"\\ud800\\u0041\"",  "the escape at byte 1 is none that JSON knows"                 },
        {"\"\\udc00\"",         "the escape at byte 1 is none that JSON knows"                 },
        {"\"\\u12g4\"",         "the escape at byte 1 is none that JSON knows"                 },
        {"\"\\u123",            "the escape at byte 1 is none that JSON knows"                 },
        {"\"a\nb\"",            "the control character 0x0a at byte 2 should be escaped"       },
        {"\"0123456789\xff\"",  "the byte 0xff at 11 is not UTF-8"                             },
        {"\"\xc3\"",            "the byte 0xc3 at 1 is not UTF-8"                              },
        {"\"\xed\xa0\x80\"",    "the byte 0xed at 1 is not UTF-8"                              },
        {"[[[[[[[[[1]]]]]]]]]", "byte 8 is nested deeper than 8 levels"                        },
        {"\xef\xbb\xbf[1]",     "the body starts with a byte order mark; JSON should have none"},
        {"\xff\xfe[",           "the body is UTF-16; JSON should be UTF-8"                     },
        {"\xfe\xff",            "the body is UTF-16; JSON should be UTF-8"                     },
        {"\x1f\x8b\x08",        "the body is gzip, but has no Content-Encoding that says so"   },
        {"\x89PNG\r\n",         "the body is a PNG; expected JSON, or Content-Type image/png"  },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};

        assert_int_equal(skip_all(cases[i].text, strlen(cases[i].text), &err), -EBADMSG);
        assert_string_equal(err.text, cases[i].want);
    }
}

static void test_utf16_without_a_mark(void **state)
{
    struct error err = {0};
    (void)state;

    assert_int_equal(skip_all("{\0\"\0}\0", 6, &err), -EBADMSG);
    assert_string_equal(err.text, "the body is UTF-16; JSON should be UTF-8");
    err = (struct error){0};
    assert_int_equal(skip_all("\0{\0}", 4, &err), -EBADMSG);
    assert_string_equal(err.text, "the body is UTF-16; JSON should be UTF-8");
}

static void test_equals_resolves_escapes(void **state)
{
    static const struct {
        const char *json, *text;
        bool want;
    } cases[] = {
        {"\"inputs\"",          "inputs",               true },
        {"\"\\u0069nputs\"",    "inputs",               true },
        {"\"input\"",           "inputs",               false},
        {"\"inputs2\"",         "inputs",               false},
        {"\"\"",                "",                     true },
        {"\"a\\/b\\\\\\\"\"",   "a/b\\\"",              true },
        {"\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t",           true },
        {"\"\\u00e9\\u20AC\"",  "\xc3\xa9\xe2\x82\xac", true },
        {"\"\\ud83d\\ude00\"",  "\xf0\x9f\x98\x80",     true },
        {"\"\\ud83d\\ude00\"",  "\xf0\x9f\x98\x81",     false},
        {"\"a\\u0000b\"",       "a",                    false},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scan s = start(cases[i].json);
        struct scan_text t;

        assert_int_equal(scan_string(&s, &t, NULL), 0);
        assert_int_equal(scan_equals(t, cases[i].text), cases[i].want);
    }
}

static void test_integers(void **state)
{
    static const struct {
        const char *text;
        int r;
        int64_t want;
    } cases[] = {
        {"0",                    0,        0        },
        {"-0",                   0,        0        },
        {"784",                  0,        784      },
        {"-1",                   0,        -1       },
        {"9223372036854775807",  0,        INT64_MAX},
        {"-9223372036854775808", 0,        INT64_MIN},
        {"9223372036854775808",  -EBADMSG, 0        },
        {"-9223372036854775809", -EBADMSG, 0        },
        {"99999999999999999999", -EBADMSG, 0        },
        {"1.0",                  -EBADMSG, 0        },
        {"1e3",                  -EBADMSG, 0        },
        {"007",                  -EBADMSG, 0        },
        {"\"1\"",                -EBADMSG, 0        },
        {"",                     -EBADMSG, 0        },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scan scan;
        struct error err = {0};
        int64_t got = 42;

        scan_init(&scan, cases[i].text, strlen(cases[i].text), 1);
        assert_int_equal(scan_integer(&scan, &got, &err), cases[i].r);
        assert_true(got == (cases[i].r ? 42 : cases[i].want));
        assert_int_equal(err.code, cases[i].r);
    }
}

static void test_shapes(void **state)
{
    static const struct {
        const char *text;
        struct scan_shape want;
        size_t n;
    } cases[] = {
        {"5",                               {0, {0}},                      1},
        {"[]",                              {1, {0}},                      0},
        {"[1,2,3]",                         {1, {3}},                      3},
        {"[ 1 , 2 , 3 ]",                   {1, {3}},                      3},
        {"[[1,2,3],[4,5,6]]",               {2, {2, 3}},                   6},
        {"[[],[]]",                         {2, {2, 0}},                   0},
        {"[[[1],[2]],[[3],[4]],[[5],[6]]]", {3, {3, 2, 1}},                6},
        {"[[[[[[[[7]]]]]]]]",               {8, {1, 1, 1, 1, 1, 1, 1, 1}}, 1},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scan s = start(cases[i].text);
        struct scan_shape shape;
        float out[6];
        size_t n;

        assert_int_equal(scan_floats(&s, out, 6, &n, &shape, NULL), 0);
        assert_int_equal(n, cases[i].n);
        assert_int_equal(shape.rank, cases[i].want.rank);
        for (size_t k = 0; k < shape.rank; k++)
            assert_int_equal(shape.dims[k], cases[i].want.dims[k]);
        for (size_t k = 0; k < n && n > 1; k++)
            assert_true(out[k] == (float)(k + 1));
        assert_int_equal(s.depth, 0);
        assert_int_equal(scan_end(&s, NULL), 0);
    }
}

static void test_refuses_what_is_no_tensor(void **state)
{
    static const struct {
        const char *text;
        int r;
        const char *want;
    } cases[] = {
        {"[[1,2],[3]]",         -EINVAL,
         "the list that ends at byte 10 has 1 values, the one before it 2; "
         "nested lists should all have one shape"                                               },
        {"[[1],[2,3]]",         -EINVAL,
         "the list that ends at byte 10 has 2 values, the one before it 1; "
         "nested lists should all have one shape"                                               },
        {"[[[1]],[[2],[3]]]",   -EINVAL,
         "the list that ends at byte 16 has 2 values, the one before it 1; "
         "nested lists should all have one shape"                                               },
        {"[1,[2]]",             -EINVAL,
         "byte 3: a list in more brackets than before it; "
         "nested lists should all have one shape"                                               },
        {"[[1],2]",             -EINVAL,
         "byte 5: a number in fewer brackets than before it; "
         "nested lists should all have one shape"                                               },
        {"[[],[[1]]]",          -EINVAL,
         "byte 5: a list in more brackets than before it; "
         "nested lists should all have one shape"                                               },
        {"[[[1]],[]]",          -EINVAL,
         "the list that ends at byte 9 has 0 values, the one before it 1; "
         "nested lists should all have one shape"                                               },
        {"[1,\"2\"]",           -EINVAL,  "expected a number at byte 3, found a string"         },
        {"[null]",              -EINVAL,  "expected a number at byte 1, found null"             },
        {"[true]",              -EINVAL,  "expected a number at byte 1, found a boolean"        },
        {"[{\"b64\":\"\"}]",    -EINVAL,  "expected a number at byte 1, found an object"        },
        {"[1,\"2]",             -EBADMSG, "the string at byte 3 has no closing quote"           },
        {"[1,2,3,4,5,6,7]",     -E2BIG,   "more than 6 numbers, at byte 13"                     },
        {"[NaN]",               -EBADMSG, "'NaN' at byte 1: values must be finite numbers"      },
        {"[1,-Infinity]",       -EBADMSG, "'-Infinity' at byte 3: values must be finite numbers"},
        {"[1,1e39]",            -EINVAL,
         "the number '1e39' at byte 3 is beyond the range of a 32-bit float"                    },
        {"[1,]",                -EBADMSG, "expected a value at byte 3, found ']'"               },
        {"[1",                  -EBADMSG, "expected ',' or ']', but the body ends at byte 2"    },
        {"[[[[[[[[[1]]]]]]]]]", -EINVAL,  "byte 8: lists of numbers nested in more than 8"      },
        {"",                    -EBADMSG, "the body is empty; expected a number"                },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scan s = start(cases[i].text);
        struct scan_shape shape;
        struct error err = {0};
        float out[6];
        size_t n = 42;

        assert_int_equal(scan_floats(&s, out, 6, &n, &shape, &err), cases[i].r);
        assert_string_equal(err.text, cases[i].want);
        assert_int_equal(err.code, cases[i].r);
        assert_int_equal(n, 42);
    }
}

/* Every prefix of a document is refused, and no byte behind its end is read: the copy ends
 * where the sanitizers' red zone begins. */
static void test_every_prefix_is_refused(void **state)
{
    static const char text[] = "{\"k\\n\xc3\xa9\":[1.5e3,-0.25,true,null,\"\\ud83d\\ude00\"]}";
    (void)state;

    for (size_t len = 0; len + 1 < sizeof(text); len++) {
        char *copy = malloc(len + (len == 0));

        assert_non_null(copy);
        memcpy(copy, text, len);
        assert_int_equal(skip_all(copy, len, NULL), -EBADMSG);
        free(copy);
    }
    assert_int_equal(skip_all(text, sizeof(text) - 1, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks_objects_and_lists),
        cmocka_unit_test(test_skips_what_is_json),
        cmocka_unit_test(test_says_what_is_wrong_where),
        cmocka_unit_test(test_utf16_without_a_mark),
        cmocka_unit_test(test_equals_resolves_escapes),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_refuses_what_is_no_tensor),
        cmocka_unit_test(test_every_prefix_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
