#include "server/uuid.h"

#include <stdint.h>
#include <sys/random.h>

void uuid_make(char out[UUID_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16] = {0};

    /* Never short or interrupted for so few bytes. */
    (void)!getrandom(bytes, sizeof(bytes), 0);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}
