#define ZLIB_CONST
#include "server/http_coding.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "model/error.h"

enum {
    RATIO_FREE = 1 << 20, /* a blank picture is a thousand times longer than its gzip */
    FIRST_PIECE = 64 * 1024,
    WINDOW = 15,
    WINDOW_GZIP = 16, /* added to a window: with gzip's wrapper */
    WINDOW_ANY = 32,  /* with gzip's or zlib's */
    PACK_WINDOW = 13, /* answers are short: less to set up */
    PACK_MEMORY = 6,
    QUALITY_MAX = 1000,
};

static const char *const names[] = {
    [HTTP_IDENTITY] = "identity", [HTTP_GZIP] = "gzip", [HTTP_DEFLATE] = "deflate"};

const char *http_coding_name(enum http_coding coding)
{
    return names[coding];
}

static enum http_coding by_name(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
            return (enum http_coding)i;
    return len == 6 && strncasecmp(name, "x-gzip", len) == 0 ? HTTP_GZIP : HTTP_CODING_UNKNOWN;
}

enum http_coding http_coding_of(const char *content_encoding)
{
    if (!content_encoding || !*content_encoding)
        return HTTP_IDENTITY;
    return by_name(content_encoding, strlen(content_encoding));
}

/* The q of ";q=0.5", in thousandths; 1000 if there is none. */
static int quality(const char *parameters, const char *end)
{
    while (parameters < end &&
           (*parameters == ';' || *parameters == ' ' || *parameters == '\t'))
        parameters++;
    if (end - parameters < 3 || strncasecmp(parameters, "q=", 2) != 0)
        return QUALITY_MAX;
    int value = 0;
    int unit = QUALITY_MAX;

    for (const char *c = parameters + 2; c < end && unit > 0; c++) {
        if (*c == '.')
            continue;
        if (*c < '0' || *c > '9')
            break;
        value += (*c - '0') * unit;
        unit /= 10;
    }
    return value;
}

enum http_coding http_coding_accepted(const char *accept_encoding)
{
    enum http_coding best = HTTP_IDENTITY;
    int best_quality = 0;

    for (const char *at = accept_encoding; at && *at;) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, ",");
        enum http_coding coding = by_name(at, strcspn(at, ";, \t"));
        int q = quality(at + strcspn(at, ";,"), at + len);

        if (coding != HTTP_CODING_UNKNOWN && q > best_quality) {
            best = coding;
            best_quality = q;
        }
        at += len;
    }
    return best;
}

int http_coding_is_gzip(const void *bytes, size_t len)
{
    return len > 2 && memcmp(bytes, "\x1f\x8b\x08", 3) == 0;
}

/* Two bytes tell: the method, the window, and that they are a multiple of 31. */
static bool is_bare(enum http_coding coding, const uint8_t *bytes, size_t len)
{
    return coding == HTTP_DEFLATE && len > 1 && !http_coding_is_gzip(bytes, len) &&
           ((bytes[0] & 0x0f) != Z_DEFLATED || ((bytes[0] << 8) + bytes[1]) % 31 != 0);
}

static int too_large(const struct buf *out, size_t len, size_t ratio, struct error *err)
{
    if (out->len > RATIO_FREE && out->len / ratio >= len)
        return error_set(err, -E2BIG,
                         "the body's %zu bytes unpack to more than %zu times as many", len,
                         ratio);
    return out->len == out->limit
               ? error_set(err, -E2BIG,
                           "the body unpacks to more than the %zu bytes that are "
                           "allowed",
                           out->limit)
               : 0;
}

/* Unpacks as much as there is room for. Returns 1 at the end, 0 if there is more, or an error.
 */
static int unpack_piece(z_stream *z, bool gzip, struct buf *out, struct error *err)
{
    size_t room = out->cap - out->len;

    z->next_out = (Bytef *)out->data + out->len;
    z->avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
    uInt offered = z->avail_out;
    int r = inflate(z, Z_NO_FLUSH);

    out->len += offered - z->avail_out;
    if (r == Z_MEM_ERROR)
        return error_set(err, -ENOMEM, "out of memory for the unpacked body");
    if (r == Z_STREAM_END && z->avail_in == 0)
        return 1;
    if (r == Z_STREAM_END && gzip) { /* another member follows, or what is none */
        (void)inflateReset(z);
        return 0;
    }
    if (r == Z_STREAM_END)
        return error_set(err, -EBADMSG, "the compressed body is followed by %u bytes more",
                         z->avail_in);
    if (z->avail_in == 0 && z->avail_out > 0)
        return error_set(err, -EBADMSG, "the compressed body ends too early");
    if (r != Z_OK && r != Z_BUF_ERROR)
        return error_set(err, -EBADMSG, "the compressed body is damaged: %s",
                         z->msg ? z->msg : "it is no deflate stream");
    return 0;
}

static int more_room(struct buf *out, size_t len)
{
    size_t want = out->len ? out->len : (len < FIRST_PIECE / 4 ? FIRST_PIECE : 4 * len);

    if (out->cap > out->len)
        return 0;
    if (want > out->limit - out->len)
        want = out->limit - out->len;
    return buf_reserve(out, want);
}

int http_coding_unpack(enum http_coding coding, const void *bytes, size_t len, size_t ratio,
                       struct buf *out, struct error *err)
{
    z_stream z = {.next_in = bytes, .avail_in = (uInt)len};
    bool bare = is_bare(coding, bytes, len);
    int r;

    if (len > UINT_MAX || inflateInit2(&z, bare ? -WINDOW : WINDOW + WINDOW_ANY) != Z_OK)
        return error_set(err, -ENOMEM, "out of memory for the unpacked body");
    do {
        r = too_large(out, len, ratio, err);
        if (r == 0 && more_room(out, len) < 0)
            r = error_set(err, -ENOMEM, "out of memory for the unpacked body");
        if (r == 0)
            r = unpack_piece(&z, coding == HTTP_GZIP, out, err);
    } while (r == 0);
    (void)inflateEnd(&z);
    return r < 0 ? r : 0;
}

int http_coding_pack(enum http_coding coding, const void *bytes, size_t len, struct buf *out)
{
    z_stream z = {.next_in = bytes, .avail_in = (uInt)len};
    int window = PACK_WINDOW + (coding == HTTP_GZIP ? WINDOW_GZIP : 0);

    if (len > UINT_MAX / 2 || deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, window, PACK_MEMORY,
                                           Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    size_t bound = deflateBound(&z, len);
    int r = buf_reserve(out, bound);

    if (r == 0) {
        z.next_out = (Bytef *)out->data + out->len;
        z.avail_out = (uInt)bound;
        (void)deflate(&z, Z_FINISH); /* there is room for all of it */
        out->len += z.total_out;
    }
    (void)deflateEnd(&z);
    return r;
}
