#include "server/v2_bytes.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/picture.h"
#include "server/scan.h"
#include "server/tensor.h"

/* How many elements the shape means. */
static int count(const struct batch *b, const struct scan_shape *shape, size_t *ret,
                 struct error *err)
{
    char text[TENSOR_TEXT_MAX];
    size_t n = 1;
    bool fits = true;

    for (size_t i = 0; i < shape->rank; i++)
        fits = fits && !__builtin_mul_overflow(n, shape->dims[i], &n);
    if (fits && n == 0)
        return error_set(err, -EINVAL, "the shape is %s; expected [n] for n pictures",
                         tensor_text(shape, text));
    if (!fits || n > b->max)
        return error_set(err, -E2BIG, "the shape is %s; a request may hold %zu images at most",
                         tensor_text(shape, text), b->max);
    *ret = n;
    return 0;
}

static int wrong_count(const struct scan_shape *shape, const char *found, struct error *err)
{
    char text[TENSOR_TEXT_MAX];

    return error_set(err, -EINVAL, "data has %s pictures than the shape %s means", found,
                     tensor_text(shape, text));
}

static int name_element(size_t i, int r, const struct error *inner, struct error *err)
{
    return r ? error_set(err, r, "data[%zu]: %s", i, inner->text) : 0;
}

static int read_one(struct batch *b, size_t i, struct scan *s, struct error *err)
{
    struct error inner = {0};
    struct scan_text text;

    if (scan_peek(s) != '"')
        return scan_expected(s, "a string, a picture in base64,", err);
    int r = scan_string(s, &text, err);

    return r ? r : name_element(i, picture_add_text(b, text, &inner), &inner, err);
}

int v2_bytes_read(struct batch *b, const struct scan_shape *shape, struct scan *s,
                  struct error *err)
{
    size_t n, level = 0, done = 0;
    int r = count(b, shape, &n, err);

    if (r == 0 && scan_peek(s) != '[')
        return scan_expected(s, "a list of strings, pictures in base64,", err);
    if (r < 0)
        return r;
    do {
        if (scan_peek(s) == '[') {
            r = scan_enter_array(s, err);
            level += r == 0;
        } else if (done == n) {
            return wrong_count(shape, "more", err);
        } else {
            r = read_one(b, done++, s, err);
        }
        while (r == 0 && level > 0) {
            r = scan_next_item(s, err);
            level -= r == 0;
        }
    } while (r == 1);
    return r == 0 && done < n ? wrong_count(shape, "fewer", err) : r;
}

int v2_bytes_take(struct batch *b, const struct scan_shape *shape, const unsigned char *at,
                  size_t len, struct error *err)
{
    size_t n = 0;
    int r = count(b, shape, &n, err);

    for (size_t i = 0; i < n && r == 0; i++) {
        struct error inner = {0};
        uint32_t size = 0;

        if (len >= sizeof(size))
            memcpy(&size, at, sizeof(size));
        size = le32toh(size);
        if (len < sizeof(size) || size > len - sizeof(size))
            return error_set(err, -EINVAL,
                             "data[%zu] should be a length in 4 bytes and so many bytes; of "
                             "the input's bytes %zu are left",
                             i, len);
        at += sizeof(size);
        len -= sizeof(size);
        r = name_element(i, picture_add(b, at, size, &inner), &inner, err);
        at += size;
        len -= size;
    }
    if (r == 0 && len > 0)
        return error_set(err, -EINVAL,
                         "behind the %zu pictures that the shape means are %zu "
                         "bytes more",
                         n, len);
    return r;
}
