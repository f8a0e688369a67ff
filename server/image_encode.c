#define ZLIB_CONST
#include "server/image.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

enum {
    SIGNATURE_LEN = 8,
    IHDR_END = 33,        /* bytes up to the end of the first chunk */
    CHUNK_OVERHEAD = 12,  /* length, type, checksum */
    SMALL_PICTURE = 1024, /* bytes; zlib gets a small window, which is quick to set up */
    GREY = 0,             /* colour types of the format */
    RGB = 2,
};

static const uint8_t signature[SIGNATURE_LEN] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static uint8_t *write_u32(uint8_t *at, size_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(value >> shift);
    return at;
}

/* Writes a chunk around the `len` bytes that already lie at at + 8. */
static uint8_t *write_chunk(uint8_t *at, const char type[static 4], size_t len)
{
    (void)write_u32(at, len);
    memcpy(at + 4, type, 4);
    return write_u32(at + 8 + len, crc32(0, at + 4, (uInt)(len + 4)));
}

/* zlib's stream of the rows, each behind its filter byte. Returns its length. */
static size_t deflate_rows(z_stream *z, const uint8_t *pixels, size_t stride, size_t height)
{
    static const Bytef no_filter = 0;

    for (size_t y = 0; y < height; y++) {
        z->next_in = &no_filter;
        z->avail_in = 1;
        (void)deflate(z, Z_NO_FLUSH);
        z->next_in = pixels + y * stride;
        z->avail_in = (uInt)stride;
        (void)deflate(z, Z_NO_FLUSH);
    }
    (void)deflate(z, Z_FINISH);
    return z->total_out;
}

/* Written here rather than through libpng, whose set-up costs more than a 28x28 picture. */
static int encode(const uint8_t *pixels, size_t width, size_t height, size_t channels,
                  struct buf *out)
{
    size_t len = height * (1 + width * channels);
    bool small = len <= SMALL_PICTURE;
    z_stream z = {0};

    if (deflateInit2(&z, small ? 1 : 6, Z_DEFLATED, small ? 10 : 15, small ? 4 : 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;

    size_t bound = deflateBound(&z, len);
    int r = buf_reserve(out, IHDR_END + bound + CHUNK_OVERHEAD * 2);

    if (r == 0) {
        uint8_t *begin = (uint8_t *)out->data + out->len;
        const uint8_t form[] = {8, channels == 1 ? GREY : RGB, 0, 0, 0};
        uint8_t *at = begin + SIGNATURE_LEN;

        memcpy(begin, signature, SIGNATURE_LEN);
        memcpy(write_u32(write_u32(at + 8, width), height), form, sizeof(form));
        at = write_chunk(at, "IHDR", 13);
        z.next_out = at + 8;
        z.avail_out = (uInt)bound;
        at = write_chunk(at, "IDAT", deflate_rows(&z, pixels, width * channels, height));
        at = write_chunk(at, "IEND", 0);
        out->len += (size_t)(at - begin);
    }
    (void)deflateEnd(&z);
    return r;
}

int image_encode_png(const uint8_t *grey, size_t width, size_t height, struct buf *out)
{
    return encode(grey, width, height, 1, out);
}

int image_encode_png_rgb(const uint8_t *rgb, size_t width, size_t height, struct buf *out)
{
    return encode(rgb, width, height, 3, out);
}
