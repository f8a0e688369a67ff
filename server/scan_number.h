#ifndef SERVER_SCAN_NUMBER_H
#define SERVER_SCAN_NUMBER_H

/* One number of JSON text as a float: the inside of scan_floats(), which wants it inlined. */

#include <endian.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "server/decimal.h"

enum {
    SCAN_EXACT_DIGITS = 19, /* decimal digits that always fit 64 bits */
    SCAN_FLOAT_DIGITS = 7,  /* decimal digits of integers that a float holds exactly */
    SCAN_EXACT_POWER = 22,  /* the greatest power of ten that a double holds exactly */
};

/* The value of eight digits, each byte 0..9, the first in the lowest byte. */
static inline uint64_t scan_eight(uint64_t x)
{
    x = x * 10 + (x >> 8);
    return ((x & 0x000000ff000000ff) * 0x000f424000000064 +
            (x >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >>
           32;
}

static inline bool scan_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Appends the digits at `p`, behind which something else comes before `end`, to *mantissa,
 * modulo 2^64. Returns what follows them. Branches are cheaper here than arithmetic that spares
 * them, because the next number can be guessed to begin where this one is guessed to end. */
static inline const char *scan_digits(const char *p, const char *end, uint64_t *mantissa)
{
    uint64_t m = *mantissa;

    while (end - p >= 8) {
        uint64_t x;

        memcpy(&x, p, 8);
        x = le64toh(x) ^ 0x3030303030303030;
        if (((x + 0x0606060606060606) | x) & 0xf0f0f0f0f0f0f0f0)
            break; /* not all of them are digits */
        m = m * 100000000 + scan_eight(x);
        p += 8;
    }
    for (; scan_is_digit(*p); p++)
        m = m * 10 + (uint64_t)(*p - '0');
    *mantissa = m;
    return p;
}

/* The explicit exponent behind an 'e', added to *exponent; so large that no number of digits
 * can make up for it, it need not be exact. Returns what follows, NULL if there are no digits.
 */
static const char *scan_exponent(const char *p, int64_t *exponent)
{
    const int64_t enough = INT64_C(1) << 50;
    bool negative = *p == '-';
    int64_t value = 0;

    p += *p == '-' || *p == '+';
    const char *first = p;

    for (; scan_is_digit(*p); p++)
        if (value < enough)
            value = value * 10 + (*p - '0');
    *exponent += negative ? -value : value;
    return p > first ? p : NULL;
}

/* Whether text[0..len-1], digits and at most one point, has few enough digits after its leading
 * zeroes for the mantissa to be exact. */
static inline bool scan_is_exact(const char *text, size_t len)
{
    size_t zeroes = 0;

    if (*text != '0')
        return len <= SCAN_EXACT_DIGITS ||
               (len == SCAN_EXACT_DIGITS + 1 && memchr(text, '.', len));
    if (len <= SCAN_EXACT_DIGITS + 2) /* "0." */
        return true;
    while (zeroes < len && (text[zeroes] == '0' || text[zeroes] == '.'))
        zeroes++;
    return len - zeroes <= SCAN_EXACT_DIGITS;
}

static const double scan_powers[SCAN_EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The double as the nearest float. It is off by little from what was written, which matters
 * only where it lies so near the midpoint of two floats that this second rounding could go the
 * wrong way: then returns false. */
static inline bool scan_round_again(double value, float *ret)
{
    const uint64_t below_float = (UINT64_C(1) << 29) - 1, midpoint = UINT64_C(1) << 28;
    const uint64_t slack = 8; /* units of the double's last place; the true error is under 3 */
    uint64_t bits;

    memcpy(&bits, &value, 8);
    *ret = (float)value;
    return (bits & below_float) - (midpoint - slack) > 2 * slack;
}

/* Small numbers in two steps; not those where floats get sparse. */
static inline bool scan_quick_small(uint64_t mantissa, int64_t exponent, float *ret)
{
    if (exponent > 0 || exponent < -2 * SCAN_EXACT_POWER)
        return false;
    double value = (double)mantissa / scan_powers[SCAN_EXACT_POWER] /
                   scan_powers[-exponent - SCAN_EXACT_POWER];

    return value >= (double)FLT_MIN && scan_round_again(value, ret);
}

/* mantissa * 10^exponent as the nearest float, in few operations; false if these cannot tell.
 */
static inline bool scan_quick(uint64_t mantissa, int64_t exponent, float *ret)
{
    if (exponent < -SCAN_EXACT_POWER || exponent > SCAN_EXACT_POWER)
        return scan_quick_small(mantissa, exponent, ret);
    if (exponent < 0)
        return scan_round_again((double)mantissa / scan_powers[-exponent], ret);
    return scan_round_again((double)mantissa * scan_powers[exponent], ret);
}

/* The float of a number that begins at `begin`, its digits at `first`; they end at `last`, it
 * ends at `end`. */
static inline float scan_nearest(const char *begin, const char *first, const char *last,
                                 const char *end, uint64_t mantissa, int64_t exponent)
{
    float value;

    if (scan_is_exact(first, (size_t)(last - first)) && scan_quick(mantissa, exponent, &value))
        return first > begin ? -value : value;
    return decimal_float(begin, (size_t)(end - begin));
}

/* Reads one JSON number, of which the byte before `end` is no part. Returns what follows it;
 * NULL if it is none or not finite as a float, which refuse() then explains. */
static inline const char *scan_number(const char *begin, const char *end, float *ret)
{
    const char *first = begin;
    uint64_t mantissa = 0;
    int64_t exponent = 0;

    if (__builtin_expect(*first == '-', false))
        first++;
    const char *p = first;

    while (scan_is_digit(*p))
        mantissa = mantissa * 10 + (uint64_t)(*p++ - '0');
    if (p == first || (*first == '0' && p - first > 1))
        return NULL;
    if (*p == ',' && p - first <= SCAN_FLOAT_DIGITS) {
        *ret = (float)(int32_t)mantissa;
        *ret = first > begin ? -*ret : *ret;
        return p;
    }
    if (*p == '.') {
        const char *fraction = p + 1;

        p = scan_digits(fraction, end, &mantissa);
        if (p == fraction)
            return NULL;
        exponent = fraction - p;
    }
    const char *last = p;

    if ((*p | 0x20) == 'e') {
        p = scan_exponent(p + 1, &exponent);
        if (!p)
            return NULL;
    }
    *ret = scan_nearest(begin, first, last, p, mantissa, exponent);
    return isfinite(*ret) ? p : NULL;
}

#endif
