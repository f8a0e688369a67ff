#ifndef SERVER_FILE_H
#define SERVER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "server/buf.h"

struct error;

enum { FILE_PATH_MAX = 4096 };

/* Appends all of the file at `path`, or of standard input where it is "-". Returns 0; -EFBIG
 * beyond the limit of `out`; -ENOMEM; -ENOENT, -EISDIR and the like. `err` does not name the
 * file. */
int file_read(const char *path, struct buf *out, struct error *err);

/* Whether both name the same file, which is there. */
bool file_same(const char *a, const char *b);

/* A file that is being written, and that nobody sees before it is whole. What is no regular
 * file, such as a pipe or /dev/null, is written to as it is. */
struct file_draft {
    const char *path;              /* the caller's */
    FILE *stream;                  /* to write to; errors may wait for file_draft_finish() */
    char target[FILE_PATH_MAX];    /* what `path` leads to through links */
    char temporary[FILE_PATH_MAX]; /* "" for what is no regular file */
};

/* Starts a draft beside `path`. Returns 0, or a negative errno with `err` naming the file. */
int file_draft_start(struct file_draft *d, const char *path, struct error *err);
/* Puts it in the place of `path`, on the disk, or if `r` < 0 throws it away and returns that.
 */
int file_draft_finish(struct file_draft *d, int r, struct error *err);

/* Writes the file at `path`, whole or not at all: nobody ever sees half of it. Returns 0, or
 * a negative errno with `err` naming the file. */
int file_write(const char *path, const void *bytes, size_t len, struct error *err);

/* The end of `path`, as much as an error text has room for: it says most. */
const char *file_tail(const char *path);

#endif
