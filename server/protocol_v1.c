/* TensorFlow Serving's and KServe's V1 predict:
 *     {"instances": [PICTURE, ..]}  ->  {"predictions": [[10 probabilities], ..]}
 *     {"inputs": PICTURES}          ->  {"outputs": [[10 probabilities], ..]}
 *     {"strokes": [[[x,y], ..], ..]} -> as protocol_png answers a picture
 * A picture is 784 numbers in any of the shapes that exporters give it. Either may be wrapped
 * in an object of one key. The key may be any: the model has a single input, and what clients
 * call it comes from the framework that they were written for ("conv2d_input",
 * "reshape_1_input"). Other keys at the top are ignored, as TensorFlow Serving does. */

#include <errno.h>
#include <stdio.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/format.h"
#include "server/member.h"
#include "server/protocol.h"
#include "server/request.h"
#include "server/scan.h"
#include "server/strokes_json.h"
#include "server/tensor.h"

#define SHAPES "[784], [28,28], [28,28,1] or [1,28,28]"

/* How far the body has been read. */
struct v1 {
    struct batch *batch;
    struct scan_shape first; /* of instances[0]: all should have the same */
    bool named;              /* and whether it is {"name": ..} */
};

/* Steps into {"name": VALUE}, up to the value. */
static int open_name(struct scan *s, const char *where, struct error *err)
{
    struct scan_text key = {0};
    int r = scan_enter_object(s, err);

    if (r == 0)
        r = scan_next_key(s, &key, err);
    if (r < 0)
        return r;
    if (r == 0)
        return error_set(err, -EINVAL, "%s is an object without a key; expected one", where);
    if (scan_equals(key, "b64"))
        return error_set(err, -EINVAL,
                         "%s is a picture in base64; expected 784 numbers, as " SHAPES, where);
    return 0;
}

static int close_name(struct scan *s, const char *where, struct error *err)
{
    struct scan_text key;
    int r = scan_next_key(s, &key, err);

    return r == 1 ? error_set(err, -EINVAL, "%s has more than one key; the model has one input",
                              where)
                  : r;
}

/* Reads the numbers at the scanner, bare or named, into out[0..max-1]. Returns -E2BIG, without
 * an error text, if there are more. */
static int read_numbers(struct scan *s, const char *where, float *out, size_t max,
                        struct scan_shape *ret, struct error *err)
{
    struct error inner = {0};
    bool named = scan_peek(s) == '{';
    size_t n;
    int r = named ? open_name(s, where, err) : 0;

    if (r == 0 && named && scan_peek(s) == '{') { /* {"name": {"b64": ..}}, if anything */
        r = open_name(s, where, err);
        return error_set(err, r ? r : -EINVAL, "%s is an object in an object", where);
    }
    if (r < 0)
        return r;
    r = scan_floats(s, out, max, &n, ret, &inner);
    if (r < 0)
        return r == -E2BIG ? r : error_set(err, r, "%s: %s", where, inner.text);
    return named ? close_name(s, where, err) : 0;
}

static int check_row(const struct v1 *v, const char *where, const struct scan_shape *shape,
                     struct error *err)
{
    struct tensor_pictures pictures;
    char text[TENSOR_TEXT_MAX], first[TENSOR_TEXT_MAX];

    if (shape->rank == 0)
        return error_set(err, -EINVAL, "%s is one number; expected 784, as " SHAPES, where);
    if (tensor_pictures(shape, &pictures) < 0 || pictures.counted)
        return error_set(err, -EINVAL, "%s has the shape %s; expected " SHAPES, where,
                         tensor_text(shape, text));
    if (!tensor_equal(shape, &v->first))
        return error_set(err, -EINVAL,
                         "%s has the shape %s, instances[0] %s; all should have one", where,
                         tensor_text(shape, text), tensor_text(&v->first, first));
    return 0;
}

/* One of the instances. */
static int read_row(struct scan *s, struct v1 *v, struct error *err)
{
    struct scan_shape shape = {0};
    char where[40];
    bool named = scan_peek(s) == '{';
    float *out;

    (void)snprintf(where, sizeof(where), "instances[%zu]", v->batch->n);
    if (v->batch->n == 0)
        v->named = named;
    if (named != v->named)
        return error_set(err, -EINVAL, "%s is %s object, unlike instances[0]", where,
                         named ? "an" : "no");
    int r = batch_add(v->batch, 1, &out, err);

    if (r < 0)
        return r;
    r = read_numbers(s, where, out, MODEL_INPUT, &shape, err);
    if (r == -E2BIG)
        return error_set(err, -EINVAL, "%s has more than 784 numbers; expected " SHAPES, where);
    if (r < 0)
        return r;
    if (v->batch->n == 1)
        v->first = shape;
    return check_row(v, where, &shape, err);
}

static int read_instances(struct scan *s, void *to, struct error *err)
{
    int r;

    if (scan_peek(s) != '[')
        return scan_expected(s, "a list of instances", err);
    r = scan_enter_array(s, err);
    while (r == 0) {
        r = scan_next_item(s, err);
        if (r <= 0)
            break;
        r = read_row(s, to, err);
    }
    return r;
}

/* How many pictures there are is only known at the end; but each number has two bytes at least,
 * which bounds the memory by a small multiple of the body. */
static int read_inputs(struct scan *s, void *to, struct error *err)
{
    struct batch *b = ((struct v1 *)to)->batch;
    size_t bytes = (size_t)(s->end - s->at);
    size_t room = bytes / 2 / MODEL_INPUT + 1;
    struct scan_shape shape;
    struct tensor_pictures pictures;
    char text[TENSOR_TEXT_MAX];
    float *out;

    if (room > b->max)
        room = b->max;
    int r = batch_add(b, room, &out, err);

    if (r < 0)
        return r;
    r = read_numbers(s, "inputs", out, room * MODEL_INPUT, &shape, err);
    if (r == -E2BIG)
        return error_set(err, r, "inputs has more than %zu images; that is the most", b->max);
    if (r < 0)
        return r;
    if (tensor_pictures(&shape, &pictures) < 0)
        return error_set(err, -EINVAL,
                         "inputs has the shape %s; expected [n,784], [n,28,28] or [n,28,28,1]",
                         tensor_text(&shape, text));
    b->n = pictures.n;
    b->wish.columns = true;
    return 0;
}

static int read_strokes(struct scan *s, void *to, struct error *err)
{
    struct batch *b = ((struct v1 *)to)->batch;

    b->wish.pictures = true;
    return strokes_json_read(s, b, err);
}

static int read_signature(struct scan *s, void *to, struct error *err)
{
    struct scan_text name;
    int r;

    (void)to;
    if (scan_peek(s) != '"')
        return scan_expected(s, "a string as signature_name", err);
    r = scan_string(s, &name, err);
    if (r == 0 && name.len > 0 && !scan_equals(name, "serving_default"))
        return error_set(err, -EINVAL,
                         "signature_name is '%.*s'; this model has only 'serving_default'",
                         name.len < 60 ? (int)name.len : 60, name.at);
    return r;
}

static int decode(const struct request *req, struct batch *b, struct error *err)
{
    static const struct member members[] = {
        {"instances",      read_instances},
        {"inputs",         read_inputs   },
        {"strokes",        read_strokes  },
        {"signature_name", read_signature},
    };
    enum { SEEN_DATA = 7 };
    struct v1 v = {.batch = b};
    struct scan scan;
    unsigned seen;

    scan_init(&scan, req->body, req->body_len, b->json_depth_max);
    int r = member_read(&scan, members, sizeof(members) / sizeof(members[0]), "the body", &v,
                        &seen, err);

    if (r == 0)
        r = scan_end(&scan, err);
    if (r < 0)
        return r;
    seen &= SEEN_DATA;
    if (seen == 0)
        return error_set(err, -EINVAL,
                         "the body has no instances, inputs or strokes; expected "
                         "{\"instances\": [[784 numbers], ..]}");
    if (seen & (seen - 1))
        return error_set(err, -EINVAL,
                         "the body has two of instances, inputs and strokes; expected one");
    if (b->n == 0)
        return error_set(err, -EINVAL, "instances is empty; expected at least one picture");
    return 0;
}

static int encode(const struct batch *b, struct response *res, struct error *err)
{
    if (b->wish.pictures)
        return protocol_png.encode(b, res, err);
    int r = buf_text(res->body, b->wish.columns ? "{\"outputs\":[" : "{\"predictions\":[");

    for (size_t i = 0; i < b->n && r == 0; i++) {
        if (i > 0)
            r = buf_text(res->body, ",");
        if (r == 0)
            r = format_floats(res->body, b->probabilities + i * MODEL_CLASSES, MODEL_CLASSES);
    }
    if (r == 0)
        r = buf_text(res->body, "]}");
    res->content_type = "application/json";
    return r ? error_set(err, r, "no room for the answers to %zu images", b->n) : 0;
}

const struct protocol protocol_v1 = {.name = "v1", .decode = decode, .encode = encode};
