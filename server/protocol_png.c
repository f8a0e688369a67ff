/* The body is a picture; the answer says what was seen in it. For the web page and for curl. */

#include "model/error.h"
#include "server/answer.h"
#include "server/batch.h"
#include "server/picture.h"
#include "server/protocol.h"
#include "server/request.h"

static int decode(const struct request *req, struct batch *b, struct error *err)
{
    return picture_add(b, req->body, req->body_len, err);
}

static int encode(const struct batch *b, struct response *res, struct error *err)
{
    int r = answer_write_all(b, b->wish.columns ? "outputs" : "predictions", answer_write,
                             res->body);

    res->content_type = "application/json";
    return r ? error_set(err, r, "no room for the answer") : 0;
}

const struct protocol protocol_png = {.name = "png", .decode = decode, .encode = encode};
