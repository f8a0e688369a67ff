#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/decimal.h"
#include "server/format.h"

static const struct {
    float value;
    const char *want;
} texts[] = {
    {0.0F,           "0"               },
    {-0.0F,          "-0"              },
    {1.0F,           "1"               },
    {3.0F,           "3"               },
    {-2.5F,          "-2.5"            },
    {0.1F,           "0.1"             },
    {0.998F,         "0.998"           },
    {1e-4F,          "0.0001"          },
    {1e-5F,          "1e-05"           },
    {1e-7F,          "1e-07"           },
    {6.1035156e-05F, "6.1035156e-05"   },
    {1234567.0F,     "1234567"         },
    {16777216.0F,    "16777216"        },
    {1e10F,          "10000000000"     },
    {1e15F,          "1000000000000000"},
    {1e16F,          "1e+16"           },
    {3.4028235e38F,  "3.4028235e+38"   },
    {1.1754944e-38F, "1.1754944e-38"   },
    {0x1p-149F,      "1e-45"           },
    {255.99998F,     "255.99998"       },
    {0.00012345678F, "0.00012345678"   },
};

static void test_texts(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char out[FORMAT_FLOAT_MAX + 1];
        size_t len = format_float(out, texts[i].value);

        assert_in_range(len, 1, FORMAT_FLOAT_MAX);
        out[len] = '\0';
        assert_string_equal(out, texts[i].want);
    }
}

/* The digits that count: without sign, point, exponent, and zeroes at either end. */
static size_t significant(const char *text)
{
    size_t n = 0, zeroes = 0;

    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n + zeroes == 0 && *text == '0'))
            continue;
        zeroes = *text == '0' ? zeroes + 1 : 0;
        n++;
    }
    return n - zeroes;
}

/* Reads back as the same float, is legal, has no more digits than any decimal that reads back,
 * and is the nearest of its length. */
static void check(float value)
{
    char out[FORMAT_FLOAT_MAX + 1], rounded[40];
    size_t len = format_float(out, value);
    float back, shorter;

    assert_true(len <= FORMAT_FLOAT_MAX);
    out[len] = '\0';
    back = strtof(out, NULL);
    if (back != value || signbit(back) != signbit(value) || decimal_len(out, out + len) != len)
        fail_msg("%a is written %s", (double)value, out);
    int digits = (int)significant(out);

    if (digits == 0)
        return;
    if (digits > 1) {
        (void)sprintf(rounded, "%.*e", digits - 2, (double)value);
        shorter = strtof(rounded, NULL);
        if (shorter == value)
            fail_msg("%a is written %s, but %s would do", (double)value, out, rounded);
    }
    (void)sprintf(rounded, "%.*e", digits - 1, (double)value);
    if (strtof(rounded, NULL) == value && strtod(rounded, NULL) != strtod(out, NULL) &&
        fabs(strtod(rounded, NULL) - (double)value) < fabs(strtod(out, NULL) - (double)value))
        fail_msg("%a is written %s, but %s is nearer", (double)value, out, rounded);
}

static float from_bits(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

/* Every exponent, with the significands where rounding changes its ways and many others. */
static void test_every_exponent(void **state)
{
    (void)state;

    for (uint32_t exponent = 0; exponent < 255; exponent++) {
        for (uint32_t i = 0; i < 24; i++) {
            check(from_bits(exponent << 23 | (UINT32_C(1) << i & 0x7fffff)));
            check(from_bits(exponent << 23 | ((UINT32_C(1) << i) - 1)));
            check(from_bits(exponent << 23 | (0x7fffff & ~(UINT32_C(1) << i))));
        }
        for (uint32_t i = 0; i < 1500; i++)
            check(from_bits(exponent << 23 | (i * 2654435761U >> 9)));
    }
}

static void test_random_bits(void **state)
{
    uint64_t x = 42;
    (void)state;

    for (int i = 0; i < 1000000; i++) {
        x = x * 6364136223846793005 + 1442695040888963407;
        uint32_t bits = (uint32_t)(x >> 32);

        if ((bits >> 23 & 0xff) != 0xff)
            check(from_bits(bits));
    }
}

/* Probabilities are what is written most. */
static void test_between_zero_and_one(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < 200000; i++)
        check((float)i / 200000.0F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_every_exponent),
        cmocka_unit_test(test_random_bits),
        cmocka_unit_test(test_between_zero_and_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
