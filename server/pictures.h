#ifndef SERVER_PICTURES_H
#define SERVER_PICTURES_H

#include <stdbool.h>
#include <stddef.h>

struct batch;
struct error;

/* Many pictures in a settled order: those of an IDX file, or the PNG files of a folder by name.
 * In constant memory, but for the names. */
struct pictures;

/* `path` is an IDX file, plain or gzip, or a folder. Finished images, which 28x28 pixels of an
 * IDX file are unless `preprocess`, are taken as they are; others are cropped and centred.
 * Returns 0 and *ret for pictures_close(); -EBADMSG if it is no such file; -ENOENT, -EACCES and
 * the like; -ENOMEM. */
int pictures_open(const char *path, bool preprocess, struct pictures **ret, struct error *err);
void pictures_close(struct pictures *p); /* accepts NULL */

size_t pictures_count(const struct pictures *p);

/* The file name of picture `i` of a folder; NULL for those of an IDX file. */
const char *pictures_name(const struct pictures *p, size_t i);

/* Adds the next picture to `b`, or, if that is NULL, passes over it. No more often than there
 * are pictures. Returns 0; -EBADMSG or -EINVAL with `err` naming what cannot be read; others as
 * batch_add(). */
int pictures_next(struct pictures *p, struct batch *b, struct error *err);

#endif
