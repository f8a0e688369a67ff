#include "server/scan_repeat.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

size_t scan_repeats(const char *at, size_t period, const char *end, size_t max)
{
    const char *p = at;

    while (end - p >= 8) {
        uint64_t now;
        uint64_t before;

        memcpy(&now, p, 8);
        memcpy(&before, p - period, 8);
        if (now != before) {
            p += __builtin_ctzll(le64toh(now ^ before)) / 8;
            break;
        }
        p += 8;
    }
    size_t times = p > at ? (size_t)(p - at - 1) / period : 0;

    return times < max ? times : max;
}
