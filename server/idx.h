#ifndef SERVER_IDX_H
#define SERVER_IDX_H

#include <stddef.h>
#include <stdint.h>

struct error;

/* What an IDX file of bytes holds: MNIST's own format, plain or gzip. */
enum idx_kind {
    IDX_LABELS = 1, /* [count] */
    IDX_IMAGES = 3, /* [count][height][width] */
};

/* An IDX file while it is read, item by item, in constant memory. */
struct idx;

/* Opens the file and checks its header: `kind`, and sides of at most
 * PREPROCESS_PICTURE_SIDE_MAX. Returns 0, and *ret for idx_close(); -EBADMSG if it is no such
 * file; -ENOENT, -EACCES and the like; -ENOMEM. */
int idx_open(const char *path, enum idx_kind kind, struct idx **ret, struct error *err);
void idx_close(struct idx *idx); /* accepts NULL */

size_t idx_count(const struct idx *idx);
size_t idx_width(const struct idx *idx);  /* 1 for labels */
size_t idx_height(const struct idx *idx); /* 1 for labels */

/* Reads the next `n` items, [n][height][width], no more than there are left. Returns 0;
 * -EBADMSG if the file ends early, is damaged, or goes on behind its last item. */
int idx_read(struct idx *idx, size_t n, uint8_t *ret, struct error *err);

#endif
