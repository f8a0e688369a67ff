#ifndef SERVER_FILE_H
#define SERVER_FILE_H

#include <stddef.h>

#include "server/buf.h"

struct error;

/* Appends all of the file at `path`, or of standard input where it is "-". Returns 0; -EFBIG
 * beyond the limit of `out`; -ENOMEM; -ENOENT, -EISDIR and the like. `err` does not name the
 * file. */
int file_read(const char *path, struct buf *out, struct error *err);

/* Writes the file at `path`, whole or not at all: nobody ever sees half of it. Returns 0, or
 * a negative errno with `err` naming the file. */
int file_write(const char *path, const void *bytes, size_t len, struct error *err);

/* The end of `path`, as much as an error text has room for: it says most. */
const char *file_tail(const char *path);

#endif
