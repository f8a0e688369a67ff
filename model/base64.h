#ifndef MODEL_BASE64_H
#define MODEL_BASE64_H

#include <stddef.h>

/* Base64 of RFC 4648: the standard alphabet, with padding, without line breaks. */

/* Characters that `len` bytes become, and the most bytes that `len` characters may hold. */
#define BASE64_ENCODED(len) (((len) + 2) / 3 * 4)
#define BASE64_DECODED(len) ((len) / 4 * 3)

/* Writes the BASE64_ENCODED(len) characters of `in` to `out`, without a NUL behind them, and
 * returns their count. */
size_t base64_encode(char *out, const void *in, size_t len);

/* Reads `len` characters of `text` into `out`, which has room for BASE64_DECODED(len) bytes.
 * Returns 0 and the count of bytes in *ret; -EINVAL, with *ret untouched, if the text is not
 * base64 to the last character (its unused bits must be zero: each text has one meaning, each
 * meaning one text). */
int base64_decode(void *out, const char *text, size_t len, size_t *ret);

#endif
