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
 * white, or on black if all that is opaque is bright (white ink on nothing). Returns 0 and
 * `ret` for image_finish(); -EBADMSG if the bytes are no sound PNG, with what they seem to be
 * instead; -EINVAL if it is too large, with the sizes; -ENOMEM. Never reads or allocates beyond
 * what the limits imply. On failure `ret` is untouched.
 *
 * A hundred kilobytes may unpack to a hundred megabytes, and a thread is busy with them for
 * long: `budget`, if not NULL, is how many bytes of unpacked pictures a request may still have.
 * The picture's are taken off; -E2BIG if it has more. */
int image_decode_png(const void *bytes, size_t len, size_t *budget, struct image *ret,
                     struct error *err);
void image_finish(struct image *image); /* accepts a zeroed one */

/* Appends `grey` [height][width], or `rgb` [height][width][3], as an 8-bit PNG. Both sides are
 * 1..PREPROCESS_PICTURE_SIDE_MAX. Returns 0, -E2BIG, -ENOMEM. */
int image_encode_png(const uint8_t *grey, size_t width, size_t height, struct buf *out);
int image_encode_png_rgb(const uint8_t *rgb, size_t width, size_t height, struct buf *out);

#endif
