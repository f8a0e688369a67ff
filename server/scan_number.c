#include "server/scan.h"

#include <endian.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "server/decimal.h"

enum {
    EXACT_DIGITS = 19, /* decimal digits that always fit 64 bits */
    FLOAT_DIGITS = 7,  /* decimal digits of integers that a float holds exactly */
    EXACT_POWER = 22,  /* the greatest power of ten that a double holds exactly */
};

/* The value of eight digits, each byte 0..9, the first in the lowest byte. */
static inline uint64_t eight(uint64_t x)
{
    x = x * 10 + (x >> 8);
    return ((x & 0x000000ff000000ff) * 0x000f424000000064 +
            (x >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >>
           32;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Appends the digits at `p`, behind which something else comes before `end`, to *mantissa,
 * modulo 2^64. Returns what follows them. Branches are cheaper here than arithmetic that spares
 * them, because the next number can be guessed to begin where this one is guessed to end. */
static inline const char *digits(const char *p, const char *end, uint64_t *mantissa)
{
    uint64_t m = *mantissa;

    while (end - p >= 8) {
        uint64_t x;

        memcpy(&x, p, 8);
        x = le64toh(x) ^ 0x3030303030303030;
        if (((x + 0x0606060606060606) | x) & 0xf0f0f0f0f0f0f0f0)
            break; /* not all of them are digits */
        m = m * 100000000 + eight(x);
        p += 8;
    }
    for (; is_digit(*p); p++)
        m = m * 10 + (uint64_t)(*p - '0');
    *mantissa = m;
    return p;
}

/* The explicit exponent behind an 'e', added to *exponent; so large that no number of digits
 * can make up for it, it need not be exact. Returns what follows, NULL if there are no digits.
 */
static const char *exponent_part(const char *p, int64_t *exponent)
{
    const int64_t enough = INT64_C(1) << 50;
    bool negative = *p == '-';
    int64_t value = 0;

    p += *p == '-' || *p == '+';
    const char *first = p;

    for (; is_digit(*p); p++)
        if (value < enough)
            value = value * 10 + (*p - '0');
    *exponent += negative ? -value : value;
    return p > first ? p : NULL;
}

/* Whether text[0..len-1], digits and at most one point, has few enough digits after its leading
 * zeroes for the mantissa to be exact. */
static inline bool is_exact(const char *text, size_t len)
{
    size_t zeroes = 0;

    if (*text != '0')
        return len <= EXACT_DIGITS || (len == EXACT_DIGITS + 1 && memchr(text, '.', len));
    if (len <= EXACT_DIGITS + 2) /* "0." */
        return true;
    while (zeroes < len && (text[zeroes] == '0' || text[zeroes] == '.'))
        zeroes++;
    return len - zeroes <= EXACT_DIGITS;
}

static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The double as the nearest float. It is off by little from what was written, which matters
 * only where it lies so near the midpoint of two floats that this second rounding could go the
 * wrong way: then returns false. */
static inline bool round_again(double value, float *ret)
{
    const uint64_t below_float = (UINT64_C(1) << 29) - 1, midpoint = UINT64_C(1) << 28;
    const uint64_t slack = 8; /* units of the double's last place; the true error is under 3 */
    uint64_t bits;

    memcpy(&bits, &value, 8);
    *ret = (float)value;
    return (bits & below_float) - (midpoint - slack) > 2 * slack;
}

/* Small numbers in two steps; not those where floats get sparse. */
static bool quick_small(uint64_t mantissa, int64_t exponent, float *ret)
{
    if (exponent > 0 || exponent < -2 * EXACT_POWER)
        return false;
    double value = (double)mantissa / powers[EXACT_POWER] / powers[-exponent - EXACT_POWER];

    return value >= (double)FLT_MIN && round_again(value, ret);
}

/* mantissa * 10^exponent as the nearest float, in few operations; false if these cannot tell.
 */
static inline bool quick(uint64_t mantissa, int64_t exponent, float *ret)
{
    if (exponent < -EXACT_POWER || exponent > EXACT_POWER)
        return quick_small(mantissa, exponent, ret);
    if (exponent < 0)
        return round_again((double)mantissa / powers[-exponent], ret);
    return round_again((double)mantissa * powers[exponent], ret);
}

/* The float of a number that begins at `begin`, its digits at `first`; they end at `last`, it
 * ends at `end`. */
static inline float nearest(const char *begin, const char *first, const char *last,
                            const char *end, uint64_t mantissa, int64_t exponent)
{
    float value;

    if (is_exact(first, (size_t)(last - first)) && quick(mantissa, exponent, &value))
        return first > begin ? -value : value;
    return decimal_float(begin, (size_t)(end - begin));
}

/* Reads one JSON number, of which the byte before `end` is no part. Returns what follows it;
 * NULL if it is none or not finite as a float, which refuse() then explains. */
static inline const char *number(const char *begin, const char *end, float *ret)
{
    const char *first = begin;
    uint64_t mantissa = 0;
    int64_t exponent = 0;

    if (__builtin_expect(*first == '-', false))
        first++;
    const char *p = first;

    while (is_digit(*p))
        mantissa = mantissa * 10 + (uint64_t)(*p++ - '0');
    if (p == first || (*first == '0' && p - first > 1))
        return NULL;
    if (*p == ',' && p - first <= FLOAT_DIGITS) {
        *ret = (float)(int32_t)mantissa;
        *ret = first > begin ? -*ret : *ret;
        return p;
    }
    if (*p == '.') {
        const char *fraction = p + 1;

        p = digits(fraction, end, &mantissa);
        if (p == fraction)
            return NULL;
        exponent = fraction - p;
    }
    const char *last = p;

    if ((*p | 0x20) == 'e') {
        p = exponent_part(p + 1, &exponent);
        if (!p)
            return NULL;
    }
    *ret = nearest(begin, first, last, p, mantissa, exponent);
    return isfinite(*ret) ? p : NULL;
}

/* The same wherever the text ends. */
static const char *last_number(const char *begin, const char *end, float *ret)
{
    size_t len = decimal_len(begin, end);

    if (len == 0)
        return NULL;
    *ret = decimal_float(begin, len);
    return isfinite(*ret) ? begin + len : NULL;
}

/* The arrays that scan_floats() is inside of. */
struct nest {
    size_t level;                    /* how many are open */
    size_t counts[SCAN_RANK_MAX];    /* values so far in each of them */
    bool closed_once[SCAN_RANK_MAX]; /* shape.dims[] is known: one such array has ended */
    bool rank_known;
    struct scan_shape shape;
};

struct sink {
    float *out;
    size_t n, max;
};

static int ragged(const struct scan *s, const char *found, struct error *err)
{
    return error_set(err, -EINVAL,
                     "byte %zu: %s than before it; nested lists should all have one shape",
                     (size_t)(s->at - s->begin), found);
}

static int refuse(const struct scan *s, struct error *err)
{
    size_t byte = (size_t)(s->at - s->begin);
    size_t len = decimal_len(s->at, s->end);

    if (len == 0)
        return scan_expected(s, "a JSON number", err);
    return error_set(err, -EINVAL,
                     "the number '%.*s%s' at byte %zu is beyond the range of a 32-bit float",
                     len > 24 ? 24 : (int)len, s->at, len > 24 ? ".." : "", byte);
}

static inline bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* From behind a number to the number after the comma; NULL if something else comes first. */
static inline const char *following(const char *p, const char *end)
{
    while (p < end && is_space(*p))
        p++;
    if (p >= end || *p != ',')
        return NULL;
    p++;
    while (p < end && is_space(*p))
        p++;
    return p < end && (*p == '-' || is_digit(*p)) ? p : NULL;
}

/* Up to where number() may begin: so far on, something follows that is no part of a number. */
static const char *safe_end(const char *at, const char *end)
{
    enum { LOOK_MAX = 64 }; /* bytes, so that a tail of megabytes costs nothing per row */
    const char *stop = end - at > LOOK_MAX ? end - LOOK_MAX : at;

    for (const char *p = end; p > stop; p--)
        if (p[-1] == ']' || p[-1] == '}' || p[-1] == ',' || is_space(p[-1]))
            return p;
    return at;
}

static int too_many(const struct scan *s, const struct sink *sink, struct error *err)
{
    return error_set(err, -E2BIG, "more than %zu numbers, at byte %zu", sink->max,
                     (size_t)(s->at - s->begin));
}

static int take_boolean(struct scan *s, struct nest *nest, struct sink *sink, struct error *err)
{
    bool value = false;

    if (sink->n == sink->max)
        return too_many(s, sink, err);
    int r = scan_boolean(s, &value, err);

    sink->out[sink->n++] = value;
    if (nest->level > 0)
        nest->counts[nest->level - 1]++;
    return r;
}

/* Takes the numbers from here to what is none. */
static int numbers(struct scan *s, struct nest *nest, struct sink *sink, struct error *err)
{
    const char *end = s->end, *safe = safe_end(s->at, end);
    size_t n = sink->n;

    for (const char *p = s->at; p; p = nest->level > 0 ? following(s->at, end) : NULL) {
        float value;
        const char *after = __builtin_expect(p < safe, true) ? number(p, end, &value)
                                                             : last_number(p, end, &value);

        if (!after || n == sink->max) {
            s->at = p;
            return !after ? refuse(s, err) : too_many(s, sink, err);
        }
        sink->out[n++] = value;
        s->at = after;
    }
    if (nest->level > 0)
        nest->counts[nest->level - 1] += n - sink->n;
    sink->n = n;
    return 0;
}

/* One number, or as many as follow each other. */
static int values(struct scan *s, struct nest *nest, struct sink *sink, bool booleans,
                  struct error *err)
{
    if (nest->rank_known && nest->level != nest->shape.rank)
        return ragged(s, "a number in fewer brackets", err);
    nest->shape.rank = nest->level;
    nest->rank_known = true;
    return booleans ? take_boolean(s, nest, sink, err) : numbers(s, nest, sink, err);
}

static int open_list(struct scan *s, struct nest *nest, struct error *err)
{
    if (nest->level == SCAN_RANK_MAX)
        return error_set(err, -EINVAL, "byte %zu: lists of numbers nested in more than %d",
                         (size_t)(s->at - s->begin), SCAN_RANK_MAX);
    if (nest->rank_known && nest->level == nest->shape.rank)
        return ragged(s, "a list in more brackets", err);
    int r = scan_enter_array(s, err);

    if (r < 0)
        return r;
    if (nest->level > 0)
        nest->counts[nest->level - 1]++;
    nest->counts[nest->level++] = 0;
    return 0;
}

static int close_list(const struct scan *s, struct nest *nest, struct error *err)
{
    size_t level = --nest->level;
    size_t count = nest->counts[level];

    if (!nest->rank_known) { /* an empty list is as deep as it looks */
        nest->shape.rank = level + 1;
        nest->rank_known = true;
    }
    if (nest->closed_once[level] && nest->shape.dims[level] != count)
        return error_set(
            err, -EINVAL,
            "the list that ends at byte %zu has %zu values, the one before it %zu; "
            "nested lists should all have one shape",
            (size_t)(s->at - s->begin), count, nest->shape.dims[level]);
    nest->shape.dims[level] = count;
    nest->closed_once[level] = true;
    return 0;
}

/* A value where a number or a list of them should be: taken, or opened if it is a list. */
static int one(struct scan *s, struct nest *nest, struct sink *sink, struct error *err)
{
    char kind = scan_peek(s);
    bool boolean = kind == 't' || kind == 'f';
    const char *found = boolean ? "a boolean" : kind == '"' ? "a string" : "null";

    if (kind == '0' || (boolean && s->booleans))
        return values(s, nest, sink, boolean, err);
    if (kind == '[')
        return open_list(s, nest, err);
    if (kind == 0)
        return scan_expected(s, "a number", err);
    if (kind == '{')
        found = "an object";
    size_t byte = (size_t)(s->at - s->begin);
    int r = scan_skip(s, err); /* worse than not being a number is not being JSON */

    return r ? r
             : error_set(err, -EINVAL, "expected a number at byte %zu, found %s", byte, found);
}

int scan_floats(struct scan *s, float *out, size_t max, size_t *ret_n, struct scan_shape *ret,
                struct error *err)
{
    struct nest nest = {.level = 0};
    struct sink sink = {.max = max};
    int r;

    sink.out = out;
    do {
        r = one(s, &nest, &sink, err);
        while (r == 0 && nest.level > 0) {
            r = scan_next_item(s, err);
            if (r != 0)
                break;
            r = close_list(s, &nest, err);
        }
    } while (r == 1);
    if (r == 0) {
        *ret_n = sink.n;
        *ret = nest.shape;
    }
    return r;
}
