#ifndef SERVER_TENSOR_H
#define SERVER_TENSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "server/scan.h"

enum { TENSOR_TEXT_MAX = 80 };

/* What a shape says about pictures of 28x28. Dimensions of 1 say nothing; without them it ends
 * in [784] or [28,28], and what comes before that, if anything, is the number of pictures. */
struct tensor_pictures {
    size_t n;
    bool counted; /* `n` stood there: the shape was not that of a single picture */
};

/* Returns 0, or -EINVAL if the shape is none that holds pictures. */
int tensor_pictures(const struct scan_shape *shape, struct tensor_pictures *ret);

bool tensor_equal(const struct scan_shape *a, const struct scan_shape *b);

/* Writes "[1,28,28]", NUL-terminated; returns `out`. */
const char *tensor_text(const struct scan_shape *shape, char out[TENSOR_TEXT_MAX]);

#endif
