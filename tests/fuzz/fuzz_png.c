#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "model/error.h"
#include "model/preprocess.h"
#include "server/image.h"
#include "tests/fuzz/fuzz.h"

enum { SIGNATURE = 8, OVERHEAD = 12 };

/* What the model would see can be shown, and is seen again as it was shown. */
static int shows_as_seen(const struct image *image)
{
    struct preprocess seen;
    struct image shown = {0};
    struct buf png = BUF(4096);

    preprocess(image->grey, image->width, image->height, &seen);
    if (seen.right > image->width || seen.bottom > image->height)
        return 0;
    int good = image_encode_png(seen.pixels, PREPROCESS_SIDE, PREPROCESS_SIDE, &png) == 0 &&
               image_decode_png(png.data, png.len, NULL, &shown, NULL) == 0 &&
               memcmp(shown.grey, seen.pixels, PREPROCESS_PIXELS) == 0;

    image_finish(&shown);
    buf_clear(&png);
    return good;
}

static void decode(const uint8_t *data, size_t size)
{
    struct image image = {0};
    struct error err = {0};
    int r = image_decode_png(data, size, NULL, &image, &err);

    if (r < 0 && (image.grey || err.code != r || !*err.text))
        abort();
    if (r < 0 && r != -EBADMSG && r != -EINVAL && r != -ENOMEM)
        abort();
    if (r == 0 && (image.width > PREPROCESS_PICTURE_SIDE_MAX ||
                   image.height > PREPROCESS_PICTURE_SIDE_MAX || !shows_as_seen(&image)))
        abort();
    image_finish(&image);
}

static size_t read_u32(const uint8_t *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

/* Makes the checksums right, so that damage gets past them. */
static void repair(uint8_t *png, size_t size)
{
    for (size_t at = SIGNATURE; at + OVERHEAD <= size;) {
        size_t len = read_u32(png + at);

        if (len > size - at - OVERHEAD)
            return;
        uLong sum = crc32(0, png + at + 4, (uInt)len + 4);

        for (size_t i = 0; i < 4; i++)
            png[at + 8 + len + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += len + OVERHEAD;
    }
}

/* Any bytes either are refused for a reason, or make a picture that can be looked at. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode(data, size);
    if (size == 0)
        return 0;
    uint8_t *copy = malloc(size);

    if (!copy)
        return 0;
    memcpy(copy, data, size);
    repair(copy, size);
    decode(copy, size);
    free(copy);
    return 0;
}
