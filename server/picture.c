#include "server/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/base64.h"
#include "model/error.h"
#include "server/batch.h"
#include "server/image.h"

static int add_png(struct batch *b, const void *bytes, size_t len, struct error *err)
{
    struct image picture = {0};
    int r = image_decode_png(bytes, len, &b->picture_budget, &picture, err);

    if (r == 0)
        r = batch_add_picture(b, &picture, err);
    image_finish(&picture);
    return r;
}

/* Brings base64 in any of its dialects into the one of model/base64.h, in place: there is room
 * for 3 characters more. Returns the length. */
static size_t plain(char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
            continue;
        if (c == '-')
            c = '+';
        else if (c == '_')
            c = '/';
        text[n++] = c;
    }
    while (n % 4 != 0)
        text[n++] = '=';
    return n;
}

/* What precedes the base64 of a data URL, if it is one. */
static size_t prefix(const char *text, size_t len)
{
    static const char scheme[] = "data:";
    const char *comma = len > sizeof(scheme) ? memchr(text, ',', len) : NULL;

    return comma && strncmp(text, scheme, sizeof(scheme) - 1) == 0 ? (size_t)(comma - text) + 1
                                                                   : 0;
}

/* Takes over `text`, allocated with 3 bytes to spare. */
static int add_base64(struct batch *b, char *text, size_t len, struct error *err)
{
    size_t skipped = prefix(text, len), bytes_len = 0;
    size_t n = plain(text + skipped, len - skipped);
    void *bytes = malloc(BASE64_DECODED(n) + 1);
    int r = bytes ? base64_decode(bytes, text + skipped, n, &bytes_len) : -ENOMEM;

    if (r == -ENOMEM)
        (void)error_set(err, r, "out of memory for a picture");
    else if (r < 0)
        (void)error_set(err, r, "the text '%.*s%s' is no base64; expected a PNG in base64",
                        len > 24 ? 24 : (int)len, text, len > 24 ? ".." : "");
    else
        r = add_png(b, bytes, bytes_len, err);
    free(bytes);
    free(text);
    return r;
}

int picture_add(struct batch *b, const void *bytes, size_t len, struct error *err)
{
    static const char png_in_base64[] = "iVBORw0KGgo", url[] = "data:image/png";
    const size_t begin = sizeof(png_in_base64) - 1, begin_url = sizeof(url) - 1;

    if (!(len > begin && memcmp(bytes, png_in_base64, begin) == 0) &&
        !(len > begin_url && memcmp(bytes, url, begin_url) == 0))
        return add_png(b, bytes, len, err);
    char *text = malloc(len + 4);

    if (!text)
        return error_set(err, -ENOMEM, "out of memory for a picture");
    memcpy(text, bytes, len);
    return add_base64(b, text, len, err);
}

int picture_add_text(struct batch *b, struct scan_text text, struct error *err)
{
    char *copy = malloc(text.len + 4);

    if (!copy)
        return error_set(err, -ENOMEM, "out of memory for a picture");
    return add_base64(b, copy, scan_copy(text, copy), err);
}
