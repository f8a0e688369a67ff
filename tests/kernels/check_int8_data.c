#include "tests/kernels/check_int8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state = 0x9e3779b9;

void int8_seed(uint32_t seed)
{
    state = seed;
}

uint32_t int8_next(void) /* xorshift32 */
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

size_t int8_below(size_t n)
{
    return int8_next() % n;
}

float int8_unit(void)
{
    return (float)int8_next() / 2147483648.0F - 1.0F;
}

static void *sure(void *x)
{
    if (x)
        return x;
    (void)fputs("check_int8: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

void *int8_allocate(size_t len)
{
    return sure(malloc(len + !len));
}

void *int8_allocate_aligned(size_t len)
{
    return sure(aligned_alloc(64, (len + !len + 63) / 64 * 64));
}

void *int8_copy(const void *x, size_t len)
{
    return memcpy(int8_allocate(len), x, len);
}

uint8_t *int8_bytes(size_t count)
{
    uint8_t *x = int8_allocate(count);

    for (size_t i = 0; i < count; i++)
        x[i] = (uint8_t)(int8_below(4) == 0 ? (int8_below(2) ? UINT8_MAX : 0) : int8_next());
    return x;
}

size_t int8_pick(const size_t *of, size_t n)
{
    return of[int8_below(n)];
}

bool int8_same(const char *what, const void *want, const void *got, size_t len)
{
    const uint8_t *a = want;
    const uint8_t *b = got;

    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i]) {
            printf("# %s: byte %zu is %d, not %d\n", what, i, b[i], a[i]);
            return false;
        }
    return true;
}
