#ifndef SERVER_UTF8_H
#define SERVER_UTF8_H

#include <stddef.h>

/* The length of the UTF-8 sequence at `s`, of which `len` > 0 bytes are there; 0 if there is
 * none: overlong forms, surrogates and values beyond U+10FFFF are none (RFC 3629). */
size_t utf8_len(const char *s, size_t len);

#endif
