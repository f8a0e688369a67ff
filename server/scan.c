#include "server/scan.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "model/error.h"
#include "server/decimal.h"

void scan_init(struct scan *s, const char *text, size_t len, size_t depth_max)
{
    if (len == 0)
        text = ""; /* there may be none */
    *s = (struct scan){
        .at = text,
        .end = text + len,
        .begin = text,
        .depth_max = depth_max < SCAN_DEPTH_MAX ? depth_max : SCAN_DEPTH_MAX,
    };
}

static void skip_space(struct scan *s)
{
    while (s->at < s->end &&
           (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
}

/* Bodies that are not JSON at all deserve to be told apart; NULL if it is none of these. */
static const char *foreign(const struct scan *s)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } starts[] = {
        {"\xef\xbb\xbf", 3, "the body starts with a byte order mark; JSON should have none"},
        {"\xfe\xff",     2, "the body is UTF-16; JSON should be UTF-8"                     },
        {"\xff\xfe",     2, "the body is UTF-16; JSON should be UTF-8"                     },
        {"\0{",          2, "the body is UTF-16; JSON should be UTF-8"                     },
        {"{\0",          2, "the body is UTF-16; JSON should be UTF-8"                     },
        {"\x1f\x8b",     2, "the body is gzip, but has no Content-Encoding that says so"   },
        {"\x89PNG",      4, "the body is a PNG; expected JSON, or Content-Type image/png"  },
    };
    size_t len = (size_t)(s->end - s->begin);

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (s->at <= s->begin + 1 && len >= starts[i].len &&
            memcmp(s->begin, starts[i].bytes, starts[i].len) == 0)
            return starts[i].text;
    return NULL;
}

enum { WORD_MAX = 12 };

/* The word, number or single sign at `at`, for people to read. */
static void word_copy(const char *at, const char *end, char ret[WORD_MAX + 1])
{
    size_t n = 0;

    while (at + n < end && n < WORD_MAX &&
           (isalnum((unsigned char)at[n]) || at[n] == '-' || at[n] == '+' || at[n] == '.')) {
        ret[n] = at[n];
        n++;
    }
    if (n == 0 && at < end && isprint((unsigned char)*at))
        ret[n++] = *at;
    ret[n] = '\0';
}

static bool is_not_finite(const char *word)
{
    word += *word == '-' || *word == '+';
    return strncasecmp(word, "nan", 3) == 0 || strncasecmp(word, "inf", 3) == 0;
}

int scan_expected(const struct scan *s, const char *what, struct error *err)
{
    size_t byte = (size_t)(s->at - s->begin);
    const char *known = foreign(s);
    char word[WORD_MAX + 1];

    if (known)
        return error_set(err, -EBADMSG, "%s", known);
    if (s->begin == s->end)
        return error_set(err, -EBADMSG, "the body is empty; expected %s", what);
    if (s->at >= s->end)
        return error_set(err, -EBADMSG, "expected %s, but the body ends at byte %zu", what,
                         byte);
    word_copy(s->at, s->end, word);
    if (is_not_finite(word))
        return error_set(err, -EBADMSG, "'%s' at byte %zu: values must be finite numbers", word,
                         byte);
    if (!*word)
        return error_set(err, -EBADMSG, "expected %s at byte %zu, found the byte 0x%02x", what,
                         byte, (unsigned char)*s->at);
    return error_set(err, -EBADMSG, "expected %s at byte %zu, found '%s'", what, byte, word);
}

char scan_peek(struct scan *s)
{
    skip_space(s);
    if (s->at >= s->end)
        return 0;
    switch (*s->at) {
    case '{':
    case '[':
    case '"':
    case 't':
    case 'f':
    case 'n':
        return *s->at;
    case '-':
        return '0';
    default:
        return *s->at >= '0' && *s->at <= '9' ? '0' : 0;
    }
}

static int enter(struct scan *s, char bracket, const char *what, struct error *err)
{
    if (scan_peek(s) != bracket)
        return scan_expected(s, what, err);
    if (s->depth >= s->depth_max)
        return error_set(err, -EBADMSG, "byte %zu is nested deeper than %zu levels",
                         (size_t)(s->at - s->begin), s->depth_max);
    s->at++;
    s->depth++;
    s->entered = true;
    return 0;
}

/* What stands before the next member: 1 if it is there, 0 if the bracket closes. */
static int next(struct scan *s, char bracket, const char *what, struct error *err)
{
    bool first = s->entered;

    s->entered = false;
    skip_space(s);
    if (s->at < s->end && *s->at == bracket) {
        s->at++;
        s->depth--;
        return 0;
    }
    if (first)
        return 1;
    if (s->at >= s->end || *s->at != ',')
        return scan_expected(s, what, err);
    s->at++;
    return 1;
}

int scan_enter_object(struct scan *s, struct error *err)
{
    return enter(s, '{', "a JSON object", err);
}

int scan_next_key(struct scan *s, struct scan_text *ret, struct error *err)
{
    struct scan_text key;
    int r = next(s, '}', "',' or '}'", err);

    if (r != 1)
        return r;
    if (scan_peek(s) != '"')
        return scan_expected(s, "a key in quotes", err);
    r = scan_string(s, &key, err);
    if (r < 0)
        return r;
    skip_space(s);
    if (s->at >= s->end || *s->at != ':')
        return scan_expected(s, "':' after the key", err);
    s->at++;
    if (scan_peek(s) == 0)
        return scan_expected(s, "a value", err);
    *ret = key;
    return 1;
}

int scan_enter_array(struct scan *s, struct error *err)
{
    return enter(s, '[', "a list", err);
}

int scan_next_item(struct scan *s, struct error *err)
{
    int r = next(s, ']', "',' or ']'", err);

    if (r == 1 && scan_peek(s) == 0)
        return scan_expected(s, "a value", err);
    return r;
}

/* One of the words true, false, null; the one that its first letter promises. */
static int word(struct scan *s, const char *text, struct error *err)
{
    size_t len = strlen(text);

    if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0)
        return scan_expected(s, "a value", err);
    s->at += len;
    return 0;
}

int scan_integer(struct scan *s, int64_t *ret, struct error *err)
{
    if (scan_peek(s) != '0')
        return scan_expected(s, "an integer", err);
    size_t byte = (size_t)(s->at - s->begin);
    size_t len = decimal_len(s->at, s->end);
    bool negative = *s->at == '-', fits = true;
    int64_t value = 0;

    if (len == 0)
        return scan_expected(s, "a JSON number", err);
    for (size_t i = negative; i < len; i++) {
        char c = s->at[i];

        if (c < '0' || c > '9')
            return error_set(err, -EBADMSG,
                             "the number at byte %zu should be an integer, without point or "
                             "exponent",
                             byte);
        fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_sub_overflow(value, c - '0', &value);
    }
    if (!fits || (!negative && value == INT64_MIN))
        return error_set(err, -EBADMSG, "the integer at byte %zu needs more than 64 bits",
                         byte);
    s->at += len;
    *ret = negative ? value : -value;
    return 0;
}

int scan_boolean(struct scan *s, bool *ret, struct error *err)
{
    char kind = scan_peek(s);

    if (kind != 't' && kind != 'f')
        return scan_expected(s, "true or false", err);
    *ret = kind == 't';
    return word(s, *ret ? "true" : "false", err);
}

static int skip_number(struct scan *s, struct error *err)
{
    size_t len = decimal_len(s->at, s->end);

    if (len == 0)
        return scan_expected(s, "a JSON number", err);
    s->at += len;
    return 0;
}

/* A value without members, or the opening bracket of one that has some. */
static int skip_one(struct scan *s, struct error *err)
{
    struct scan_text ignored;

    switch (scan_peek(s)) {
    case '{':
        return scan_enter_object(s, err);
    case '[':
        return scan_enter_array(s, err);
    case '"':
        return scan_string(s, &ignored, err);
    case 't':
        return word(s, "true", err);
    case 'f':
        return word(s, "false", err);
    case 'n':
        return word(s, "null", err);
    case '0':
        return skip_number(s, err);
    default:
        return scan_expected(s, "a value", err);
    }
}

int scan_skip(struct scan *s, struct error *err)
{
    uint64_t objects[SCAN_DEPTH_MAX / 64 + 1] = {0}; /* which of the open brackets are '{' */
    size_t outside = s->depth;
    struct scan_text key;
    int r;

    do {
        char kind = scan_peek(s);

        r = skip_one(s, err);
        if (r == 0 && kind == '{')
            objects[s->depth / 64] |= UINT64_C(1) << s->depth % 64;
        else if (r == 0 && kind == '[')
            objects[s->depth / 64] &= ~(UINT64_C(1) << s->depth % 64);
        while (r == 0 && s->depth > outside) {
            bool inside_object = objects[s->depth / 64] >> s->depth % 64 & 1;

            r = inside_object ? scan_next_key(s, &key, err) : scan_next_item(s, err);
            if (r != 0)
                break;
        }
    } while (r == 1);
    return r;
}

int scan_end(struct scan *s, struct error *err)
{
    skip_space(s);
    return s->at < s->end ? scan_expected(s, "nothing more", err) : 0;
}
