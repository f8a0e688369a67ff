#ifndef TESTS_OOM_OOM_H
#define TESTS_OOM_OOM_H

#include <stdbool.h>
#include <stddef.h>

/* Memory that runs out on command. A program that links oom.c needs the linker's --wrap for
 * malloc, calloc, realloc and aligned_alloc; what shared libraries allocate is not counted. */

/* From now on the `nth` allocation fails, once; 0: none does. */
void oom_at(size_t nth);

/* Whether it has come to that. */
bool oom_happened(void);

#endif
