#ifndef SERVER_IMAGE_H
#define SERVER_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "server/buf.h"

struct error;

/* A decoded picture: 8-bit grey, opaque. */
struct image {
    uint8_t *grey; /* [height][width], row-major */
    size_t width, height;
};

/* Decodes a PNG of any colour type and depth, interlaced or not, up to
 * PREPROCESS_PICTURE_SIDE_MAX each way. Colours become BT.601 luma. Alpha is flattened on
 * white, or on black if the opaque parts are mostly bright (white ink on nothing). Returns 0
 * and `ret` for image_finish(); -EBADMSG if the bytes are no sound PNG; -EINVAL if it is too
 * large, with the sizes; -ENOMEM. Never reads or allocates beyond what the limits imply. */
int image_decode_png(const void *bytes, size_t len, struct image *ret, struct error *err);
void image_finish(struct image *image); /* accepts a zeroed one */

/* Appends `grey` [height][width] as an 8-bit grey PNG. Returns 0, -E2BIG, -ENOMEM. */
int image_encode_png(const uint8_t *grey, size_t width, size_t height, struct buf *out);

#endif
