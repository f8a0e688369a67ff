#include "model/base64.h"

#include <errno.h>
#include <stdint.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char pad = '=';

size_t base64_encode(char *out, const void *in, size_t len)
{
    const unsigned char *b = in;
    char *at = out;

    for (; len >= 3; len -= 3, b += 3) {
        *at++ = alphabet[b[0] >> 2];
        *at++ = alphabet[(b[0] & 3) << 4 | b[1] >> 4];
        *at++ = alphabet[(b[1] & 15) << 2 | b[2] >> 6];
        *at++ = alphabet[b[2] & 63];
    }
    if (len > 0) {
        unsigned second = len == 2 ? b[1] : 0;

        *at++ = alphabet[b[0] >> 2];
        *at++ = alphabet[(b[0] & 3U) << 4 | second >> 4];
        *at++ = alphabet[(second & 15) << 2];
        *at++ = pad;
    }
    if (len == 1)
        at[-2] = pad;
    return (size_t)(at - out);
}

/* The six bits of a character; -1 if it is not of the alphabet. */
static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

int base64_decode(void *out, const char *text, size_t len, size_t *ret)
{
    unsigned char *at = out;
    size_t padding = 0;

    if (len % 4 != 0)
        return -EINVAL;
    while (padding < 2 && padding < len && text[len - 1 - padding] == pad)
        padding++;
    for (size_t i = 0; i < len; i += 4) {
        size_t keep = i + 4 == len ? 3 - padding : 3;
        uint32_t bits = 0;

        for (size_t k = 0; k < 4; k++) {
            int six = k <= keep ? sextet(text[i + k]) : 0;

            if (six < 0)
                return -EINVAL;
            bits = bits << 6 | (uint32_t)six;
        }
        if (bits & ((1U << (3 - keep) * 8) - 1))
            return -EINVAL;
        for (size_t k = 0; k < keep; k++)
            *at++ = (unsigned char)(bits >> (16 - 8 * k));
    }
    *ret = (size_t)(at - (unsigned char *)out);
    return 0;
}
