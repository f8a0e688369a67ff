#include "server/decimal.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t digits(const char *at, const char *end)
{
    size_t n = 0;

    while (at + n < end && at[n] >= '0' && at[n] <= '9')
        n++;
    return n;
}

size_t decimal_len(const char *at, const char *end)
{
    const char *p = at + (at < end && *at == '-');
    size_t n = digits(p, end);

    if (n == 0 || (n > 1 && *p == '0'))
        return 0;
    p += n;
    if (p < end && *p == '.') {
        n = digits(p + 1, end);
        if (n == 0)
            return 0;
        p += 1 + n;
    }
    if (p < end && (*p | 0x20) == 'e') {
        p += 1 + (end - p > 1 && (p[1] == '+' || p[1] == '-'));
        n = digits(p, end);
        if (n == 0)
            return 0;
        p += n;
    }
    return (size_t)(p - at);
}

enum {
    KEPT_MAX = 128,     /* digits; the midpoint of two floats has at most 113 */
    EXPONENT_MAX = 9999 /* with so few digits all beyond is zero or infinite */
};

/* The digits that count, as an integer times a power of ten. */
struct significand {
    char text[KEPT_MAX + 1];
    size_t n;
    int64_t exponent;
    bool more; /* digits other than 0 were left out */
};

static void add_digit(struct significand *d, char c)
{
    if (d->n == 0 && c == '0')
        return;
    if (d->n < KEPT_MAX) {
        d->text[d->n++] = c;
        return;
    }
    d->exponent++;
    d->more |= c != '0';
}

static int64_t exponent_of(const char *p, const char *end)
{
    const int64_t enough = INT64_C(1) << 50; /* no body has so many digits to outweigh it */
    bool negative = *p == '-';
    int64_t value = 0;

    for (p += *p == '-' || *p == '+'; p < end; p++)
        if (value < enough)
            value = value * 10 + (*p - '0');
    return negative ? -value : value;
}

float decimal_float(const char *at, size_t len)
{
    const char *end = at + len, *p = at + (*at == '-');
    struct significand d = {.n = 0};
    bool fraction = false;
    char text[KEPT_MAX + 16];

    for (; p < end && (*p | 0x20) != 'e'; p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        add_digit(&d, *p);
        d.exponent -= fraction;
    }
    if (p < end)
        d.exponent += exponent_of(p + 1, end);
    if (d.n == 0)
        return *at == '-' ? -0.0F : 0.0F;
    if (d.more) { /* beyond all midpoints it only matters that there is something */
        d.text[d.n++] = '1';
        d.exponent--;
    }
    if (d.exponent > EXPONENT_MAX)
        d.exponent = EXPONENT_MAX;
    if (d.exponent < -EXPONENT_MAX)
        d.exponent = -EXPONENT_MAX;
    /* No decimal point, so that no locale can matter. */
    (void)snprintf(text, sizeof(text), "%s%.*se%d", *at == '-' ? "-" : "", (int)d.n, d.text,
                   (int)d.exponent);
    return strtof(text, NULL);
}
