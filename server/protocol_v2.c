/* The Open Inference Protocol (KServe V2): one input in, what v2_output.h lists out. Tensors
 * are in JSON, or in binary behind it (the binary tensor data extension), or the body is
 * nothing but one tensor. Unknown keys and parameters are ignored. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/member.h"
#include "server/picture.h"
#include "server/protocol.h"
#include "server/registry.h"
#include "server/request.h"
#include "server/scan.h"
#include "server/v2_input.h"

enum { ID_MAX = 1024 }; /* bytes */

#define LENGTH_HEADER "Inference-Header-Content-Length"

/* How far the body has been read. */
struct v2 {
    struct batch *batch;
    struct v2_tail tail;
    bool binary; /* outputs that say nothing themselves */
};

static int read_id(struct scan *s, void *to, struct error *err)
{
    struct batch *b = ((struct v2 *)to)->batch;
    struct scan_text id;
    int r = scan_string(s, &id, err);

    if (r == 0 && id.len > ID_MAX)
        return error_set(err, -EINVAL, "the id has %zu bytes; at most %d are answered", id.len,
                         ID_MAX);
    if (r == 0 && id.len > 0) { /* an empty one is none */
        b->wish.id = id.at - 1; /* with its quotes */
        b->wish.id_len = id.len + 2;
    }
    return r;
}

static int read_inputs(struct scan *s, void *to, struct error *err)
{
    struct v2 *v = to;
    int r = scan_enter_array(s, err);

    if (r == 0)
        r = scan_next_item(s, err);
    if (r < 0)
        return r;
    if (r == 0)
        return error_set(err, -EINVAL, "inputs is empty; expected one tensor");
    r = v2_input_read(s, v->batch, &v->tail, err);
    if (r == 0)
        r = scan_next_item(s, err);
    return r == 1 ? error_set(err, -EINVAL, "inputs has more than one tensor; expected one")
                  : r;
}

static int read_outputs(struct scan *s, void *to, struct error *err)
{
    return v2_outputs_read(s, ((struct v2 *)to)->batch, err);
}

static int read_binary(struct scan *s, void *to, struct error *err)
{
    return scan_boolean(s, &((struct v2 *)to)->binary, err);
}

static int read_timeout(struct scan *s, void *to, struct error *err)
{
    const int64_t ns_per_us = 1000, most = INT64_MAX / ns_per_us;
    struct batch *b = ((struct v2 *)to)->batch;
    int64_t us;
    int r = scan_integer(s, &us, err);

    if (r == 0 && us < 0)
        return error_set(err, -EINVAL,
                         "the timeout is %lld; it should be microseconds, 0 for none",
                         (long long)us);
    if (r == 0)
        b->wish.timeout_ns = (uint64_t)((us < most ? us : most) * ns_per_us);
    return r;
}

static int read_parameters(struct scan *s, void *to, struct error *err)
{
    static const struct member members[] = {
        {"binary_data_output", read_binary },
        {"timeout",            read_timeout},
    };
    unsigned ignored;

    return member_read(s, members, 2, "parameters", to, &ignored, err);
}

/* Where the JSON ends, if the client tells that something else follows it. */
static int read_length(const struct request *req, size_t *ret, struct v2_tail *tail,
                       struct error *err)
{
    const char *text = req->header(req, LENGTH_HEADER);
    char *end;

    *ret = req->body_len;
    if (!text)
        return 0;
    errno = 0;
    unsigned long long len = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || errno || len > req->body_len)
        return error_set(err, -EINVAL,
                         LENGTH_HEADER " is '%.24s'; it should be how many of the body's %zu "
                                       "bytes are JSON",
                         text, req->body_len);
    *ret = (size_t)len;
    *tail =
        (struct v2_tail){(const unsigned char *)req->body + len, req->body_len - (size_t)len};
    return 0;
}

static int read_json(const char *json, size_t len, struct v2 *v, struct error *err)
{
    static const struct member members[] = {
        {"id",         read_id        },
        {"inputs",     read_inputs    },
        {"outputs",    read_outputs   },
        {"parameters", read_parameters},
    };
    enum { SEEN_INPUTS = 2 };
    struct scan scan;
    unsigned seen;

    scan_init(&scan, json, len, v->batch->json_depth_max);
    int r = member_read(&scan, members, sizeof(members) / sizeof(members[0]), "the body", v,
                        &seen, err);

    if (r == 0)
        r = scan_end(&scan, err);
    if (r == 0 && !(seen & SEEN_INPUTS))
        r = error_set(err, -EINVAL, "the body has no inputs; expected a list of one tensor");
    if (r == 0 && v->tail.len > 0)
        r = error_set(err, -EINVAL,
                      "behind the JSON and its tensors are %zu bytes more; binary_data_size "
                      "should claim them",
                      v->tail.len);
    return r;
}

/* The bytes of a tensor where JSON should be: the client has left out the header. */
static bool is_raw(const struct request *req)
{
    static const char begins_json[] = {'{', ' ', '\t', '\r', '\n'};

    return req->body && req->body_len > 0 &&
           req->body_len % (MODEL_INPUT * sizeof(float)) == 0 &&
           !memchr(begins_json, req->body[0], sizeof(begins_json));
}

static int decode(const struct request *req, struct batch *b, struct error *err)
{
    struct v2 v = {.batch = b};
    size_t len;
    int r = read_length(req, &len, &v.tail, err);

    if (r < 0)
        return r;
    if (len == 0 && v.tail.len > 0) {
        r = v2_input_raw(b, &v.tail, err);
        v.binary = true;
    } else if (!v.tail.at && is_raw(req)) {
        r = error_set(err, -EBADMSG,
                      "the body is no JSON; a raw tensor should come with " LENGTH_HEADER
                      ": 0");
    } else {
        r = read_json(req->body, len, &v, err);
    }
    v2_outputs_settle(b, v.binary);
    return r;
}

static int write_json(const struct batch *b, struct buf *out, struct buf *tail)
{
    int r = buf_text(out, "{\"model_name\":");

    if (r == 0)
        r = buf_json_string(out, b->served->name, strlen(b->served->name));
    if (r == 0)
        r = buf_text(out, ",\"model_version\":\"");
    if (r == 0)
        r = buf_text(out, b->served->version_text);
    if (r == 0)
        r = buf_text(out, "\"");
    if (r == 0 && b->wish.id) {
        r = buf_text(out, ",\"id\":");
        if (r == 0)
            r = buf_append(out, b->wish.id, b->wish.id_len);
    }
    if (r == 0)
        r = buf_text(out, ",\"outputs\":");
    if (r == 0)
        r = v2_outputs_write(b, out, tail);
    return r ? r : buf_text(out, "}");
}

static int encode(const struct batch *b, struct response *res, struct error *err)
{
    struct buf tail = BUF(res->body->limit);
    int r = write_json(b, res->body, &tail);

    res->content_type = "application/json";
    if (r == 0 && tail.len > 0) {
        char digits[24];
        struct buf text = {.data = digits, .cap = sizeof(digits), .limit = sizeof(digits)};

        (void)buf_number(&text, res->body->len);
        response_value(res, LENGTH_HEADER, text.data, text.len);
        res->content_type = "application/octet-stream";
        r = buf_append(res->body, tail.data, tail.len);
    }
    buf_clear(&tail);
    return r ? error_set(err, r, "no room for the answers to %zu images", b->n) : 0;
}

/* The body is the picture. */
static int decode_picture(const struct request *req, struct batch *b, struct error *err)
{
    int r = picture_add(b, req->body, req->body_len, err);

    v2_outputs_settle(b, false);
    return r;
}

const struct protocol protocol_v2 = {.name = "v2", .decode = decode, .encode = encode};
const struct protocol protocol_v2_png = {
    .name = "v2_png", .decode = decode_picture, .encode = encode};
