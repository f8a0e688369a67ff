#include "tests/unit/unit.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/scan.h"

static uint64_t state = 88172645463325252;

static uint64_t any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static uint64_t below(uint64_t n)
{
    return any() % n;
}

static float any_float(void)
{
    for (;;) {
        uint32_t bits = (uint32_t)any();
        float f;

        memcpy(&f, &bits, sizeof(f));
        if (isfinite(f))
            return f;
    }
}

static double unit(void)
{
    return (double)(any() >> 11) * 0x1p-53;
}

enum { TEXT_MAX = 400 };

/* Each style writes a random number as clients of that kind do. */
static void style_byte(char *out)
{
    (void)snprintf(out, TEXT_MAX, "%d", (int)below(256));
}

static void style_integer(char *out)
{
    (void)snprintf(out, TEXT_MAX, "%s%llu", below(2) ? "-" : "",
                   (unsigned long long)(any() >> below(64)));
}

static void style_fixed(char *out)
{
    (void)snprintf(out, TEXT_MAX, "%.*f", (int)below(20),
                   (unit() - 0.5) * (below(2) ? 2 : 1000));
}

static void style_general(char *out)
{
    double v = below(2) ? unit() : (double)any_float();

    (void)snprintf(out, TEXT_MAX, "%.*g", (int)(1 + below(25)), v);
}

static void style_python(char *out)
{
    (void)snprintf(out, TEXT_MAX, "%.17g", below(2) ? unit() : (double)(float)unit());
}

static void style_grey(char *out)
{
    (void)snprintf(out, TEXT_MAX, "%.*g", (int)(below(2) ? 17 : 9),
                   (double)((float)below(256) / 255.0F));
}

static void style_exponent(char *out)
{
    (void)snprintf(out, TEXT_MAX, "%.*e", (int)below(25), (double)any_float());
    if (below(2))
        *strchr(out, 'e') = 'E';
}

static void style_shortest(char *out)
{
    float f = below(2) ? any_float() : (float)unit();

    for (int digits = 1; digits <= 9; digits++) {
        (void)snprintf(out, TEXT_MAX, "%.*g", digits, (double)f);
        if (strtof(out, NULL) == f)
            return;
    }
}

static void style_denormal(char *out)
{
    (void)snprintf(out, TEXT_MAX, "%.*e", (int)below(40),
                   ldexp(unit(), -(int)(125 + below(28))));
}

static void style_digits(char *out)
{
    size_t whole = 1 + below(30), fraction = below(40), n = 0;

    for (size_t i = 0; i < whole; i++)
        out[n++] = (char)('0' + below(10));
    if (out[0] == '0')
        n = 1;
    if (fraction > 0)
        out[n++] = '.';
    for (size_t i = 0; i < fraction; i++)
        out[n++] = (char)('0' + (below(3) ? below(10) : 0));
    out[n] = '\0';
    if (below(3) == 0)
        (void)sprintf(out + n, "e%+d", (int)below(80) - 60);
}

/* Between two floats, at the very middle or next to it in the last of many digits. */
static void style_midpoint(char *out)
{
    float f = below(2) ? any_float() : (float)unit() * 255;
    double middle = ((double)f + (double)nextafterf(f, 0)) / 2;

    (void)snprintf(out, TEXT_MAX, "%.150e", middle);
    char *e = strchr(out, 'e');
    char tail[8];

    (void)strcpy(tail, e);
    switch (below(4)) {
    case 0: /* a hair above */
        (void)sprintf(e, "1%s", tail);
        break;
    case 1: { /* a hair below */
        char *p = e - 1;

        while (*p == '0')
            *p-- = '9';
        if (*p != '.')
            --*p;
        break;
    }
    case 2: /* as a double prints it: 17 digits, maybe on the other side */
        (void)snprintf(out, TEXT_MAX, "%.*g", (int)(15 + below(6)), middle);
        break;
    default:
        break;
    }
}

static const struct {
    const char *name;
    void (*write)(char *out);
    size_t count;
} styles[] = {
    {"bytes",     style_byte,     40000 },
    {"integers",  style_integer,  100000},
    {"%.nf",      style_fixed,    150000},
    {"%.ng",      style_general,  150000},
    {"%.17g",     style_python,   150000},
    {"grey/255",  style_grey,     50000 },
    {"%.ne",      style_exponent, 100000},
    {"shortest",  style_shortest, 100000},
    {"denormals", style_denormal, 60000 },
    {"digits",    style_digits,   150000},
    {"midpoints", style_midpoint, 100000},
};

static uint32_t bits_of(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof(bits));
    return bits;
}

/* More than a million numbers in all the styles have the very bits that strtof() gives. */
static void test_every_number_is_that_of_strtof(void **ignored)
{
    size_t total = 0;
    (void)ignored;

    for (size_t s = 0; s < sizeof(styles) / sizeof(styles[0]); s++)
        for (size_t i = 0; i < styles[s].count; i++) {
            char text[TEXT_MAX];
            struct scan scan;
            struct scan_shape shape;
            float got = 0, want;
            size_t n;

            styles[s].write(text);
            want = strtof(text, NULL);
            if (i % 16) /* else the number is the end of the text */
                (void)strcat(text, "\n");
            scan_init(&scan, text, strlen(text), 1);
            int r = scan_floats(&scan, &got, 1, &n, &shape, NULL);

            if (isfinite(want) ? r != 0 || bits_of(got) != bits_of(want) : r != -EINVAL)
                fail_msg("%s: %s is %a (%d), should be %a", styles[s].name, text, (double)got,
                         r, (double)want);
            total++;
        }
    assert_true(total > 1000000);
}

/* The same numbers side by side, so that what follows a number is not always the end. */
static void test_rows_of_numbers(void **ignored)
{
    static const char *const separators[] = {",", ", ", " ,", "\n,\r\n\t"};
    enum { ROW = 100 };
    static char text[ROW * (TEXT_MAX + 8)];
    float want[ROW], got[ROW];
    (void)ignored;

    for (int round = 0; round < 2000; round++) {
        struct scan scan;
        struct scan_shape shape;
        size_t len = 0, n = 0;

        text[len++] = '[';
        while (n < ROW) {
            styles[below(sizeof(styles) / sizeof(styles[0]))].write(text + len);
            want[n] = strtof(text + len, NULL);
            if (!isfinite(want[n]))
                continue;
            len += strlen(text + len);
            if (++n < ROW)
                len += (size_t)sprintf(text + len, "%s", separators[below(4)]);
        }
        text[len++] = ']';
        scan_init(&scan, text, len, 1);
        assert_int_equal(scan_floats(&scan, got, ROW, &n, &shape, NULL), 0);
        assert_int_equal(n, ROW);
        assert_int_equal(shape.rank, 1);
        assert_int_equal(shape.dims[0], ROW);
        assert_int_equal(scan_end(&scan, NULL), 0);
        assert_memory_equal(got, want, sizeof(want));
    }
}

static void test_any_number_of_digits(void **ignored)
{
    enum { DIGITS = 1000000 };
    static const char middle[] = "1.000000059604644775390625";
    char *text = malloc(DIGITS + 32);
    struct scan scan;
    struct scan_shape shape;
    float got;
    size_t n;
    (void)ignored;

    /* 1.000..0 with the exponent that undoes the digits */
    assert_non_null(text);
    memset(text, '0', DIGITS);
    text[0] = '3';
    size_t len = DIGITS + (size_t)sprintf(text + DIGITS, "e-%d", DIGITS - 1);

    scan_init(&scan, text, len, 1);
    assert_int_equal(scan_floats(&scan, &got, 1, &n, &shape, NULL), 0);
    assert_true(got == 3);

    /* the midpoint of 1 and the next float, and a 1 a million digits later */
    memset(text, '0', DIGITS);
    for (size_t i = 0; middle[i]; i++)
        text[i] = middle[i];
    scan_init(&scan, text, DIGITS, 1);
    assert_int_equal(scan_floats(&scan, &got, 1, &n, &shape, NULL), 0);
    assert_true(got == 1);
    text[DIGITS - 1] = '1';
    scan_init(&scan, text, DIGITS, 1);
    assert_int_equal(scan_floats(&scan, &got, 1, &n, &shape, NULL), 0);
    assert_true(got == 1 + FLT_EPSILON);

    /* 1e-200000 with an exponent that more than makes up for it, then one that does not */
    memset(text, '0', 200002);
    text[1] = '.';
    text[200001] = '1';
    len = 200002 + (size_t)sprintf(text + 200002, "e2000000 ");
    scan_init(&scan, text, len, 1);
    assert_int_equal(scan_floats(&scan, &got, 1, &n, &shape, NULL), -EINVAL);
    len = 200002 + (size_t)sprintf(text + 200002, "e200001 ");
    scan_init(&scan, text, len, 1);
    assert_int_equal(scan_floats(&scan, &got, 1, &n, &shape, NULL), 0);
    assert_true(got == 10);
    free(text);
}

static void test_the_edges_of_the_range(void **ignored)
{
    static const struct {
        const char *text;
        int r;
        float want;
    } cases[] = {
        {"0",                                       0,       0        },
        {"-0",                                      0,       -0.0F    },
        {"0.0e-99999999999999999",                  0,       0        },
        {"0e99999999999999999999",                  0,       0        },
        {"1e-46",                                   0,       0        },
        {"-1e-999999999999999999",                  0,       -0.0F    },
        {"1e-45",                                   0,       0x1p-149F},
        {"3.4028235e38",                            0,       FLT_MAX  },
        {"340282356779733661637539395458142568447", 0,       FLT_MAX  }, /* below the midpoint */
        {"340282356779733661637539395458142568448", -EINVAL, 0        },
        {"3.4028236e38",                            -EINVAL, 0        },
        {"-3.4028236e38",                           -EINVAL, 0        },
        {"1e39",                                    -EINVAL, 0        },
        {"1e999999999999999999999",                 -EINVAL, 0        },
        {"1e300",                                   -EINVAL, 0        },
    };
    (void)ignored;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scan scan;
        struct scan_shape shape;
        struct error err = {0};
        float got = 0;
        size_t n;

        scan_init(&scan, cases[i].text, strlen(cases[i].text), 1);
        assert_int_equal(scan_floats(&scan, &got, 1, &n, &shape, &err), cases[i].r);
        if (cases[i].r == 0)
            assert_int_equal(bits_of(got), bits_of(cases[i].want));
        else
            assert_non_null(strstr(err.text, "beyond the range of a 32-bit float"));
    }
}

static void test_what_is_no_json_number(void **ignored)
{
    static const char *const cases[] = {
        "+1",        ".5",  "1.",   "-",     "01",  "-01",   "1e",  "1e+",
        "1.e5",      "-.5", "0x10", "1_000", "--1", "1.5.2", "NaN", "Infinity",
        "-Infinity", "nan", "inf",  "1e5.5", "1 2", "١",
    };
    (void)ignored;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scan scan;
        struct scan_shape shape;
        struct error err = {0};
        float got = 0;
        size_t n;

        scan_init(&scan, cases[i], strlen(cases[i]), 1);
        int r = scan_floats(&scan, &got, 1, &n, &shape, &err);

        if (r == 0)
            r = scan_end(&scan, &err);
        assert_int_equal(r, -EBADMSG);
        assert_int_equal(err.code, -EBADMSG);

        /* scan_skip() draws the line in the same place */
        scan_init(&scan, cases[i], strlen(cases[i]), 1);
        r = scan_skip(&scan, NULL);
        assert_int_equal(r ? r : scan_end(&scan, NULL), -EBADMSG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number_is_that_of_strtof),
        cmocka_unit_test(test_rows_of_numbers),
        cmocka_unit_test(test_any_number_of_digits),
        cmocka_unit_test(test_the_edges_of_the_range),
        cmocka_unit_test(test_what_is_no_json_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
