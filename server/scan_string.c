#include "server/scan.h"

#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "server/utf8.h"

/* How many of the bytes at `at` are plain: printable ASCII that is neither quote nor backslash.
 * Eight at a time, since a key may be a megabyte long. */
static size_t plain_len(const char *at, const char *end)
{
    const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    size_t n = 0;

    for (; (size_t)(end - at) - n >= 8; n += 8) {
        uint64_t x;

        memcpy(&x, at + n, 8);
        uint64_t quote = x ^ ones * '"', backslash = x ^ ones * '\\';

        /* A byte's high bit is set if it is below 0x20, a quote or a backslash; borrows may set
         * it elsewhere too, which only sends the bytes to the loop below. */
        if (((x - ones * 0x20) | (quote - ones) | (backslash - ones) | x) & highs)
            break;
    }
    while (at + n < end && (signed char)at[n] >= 0x20 && at[n] != '"' && at[n] != '\\')
        n++;
    return n;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX, of which `at` is the backslash; -1 if it is none. */
static long unit(const char *at, const char *end)
{
    long value = 0;

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex(at[i]);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The escape at `at`: its length, and the character it stands for; 0 if it is none. A surrogate
 * without its other half stands for no character. */
static size_t escape(const char *at, const char *end, unsigned long *ret)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";

    if (end - at < 2)
        return 0;
    const char *letter = at[1] ? strchr(letters, at[1]) : NULL;

    if (letter) {
        *ret = (unsigned char)meant[letter - letters];
        return 2;
    }
    long high = unit(at, end);

    if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
        return 0;
    if (high < 0xd800 || high > 0xdbff) {
        *ret = (unsigned long)high;
        return 6;
    }
    long low = unit(at + 6, end);

    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    *ret = 0x10000 + ((unsigned long)(high - 0xd800) << 10) + (unsigned long)(low - 0xdc00);
    return 12;
}

static int bad(const struct scan *s, const char *at, struct error *err)
{
    size_t byte = (size_t)(at - s->begin);

    if (at >= s->end)
        return error_set(err, -EBADMSG, "the string at byte %zu has no closing quote",
                         (size_t)(s->at - s->begin));
    if (*at == '\\')
        return error_set(err, -EBADMSG, "the escape at byte %zu is none that JSON knows", byte);
    if ((unsigned char)*at < 0x20)
        return error_set(err, -EBADMSG,
                         "the control character 0x%02x at byte %zu should be escaped",
                         (unsigned)*at, byte);
    return error_set(err, -EBADMSG, "the byte 0x%02x at %zu is not UTF-8", (unsigned char)*at,
                     byte);
}

int scan_string(struct scan *s, struct scan_text *ret, struct error *err)
{
    if (scan_peek(s) != '"')
        return scan_expected(s, "a string", err);
    const char *begin = s->at + 1;
    const char *at = begin;

    for (;;) {
        unsigned long ignored;

        at += plain_len(at, s->end);
        if (at >= s->end)
            return bad(s, at, err);
        if (*at == '"')
            break;

        size_t n = *at == '\\'                  ? escape(at, s->end, &ignored)
                   : (unsigned char)*at >= 0x20 ? utf8_len(at, (size_t)(s->end - at))
                                                : 0;
        if (n == 0)
            return bad(s, at, err);
        at += n;
    }
    *ret = (struct scan_text){begin, (size_t)(at - begin)};
    s->at = at + 1;
    return 0;
}

static size_t utf8_put(unsigned long c, char ret[4])
{
    if (c < 0x80) {
        ret[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        ret[i] = (char)(0x80 | (c & 0x3f));
    ret[0] = (char)((0xf00UL >> n & 0xf0) | c);
    return n;
}

/* The next byte of a string, or the UTF-8 of the escape at *at; returns its length. */
static size_t take(const char **at, const char *end, char ret[4])
{
    unsigned long c = 0;

    if (**at != '\\') {
        *ret = *(*at)++;
        return 1;
    }
    *at += escape(*at, end, &c);
    return utf8_put(c, ret);
}

static bool equals_escaped(struct scan_text t, const char *text, size_t len)
{
    const char *at = t.at, *end = t.at + t.len;

    while (at < end) {
        char bytes[4];
        size_t n = take(&at, end, bytes);

        if (n > len || memcmp(bytes, text, n) != 0)
            return false;
        text += n;
        len -= n;
    }
    return len == 0;
}

bool scan_equals(struct scan_text t, const char *text)
{
    size_t len = strlen(text);

    if (t.len == 0)
        return len == 0;
    if (!memchr(t.at, '\\', t.len))
        return t.len == len && memcmp(t.at, text, len) == 0;
    return equals_escaped(t, text, len);
}

size_t scan_copy(struct scan_text t, char *out)
{
    const char *at = t.at, *end = t.at + t.len;
    char *to = out;

    while (at < end) {
        const char *backslash = memchr(at, '\\', (size_t)(end - at));
        size_t n = (size_t)((backslash ? backslash : end) - at);
        char bytes[4];

        memcpy(to, at, n);
        at += n;
        to += n;
        if (at == end)
            break;
        n = take(&at, end, bytes);
        memcpy(to, bytes, n);
        to += n;
    }
    return (size_t)(to - out);
}
