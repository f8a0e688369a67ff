#include "server/utf8.h"

size_t utf8_len(const char *s, size_t len)
{
    static const struct {
        unsigned char first, last, low, high; /* bounds of the first and of the second byte */
        size_t len;
    } forms[] = {
        {0x00, 0x7f, 0x00, 0xff, 1},
        {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *u = (const unsigned char *)s;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (*u < forms[i].first || *u > forms[i].last)
            continue;
        if (forms[i].len > len ||
            (forms[i].len > 1 && (u[1] < forms[i].low || u[1] > forms[i].high)))
            return 0;
        for (size_t k = 2; k < forms[i].len; k++)
            if ((u[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].len;
    }
    return 0;
}
