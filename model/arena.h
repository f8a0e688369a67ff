#ifndef MODEL_ARENA_H
#define MODEL_ARENA_H

#include <stddef.h>

/* Memory that is freed all at once. A zeroed struct is an empty arena. Not thread-safe. */
struct arena {
    struct arena_block *blocks;
    size_t allocated; /* bytes taken from the system */
};

/* `count` zeroed elements of `size` bytes, 64-byte aligned, valid until arena_finish(). Never
 * NULL for a count of 0; NULL if there is no such memory or the product overflows. */
void *arena_alloc(struct arena *a, size_t count, size_t size);

/* A string in the arena; NULL if there is no memory. */
__attribute__((format(printf, 2, 3))) char *arena_print(struct arena *a, const char *format,
                                                        ...);

void arena_finish(struct arena *a); /* frees everything and leaves an empty arena */

#endif
