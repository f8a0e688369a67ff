#ifndef SERVER_BUF_H
#define SERVER_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Appends a copy. Returns as buf_reserve() does. */
int buf_append(struct buf *b, const void *data, size_t len);
int buf_text(struct buf *b, const char *text);

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
