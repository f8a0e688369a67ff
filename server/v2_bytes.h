#ifndef SERVER_V2_BYTES_H
#define SERVER_V2_BYTES_H

#include <stddef.h>

struct batch;
struct error;
struct scan;
struct scan_shape;

/* Tensors of type BYTES: each element is a picture in a file's bytes, so the shape is their
 * number. Both add them to the batch and return as a protocol's decode does. */

/* In JSON: strings of base64, flat or nested. */
int v2_bytes_read(struct batch *b, const struct scan_shape *shape, struct scan *s,
                  struct error *err);

/* In binary: before each element its length in four bytes, little-endian. */
int v2_bytes_take(struct batch *b, const struct scan_shape *shape, const unsigned char *at,
                  size_t len, struct error *err);

#endif
