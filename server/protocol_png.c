/* The body is a picture; the answer says what was seen in it. For the web page and for curl. */

#include "model/error.h"
#include "server/answer.h"
#include "server/batch.h"
#include "server/image.h"
#include "server/protocol.h"
#include "server/request.h"

static int decode(const struct request *req, struct batch *b, struct error *err)
{
    struct image picture = {0};
    int r = image_decode_png(req->body, req->body_len, &b->picture_budget, &picture, err);

    if (r == 0)
        r = batch_add_picture(b, &picture, err);
    image_finish(&picture);
    return r;
}

static int encode(const struct batch *b, struct response *res, struct error *err)
{
    struct buf *out = res->body;
    int r = answer_begin(b, "predictions", out);

    for (size_t i = 0; i < b->n && r == 0; i++) {
        r = buf_text(out, i > 0 ? "},{" : "{");
        if (r == 0)
            r = answer_write(b, i, out);
    }
    if (r == 0)
        r = buf_text(out, "}]}");
    res->content_type = "application/json";
    return r ? error_set(err, r, "no room for the answer") : 0;
}

const struct protocol protocol_png = {.name = "png", .decode = decode, .encode = encode};
