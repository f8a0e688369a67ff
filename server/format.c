#include "server/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "server/buf.h"

/* Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2021) for 32 bits: of
 * all decimals that read back as the float take the shortest, of those the nearest. With
 * v = c * 2^q it needs one power of ten, and no number of more than 96 bits. */

enum { POWER_MIN = -31, POWER_MAX = 45 };

/* 10^k, rounded up to 64 bits, scaled so that the highest is set. */
static const uint64_t powers[POWER_MAX - POWER_MIN + 1] = {
    0x81ceb32c4b43fcf5, 0xa2425ff75e14fc32, 0xcad2f7f5359a3b3f, 0xfd87b5f28300ca0e,
    0x9e74d1b791e07e49, 0xc612062576589ddb, 0xf79687aed3eec552, 0x9abe14cd44753b53,
    0xc16d9a0095928a28, 0xf1c90080baf72cb2, 0x971da05074da7bef, 0xbce5086492111aeb,
    0xec1e4a7db69561a6, 0x9392ee8e921d5d08, 0xb877aa3236a4b44a, 0xe69594bec44de15c,
    0x901d7cf73ab0acda, 0xb424dc35095cd810, 0xe12e13424bb40e14, 0x8cbccc096f5088cc,
    0xafebff0bcb24aaff, 0xdbe6fecebdedd5bf, 0x89705f4136b4a598, 0xabcc77118461cefd,
    0xd6bf94d5e57a42bd, 0x8637bd05af6c69b6, 0xa7c5ac471b478424, 0xd1b71758e219652c,
    0x83126e978d4fdf3c, 0xa3d70a3d70a3d70b, 0xcccccccccccccccd, 0x8000000000000000,
    0xa000000000000000, 0xc800000000000000, 0xfa00000000000000, 0x9c40000000000000,
    0xc350000000000000, 0xf424000000000000, 0x9896800000000000, 0xbebc200000000000,
    0xee6b280000000000, 0x9502f90000000000, 0xba43b74000000000, 0xe8d4a51000000000,
    0x9184e72a00000000, 0xb5e620f480000000, 0xe35fa931a0000000, 0x8e1bc9bf04000000,
    0xb1a2bc2ec5000000, 0xde0b6b3a76400000, 0x8ac7230489e80000, 0xad78ebc5ac620000,
    0xd8d726b7177a8000, 0x878678326eac9000, 0xa968163f0a57b400, 0xd3c21bcecceda100,
    0x84595161401484a0, 0xa56fa5b99019a5c8, 0xcecb8f27f4200f3a, 0x813f3978f8940985,
    0xa18f07d736b90be6, 0xc9f2c9cd04674edf, 0xfc6f7c4045812297, 0x9dc5ada82b70b59e,
    0xc5371912364ce306, 0xf684df56c3e01bc7, 0x9a130b963a6c115d, 0xc097ce7bc90715b4,
    0xf0bdc21abb48db21, 0x96769950b50d88f5, 0xbc143fa4e250eb32, 0xeb194f8e1ae525fe,
    0x92efd1b8d0cf37bf, 0xb7abc627050305ae, 0xe596b7b0c643c71a, 0x8f7e32ce7bea5c70,
    0xb35dbf821ae4f38c,
};

/* floor(log10(2^e)), floor(log10(3/4 * 2^e)) and floor(log2(10^e)), for all e that occur. */
static int log10_pow2(int e)
{
    return (e * 1262611) >> 22;
}

static int log10_three_quarters_pow2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

static int log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

/* The upper 32 bits of factor * x / 2^32, the last of them set if anything was cut off. */
static uint32_t multiply_sticky(uint64_t factor, uint32_t x)
{
    uint64_t low = (factor & 0xffffffff) * x;
    uint64_t sum = (factor >> 32) * x + (low >> 32);

    return (uint32_t)(sum >> 32) | ((uint32_t)sum > 1);
}

struct decimal {
    uint32_t digits;
    int exponent;
};

/* The shortest decimal of c * 2^q. `narrow`: the next lower float is half as far as the next
 * higher one. */
static struct decimal shortest(uint32_t c, int q, bool narrow)
{
    int k = narrow ? log10_three_quarters_pow2(q) : log10_pow2(q);
    unsigned h = (unsigned)(q + log2_pow10(-k) + 1);
    uint64_t factor = powers[-k - POWER_MIN];
    uint32_t odd = c & 1; /* the bounds themselves only read back as an even c */

    /* The float and the bounds of what reads back as it, in quarters of 10^k. */
    uint32_t lower = multiply_sticky(factor, (4 * c - 2 + narrow) << h) + odd;
    uint32_t middle = multiply_sticky(factor, (4 * c) << h);
    uint32_t upper = multiply_sticky(factor, (4 * c + 2) << h) - odd;
    uint32_t s = middle / 4;

    if (s >= 10) { /* one digit less? */
        uint32_t tens = s / 10;
        bool down = lower <= 40 * tens;
        bool up = 40 * tens + 40 <= upper;

        if (down != up)
            return (struct decimal){tens + up, k + 1};
    }
    bool down = lower <= 4 * s;
    bool up = 4 * s + 4 <= upper;

    if (down == up)
        up = middle > 4 * s + 2 || (middle == 4 * s + 2 && (s & 1));
    return (struct decimal){s + up, k};
}

/* Writes the digits of `n`, which has `len` of them. */
static void put_digits(char *out, size_t len, uint32_t n)
{
    while (len > 0) {
        out[--len] = (char)('0' + n % 10);
        n /= 10;
    }
}

static size_t count_digits(uint32_t n)
{
    size_t len = 1;

    while (n >= 10) {
        n /= 10;
        len++;
    }
    return len;
}

/* digits * 10^exponent as people write it: plain from 0.0001 to 16 digits, else with an
 * exponent of at least two digits. */
static size_t put_decimal(char *out, struct decimal d)
{
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    size_t len = count_digits(d.digits);
    int point = (int)len + d.exponent; /* the digits before the decimal point */

    if (point > 16 || point < -3) {
        unsigned exponent = (unsigned)(point > 0 ? point - 1 : 1 - point);
        size_t at = len > 1 ? len + 1 : 1;

        put_digits(out + (len > 1), len, d.digits);
        if (len > 1) {
            out[0] = out[1];
            out[1] = '.';
        }
        out[at++] = 'e';
        out[at++] = point > 0 ? '+' : '-';
        put_digits(out + at, 2, exponent);
        return at + 2;
    }
    if (point <= 0) {
        memset(out, '0', (size_t)(2 - point));
        out[1] = '.';
        put_digits(out + 2 - point, len, d.digits);
        return len + (size_t)(2 - point);
    }
    if (d.exponent >= 0) {
        put_digits(out, len, d.digits);
        memset(out + len, '0', (size_t)d.exponent);
        return len + (size_t)d.exponent;
    }
    put_digits(out + 1, len, d.digits);
    memmove(out, out + 1, (size_t)point);
    out[point] = '.';
    return len + 1;
}

size_t format_float(char *out, float value)
{
    uint32_t bits;
    size_t sign = 0;

    memcpy(&bits, &value, sizeof(bits));
    uint32_t fraction = bits & 0x7fffff;
    int exponent = (int)(bits >> 23 & 0xff);

    if (bits >> 31)
        out[sign++] = '-';
    if (exponent == 0 && fraction == 0) {
        out[sign] = '0';
        return sign + 1;
    }
    uint32_t c = exponent ? fraction | 0x800000 : fraction;
    int q = (exponent ? exponent : 1) - 150;
    bool narrow = fraction == 0 && exponent > 1;

    /* An integer is exact, and all its digits count. */
    if (q <= 0 && q > -24 && (c & ((UINT32_C(1) << -q) - 1)) == 0)
        return sign + put_decimal(out + sign, (struct decimal){c >> -q, 0});
    return sign + put_decimal(out + sign, shortest(c, q, narrow));
}

int format_floats(struct buf *out, const float *values, size_t n)
{
    int r = buf_reserve(out, n * (FORMAT_FLOAT_MAX + 1) + 2);

    if (r < 0)
        return r;
    char *p = out->data + out->len;

    *p++ = '[';
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            *p++ = ',';
        p += format_float(p, values[i]);
    }
    *p++ = ']';
    out->len = (size_t)(p - out->data);
    return 0;
}
