/* multipart/form-data, as curl -F and the forms of browsers send it: each file is a picture.
 * Other fields say nothing here. */

#include <errno.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/multipart.h"
#include "server/picture.h"
#include "server/protocol.h"
#include "server/request.h"

enum { FIELDS_MAX = 64 }; /* that are no pictures */

static int add(struct batch *b, const struct multipart_part *part, struct error *err)
{
    struct error inner = {0};
    int r = picture_add(b, part->body, part->len, &inner);

    return r ? error_set(err, r, "the file '%.*s': %s",
                         part->name_len < 24 ? (int)part->name_len : 24, part->name, inner.text)
             : 0;
}

static int read_parts(struct multipart *m, struct batch *b, struct error *err)
{
    struct multipart_part part;
    size_t fields = 0;
    int r;

    while ((r = multipart_next(m, &part, err)) == 1) {
        r = part.file ? add(b, &part, err) : 0;
        if (r < 0)
            return r;
        if (!part.file && ++fields > FIELDS_MAX)
            return error_set(err, -E2BIG, "the form has more than %d fields that are no files",
                             FIELDS_MAX);
    }
    return r;
}

static int decode(const struct request *req, struct batch *b, struct error *err)
{
    struct multipart m;
    int r = multipart_begin(&m, req->content_type, req->body, req->body_len, err);

    if (r == 0)
        r = read_parts(&m, b, err);
    if (r == 0 && b->n == 0)
        r = error_set(err, -EINVAL,
                      "the form has no file; expected pictures, as curl -F picture=@seven.png "
                      "sends them");
    return r;
}

static int encode(const struct batch *b, struct response *res, struct error *err)
{
    return protocol_png.encode(b, res, err);
}

static int decode_v2(const struct request *req, struct batch *b, struct error *err)
{
    int r = decode(req, b, err);

    v2_outputs_settle(b, false);
    return r;
}

static int encode_v2(const struct batch *b, struct response *res, struct error *err)
{
    return protocol_v2.encode(b, res, err);
}

const struct protocol protocol_form = {.name = "form", .decode = decode, .encode = encode};
const struct protocol protocol_v2_form = {
    .name = "v2_form", .decode = decode_v2, .encode = encode_v2};
