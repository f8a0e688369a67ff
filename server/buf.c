#include "server/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/utf8.h"

int buf_reserve(struct buf *b, size_t len)
{
    if (len > b->limit - b->len)
        return -E2BIG;
    if (len <= b->cap - b->len)
        return 0;

    size_t cap = b->cap * 2 > b->len + len ? b->cap * 2 : b->len + len;
    if (cap > b->limit)
        cap = b->limit;
    char *grown = realloc(b->data, cap);

    if (!grown)
        return -ENOMEM;
    b->data = grown;
    b->cap = cap;
    return 0;
}

int buf_number(struct buf *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    return buf_append(b, digits + at, sizeof(digits) - at);
}

int buf_print(struct buf *b, const char *format, ...)
{
    char small[256];
    va_list args;
    va_list again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof(small), format, args);
    int r = len < 0 ? -EINVAL : 0;

    if (r == 0 && (size_t)len < sizeof(small)) {
        r = buf_append(b, small, (size_t)len);
    } else if (r == 0) {
        r = buf_reserve(b, (size_t)len + 1); /* vsnprintf() ends with a NUL */
        if (r == 0) {
            (void)vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
            b->len += (size_t)len;
        }
    }
    va_end(again);
    va_end(args);
    return r;
}

/* How many of the bytes stand for themselves in JSON and are ASCII. */
static size_t plain_len(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] >= ' ' && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
        n++;
    return n;
}

int buf_json_string(struct buf *b, const char *text, size_t len)
{
    int r = buf_append(b, "\"", 1);

    for (size_t i = 0; i < len && r == 0;) {
        unsigned char c = (unsigned char)text[i];
        size_t plain = plain_len(text + i, len - i);
        size_t n = plain ? plain : utf8_len(text + i, len - i);

        if (n == 0) {
            r = buf_text(b, "\\ufffd");
            n = 1;
        } else if (c == '"' || c == '\\') {
            const char escaped[2] = {'\\', (char)c};

            r = buf_append(b, escaped, 2);
        } else if (c < 0x20 || c == 0x7f) {
            r = buf_print(b, "\\u%04x", c);
        } else {
            r = buf_append(b, text + i, n);
        }
        i += n;
    }
    return r ? r : buf_append(b, "\"", 1);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
}

void buf_clear(struct buf *b)
{
    free(b->data);
    *b = BUF(b->limit);
}
