#include "model/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGNMENT = 64,
    BLOCK_LEN = 16384,
    HUGE_PAGE = 2 << 20,
};

/* Lies in the first ALIGNMENT bytes of its own memory. */
struct arena_block {
    struct arena_block *next;
    size_t len, used;
};

_Static_assert(sizeof(struct arena_block) <= ALIGNMENT, "the header has its own line");

/* Weights of a large layer are read from end to end: with pages of 4 KiB, a good part of the
 * time would go into finding them. Whether the system follows the advice is its own business.
 */
static void *allocate(size_t len)
{
    unsigned char *p = aligned_alloc(ALIGNMENT, len);
    size_t before = -(uintptr_t)p % HUGE_PAGE;

    if (p && len > before && len - before >= HUGE_PAGE)
        (void)madvise(p + before, (len - before) / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return p;
}

static struct arena_block *add_block(struct arena *a, size_t len)
{
    struct arena_block *b = NULL;

    if (len < BLOCK_LEN - ALIGNMENT)
        len = BLOCK_LEN - ALIGNMENT;
    b = allocate(ALIGNMENT + len);
    if (b) {
        *b = (struct arena_block){.next = a->blocks, .len = len};
        a->blocks = b;
        a->allocated += ALIGNMENT + len;
    }
    return b;
}

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
    struct arena_block *b = a->blocks;
    unsigned char *p = NULL;
    size_t len = 0;

    if (__builtin_mul_overflow(count, size, &len) || len > SIZE_MAX / 2)
        return NULL;
    len = (len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!b || b->len - b->used < len)
        b = add_block(a, len);
    if (!b)
        return NULL;
    p = (unsigned char *)b + ALIGNMENT + b->used;
    b->used += len;
    return memset(p, 0, len);
}

char *arena_print(struct arena *a, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    int len = 0;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len >= 0)
        text = arena_alloc(a, (size_t)len + 1, 1);
    if (text) {
        va_start(args, format);
        (void)vsnprintf(text, (size_t)len + 1, format, args);
        va_end(args);
    }
    return text;
}

void arena_finish(struct arena *a)
{
    struct arena_block *b = a->blocks;

    while (b) {
        struct arena_block *next = b->next;

        free(b);
        b = next;
    }
    *a = (struct arena){0};
}
