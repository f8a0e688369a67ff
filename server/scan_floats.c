#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "server/decimal.h"
#include "server/scan.h"
#include "server/scan_number.h"
#include "server/scan_repeat.h"

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

/* As scan_number(), wherever the text ends. */
static const char *last_number(const char *begin, const char *end, float *ret)
{
    size_t len = decimal_len(begin, end);

    if (len == 0)
        return NULL;
    *ret = decimal_float(begin, len);
    return isfinite(*ret) ? begin + len : NULL;
}

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
    return p < end && (*p == '-' || scan_is_digit(*p)) ? p : NULL;
}

/* Up to where scan_number() may begin: so far on, something follows that is no part of a
 * number. */
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

/* Takes numbers from *at on, as long as another follows, up to a zero: *zero is where that
 * began, and *at where the number behind it does, NULL if there is none. */
static int run(struct scan *s, bool list, const char *safe, struct sink *sink, const char **at,
               const char **zero, struct error *err)
{
    const char *end = s->end;
    const char *begin = *at, *p = begin;
    size_t n = sink->n;

    for (float value = 1; p && value != 0; p = list ? following(s->at, end) : NULL) {
        begin = p;
        const char *after = __builtin_expect(p < safe, true) ? scan_number(p, end, &value)
                                                             : last_number(p, end, &value);

        if (!after || n == sink->max) {
            s->at = p;
            return !after ? refuse(s, err) : too_many(s, sink, err);
        }
        sink->out[n++] = value;
        s->at = after;
    }
    sink->n = n;
    *zero = begin;
    *at = p;
    return 0;
}

/* Takes the numbers from here to what is none. */
static int numbers(struct scan *s, struct nest *nest, struct sink *sink, struct error *err)
{
    const char *end = s->end, *safe = safe_end(s->at, end), *next = s->at, *zero = next;
    const size_t before = sink->n;

    while (next) {
        int r = run(s, nest->level > 0, safe, sink, &next, &zero, err);

        if (r < 0)
            return r;
        if (!next)
            break;
        size_t period = (size_t)(next - zero);
        size_t times = scan_repeats(next, period, end, sink->max - sink->n);
        const float value = sink->out[sink->n - 1]; /* 0 or -0 */

        for (size_t i = 0; i < times; i++)
            sink->out[sink->n++] = value;
        next += times * period;
    }
    if (nest->level > 0)
        nest->counts[nest->level - 1] += sink->n - before;
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
