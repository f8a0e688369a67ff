#ifndef SERVER_BUF_H
#define SERVER_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that grow, up to a limit fixed at the start. Zero-initialise with BUF(limit). */
struct buf {
    char *data; /* not NUL-terminated */
    size_t len;
    size_t cap;
    size_t limit;
};

#define BUF(max) ((struct buf){.limit = (max)})

/* Makes room for `len` more bytes at data + len, which the caller may fill and then add to
 * b->len. Returns 0; -E2BIG beyond the limit; -ENOMEM. On failure `b` is unchanged. */
int buf_reserve(struct buf *b, size_t len);

/* Appends a copy. Returns as buf_reserve() does. Inline: answers are made of many short texts
 * whose lengths are constants. */
static inline int buf_append(struct buf *b, const void *data, size_t len)
{
    int r = len <= b->cap - b->len ? 0 : buf_reserve(b, len);

    if (r == 0 && len > 0) {
        memcpy(b->data + b->len, data, len);
        b->len += len;
    }
    return r;
}

static inline int buf_text(struct buf *b, const char *text)
{
    return buf_append(b, text, strlen(text));
}

/* Appends a number in decimal. Returns as buf_reserve() does. */
int buf_number(struct buf *b, uint64_t n);

/* Appends formatted text. Returns as buf_reserve() does. */
__attribute__((format(printf, 2, 3))) int buf_print(struct buf *b, const char *format, ...);

/* Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
int buf_json_string(struct buf *b, const char *text, size_t len);

/* Empties `b` but keeps the memory. */
void buf_reset(struct buf *b);

/* Frees the bytes; `b` is empty and usable again. */
void buf_clear(struct buf *b);

#endif
