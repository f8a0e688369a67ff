/* TensorFlow Serving's and KServe's V1 predict:
 *     {"instances": [IMAGE, ..]}  ->  {"predictions": [[10 probabilities], ..]}
 *     {"inputs": IMAGES}          ->  {"outputs": [[10 probabilities], ..]}
 * An image is 784 numbers in any of the shapes that exporters give it, or what v1_value.h says.
 * If pictures came, or
 *     {"strokes": [[[x,y], ..], ..]}
 * the answer is as to a picture (protocol_png.c). Other keys at the top are ignored, as
 * TensorFlow Serving does. */

#include <errno.h>
#include <stdio.h>

#include "model/error.h"
#include "server/answer.h"
#include "server/batch.h"
#include "server/format.h"
#include "server/member.h"
#include "server/protocol.h"
#include "server/request.h"
#include "server/scan.h"
#include "server/strokes_json.h"
#include "server/tensor.h"
#include "server/v1_value.h"

#define SHAPES "[784], [28,28], [28,28,1] or [1,28,28]"

/* How far the body has been read. */
struct v1 {
    struct batch *batch;
    struct scan_shape first; /* of instances[0]: all should have the same */
    struct v1_value as;      /* and be written alike */
};

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

/* Takes the numbers at the scanner into out[0..max-1]. Returns -E2BIG, without an error text,
 * if there are more. */
static int read_numbers(struct scan *s, const char *where, float *out, size_t max,
                        struct scan_shape *ret, struct error *err)
{
    struct error inner = {0};
    size_t n;
    int r = scan_floats(s, out, max, &n, ret, &inner);

    return r < 0 && r != -E2BIG ? error_set(err, r, "%s: %s", where, inner.text) : r;
}

static int read_row_numbers(struct scan *s, struct v1 *v, const char *where, struct error *err)
{
    struct scan_shape shape = {0};
    float *out;
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

/* One of the instances. */
static int read_row(struct scan *s, struct v1 *v, struct error *err)
{
    struct v1_value value;
    char where[40];

    (void)snprintf(where, sizeof(where), "instances[%zu]", v->batch->n);
    int r = v1_value_open(s, where, &value, err);

    if (v->batch->n == 0)
        v->as = value;
    if (r == 0 && value.named != v->as.named)
        return error_set(err, -EINVAL, "%s is %s object, unlike instances[0]", where,
                         value.named ? "an" : "no");
    if (r == 0 && value.picture != v->as.picture)
        return error_set(err, -EINVAL, "%s is %s picture, unlike instances[0]", where,
                         value.picture ? "a" : "no");
    if (r == 0)
        r = value.picture ? v1_value_picture(s, where, v->batch, err)
                          : read_row_numbers(s, v, where, err);
    return r ? r : v1_value_close(s, where, &value, err);
}

/* Whether nothing has been read yet that asks. */
static int read_first(const void *to, struct error *err)
{
    const struct batch *b = ((const struct v1 *)to)->batch;

    return b->n == 0 ? 0
                     : error_set(err, -EINVAL,
                                 "the body has two of instances, inputs and strokes; expected "
                                 "one");
}

static int read_instances(struct scan *s, void *to, struct error *err)
{
    int r = read_first(to, err);

    if (r < 0)
        return r;
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

/* How many images there are is only known at the end; but each number has two bytes at least,
 * which bounds the memory by a small multiple of the body. */
static int read_columns(struct scan *s, struct batch *b, struct error *err)
{
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
    return 0;
}

static bool is_list_of_pictures(struct scan s)
{
    return scan_peek(&s) == '[' && scan_enter_array(&s, NULL) == 0 &&
           scan_next_item(&s, NULL) == 1 && (scan_peek(&s) == '"' || scan_peek(&s) == '{');
}

static int read_pictures(struct scan *s, struct batch *b, struct error *err)
{
    int r = scan_enter_array(s, err);

    while (r == 0) {
        struct v1_value value;
        char where[40];

        r = scan_next_item(s, err);
        if (r <= 0)
            break;
        (void)snprintf(where, sizeof(where), "inputs[%zu]", b->n);
        r = v1_value_open(s, where, &value, err);
        if (r == 0 && !value.picture)
            return error_set(err, -EINVAL, "%s is no picture, unlike inputs[0]", where);
        if (r == 0)
            r = v1_value_picture(s, where, b, err);
        if (r == 0)
            r = v1_value_close(s, where, &value, err);
    }
    return r;
}

static int read_inputs(struct scan *s, void *to, struct error *err)
{
    struct batch *b = ((struct v1 *)to)->batch;
    struct v1_value value;
    int r = read_first(to, err);

    if (r == 0)
        r = v1_value_open(s, "inputs", &value, err);
    if (r < 0)
        return r;
    if (value.picture)
        r = v1_value_picture(s, "inputs", b, err);
    else if (is_list_of_pictures(*s))
        r = read_pictures(s, b, err);
    else
        r = read_columns(s, b, err);
    b->wish.columns = true;
    return r ? r : v1_value_close(s, "inputs", &value, err);
}

static int read_strokes(struct scan *s, void *to, struct error *err)
{
    struct batch *b = ((struct v1 *)to)->batch;
    int r = read_first(to, err);

    b->wish.pictures = true;
    return r ? r : strokes_json_read(s, b, err);
}

static int read_signature(struct scan *s, void *to, struct error *err)
{
    (void)to;
    return v1_value_signature(s, err);
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

static int write_classes(const struct batch *b, struct buf *out)
{
    int r = buf_text(out, "],\"classes\":[");

    for (size_t i = 0; i < b->n && r == 0; i++)
        r = buf_print(out, "%s%d", i ? "," : "", answer_digit(b, i));
    return r ? r : buf_text(out, "]}}");
}

static int write_row(const struct batch *b, size_t i, bool named, struct buf *out)
{
    int r = i > 0 ? buf_text(out, ",") : 0;

    if (r == 0 && named)
        r = buf_text(out, "{\"predictions\":");
    if (r == 0)
        r = format_floats(out, b->probabilities + i * MODEL_CLASSES, MODEL_CLASSES);
    return r || !named ? r : buf_print(out, ",\"classes\":%d}", answer_digit(b, i));
}

static int encode(const struct batch *b, struct response *res, struct error *err)
{
    static const char *const begin[2][2] = {
        {"{\"predictions\":[", "{\"predictions\":["             },
        {"{\"outputs\":[",     "{\"outputs\":{\"predictions\":["},
    };

    if (b->wish.pictures)
        return protocol_png.encode(b, res, err);
    int r = buf_text(res->body, begin[b->wish.columns][b->v1_named]);

    for (size_t i = 0; i < b->n && r == 0; i++)
        r = write_row(b, i, b->v1_named && !b->wish.columns, res->body);
    if (r == 0)
        r = b->v1_named && b->wish.columns ? write_classes(b, res->body)
                                           : buf_text(res->body, "]}");
    res->content_type = "application/json";
    return r ? error_set(err, r, "no room for the answers to %zu images", b->n) : 0;
}

const struct protocol protocol_v1 = {.name = "v1", .decode = decode, .encode = encode};
