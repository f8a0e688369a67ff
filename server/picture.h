#ifndef SERVER_PICTURE_H
#define SERVER_PICTURE_H

#include <stddef.h>

#include "server/scan.h"

struct batch;
struct error;

/* Adds the picture that the bytes hold to the batch: a PNG, or one in base64. Returns as a
 * protocol's decode does. */
int picture_add(struct batch *b, const void *bytes, size_t len, struct error *err);

/* The same for a string of JSON, which has to be base64: standard or URL-safe, with or without
 * padding, line breaks, or "data:image/png;base64," before it. */
int picture_add_text(struct batch *b, struct scan_text text, struct error *err);

#endif
