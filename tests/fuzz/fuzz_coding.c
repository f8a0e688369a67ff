/* Compressed bodies: the first byte says how, the rest is one. Refused with a sentence, or
 * unpacked; and what was unpacked survives being packed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/http_coding.h"
#include "tests/fuzz/fuzz.h"

enum { UNPACKED_MAX = 64 << 10, RATIO = 200 };

static void pack_and_unpack(enum http_coding coding, const struct buf *body)
{
    struct buf packed = BUF(2 * UNPACKED_MAX);
    struct buf again = BUF(UNPACKED_MAX);
    struct error err = {0};

    if (http_coding_pack(coding, body->data, body->len, &packed) < 0 ||
        http_coding_unpack(coding, packed.data, packed.len, UNPACKED_MAX, &again, &err) < 0 ||
        again.len != body->len || (body->len && memcmp(again.data, body->data, body->len) != 0))
        abort();
    buf_clear(&packed);
    buf_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf body = BUF(UNPACKED_MAX);
    struct error err = {0};

    if (size < 2)
        return 0;
    enum http_coding coding = data[0] % 2 ? HTTP_GZIP : HTTP_DEFLATE;
    int r = http_coding_unpack(coding, data + 1, size - 1, RATIO, &body, &err);

    if (r < 0 && ((r != -EBADMSG && r != -E2BIG) || err.code != r || !*err.text))
        abort();
    if (r == 0)
        pack_and_unpack(coding, &body);
    buf_clear(&body);
    return 0;
}
