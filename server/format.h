#ifndef SERVER_FORMAT_H
#define SERVER_FORMAT_H

#include <stddef.h>

struct buf;

enum { FORMAT_FLOAT_MAX = 24 };

/* Writes the shortest decimal that reads back as the same float, as legal JSON ("0.1", "1e-07",
 * "3.0" is written "3"); not NUL-terminated. `value` must be finite. Returns the bytes written,
 * at most FORMAT_FLOAT_MAX. */
size_t format_float(char *out, float value);

/* Appends `n` finite floats in brackets, "[0.1,0.9]". Returns 0, -E2BIG or -ENOMEM. */
int format_floats(struct buf *out, const float *values, size_t n);

#endif
