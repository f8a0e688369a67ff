/* TensorFlow Serving's :classify and :regress:
 *     {"examples": [{"input": [784 numbers]}, ..]}  ->  {"results": [[["7",0.998], ..], ..]}
 *                                                   or  {"results": [7.0, ..]}
 * An example is an object of features, of any names; the one that is 784 numbers or {"b64": ..}
 * is the image, others say nothing to this model. "context" has features that examples lack. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "server/answer.h"
#include "server/batch.h"
#include "server/format.h"
#include "server/member.h"
#include "server/protocol.h"
#include "server/registry.h"
#include "server/request.h"
#include "server/scan.h"
#include "server/v1_value.h"

/* How far the body has been read. */
struct body {
    struct batch *batch;
    struct scan examples, context; /* where they begin */
    bool has_context, context_read;
    size_t context_image;  /* the first of its images, once read */
    size_t context_images; /* a picture may be a number of several digits */
    bool pictures;         /* what the first example has, and so should all */
};

/* One object of features, while it is read. */
struct features {
    struct batch *batch;
    const char *where; /* "examples[3]" */
    bool found;        /* its image */
    bool picture;      /* which is one */
};

static int wrong_feature(const struct features *f, struct scan_text key, const char *what,
                         struct error *err)
{
    return error_set(err, -EINVAL, "%s: the feature '%.*s' %s", f->where,
                     key.len < 32 ? (int)key.len : 32, key.at, what);
}

static int claim(struct features *f, struct scan_text key, struct error *err)
{
    if (f->found)
        return wrong_feature(f, key, "is the second image; expected one", err);
    f->found = true;
    return 0;
}

/* A list of numbers is the image if it has 784 of them. */
static int read_numbers(struct scan *s, struct features *f, struct scan_text key,
                        struct error *err)
{
    struct scan_shape shape = {0};
    struct error inner = {0};
    size_t n = 0;
    float *out;
    int r = batch_add(f->batch, 1, &out, err);

    if (r < 0)
        return r;
    r = scan_floats(s, out, MODEL_INPUT, &n, &shape, &inner);
    if (r == -E2BIG)
        return wrong_feature(f, key, "has more than 784 numbers", err);
    if (r < 0)
        return error_set(err, r, "%s: %s", f->where, inner.text);
    if (shape.rank != 1)
        return wrong_feature(f, key, "is a nested list; expected 784 numbers", err);
    if (n == MODEL_INPUT)
        return claim(f, key, err);
    f->batch->n--;
    return 0;
}

static bool is_list_of_numbers(struct scan s)
{
    return scan_peek(&s) == '[' && scan_enter_array(&s, NULL) == 0 &&
           scan_next_item(&s, NULL) == 1 && (scan_peek(&s) == '0' || scan_peek(&s) == '[');
}

static int read_bytes(struct scan *s, struct features *f, struct scan_text key,
                      struct error *err)
{
    struct v1_value value;
    int r = v1_value_open(s, f->where, &value, err);

    if (r == 0 && (!value.picture || value.named))
        return wrong_feature(f, key, "is an object; expected {\"b64\": a picture}", err);
    if (r == 0)
        r = claim(f, key, err);
    f->picture = true;
    if (r == 0)
        r = v1_value_picture(s, f->where, f->batch, err);
    return r ? r : v1_value_close(s, f->where, &value, err);
}

static int read_features(struct scan *s, struct features *f, struct error *err)
{
    struct scan_text key;
    int r = scan_enter_object(s, err);

    while (r == 0) {
        r = scan_next_key(s, &key, err);
        if (r <= 0)
            break;
        if (scan_peek(s) == 'n')
            return wrong_feature(f, key, "is null; expected a value or none at all", err);
        if (scan_peek(s) == '{')
            r = read_bytes(s, f, key, err);
        else
            r = is_list_of_numbers(*s) ? read_numbers(s, f, key, err) : scan_skip(s, err);
    }
    return r;
}

/* Gives an example without an image the one of the context. */
static int borrow(struct body *body, struct features *f, struct error *err)
{
    struct batch *b = body->batch;
    const size_t from = body->context_image, n = body->context_images;
    float *out;

    if (!body->has_context)
        return 0;
    if (!body->context_read) {
        f->where = "context";
        body->context_read = true;
        body->context_image = b->n;
        int r = read_features(&body->context, f, err);

        body->context_images = b->n - body->context_image;
        return r;
    }
    int r = batch_add(b, n, &out, err);

    if (r < 0 || n == 0)
        return r;
    memcpy(out, b->images + from * MODEL_INPUT, n * MODEL_INPUT * sizeof(*out));
    if (b->seen)
        memcpy(&b->seen[b->n - n], &b->seen[from], n * sizeof(*b->seen));
    f->found = true;
    f->picture = b->wish.pictures;
    return 0;
}

static int read_example(struct scan *s, struct body *body, struct error *err)
{
    char where[40];
    const size_t i = body->batch->n;
    struct features f = {.batch = body->batch, .where = where};

    (void)snprintf(where, sizeof(where), "examples[%zu]", i);
    int r = read_features(s, &f, err);

    if (r == 0 && !f.found)
        r = borrow(body, &f, err);
    if (r < 0)
        return r;
    if (!f.found)
        return error_set(err, -EINVAL,
                         "%s has no feature of 784 numbers, and none that is {\"b64\": ..}",
                         where);
    if (i == 0)
        body->pictures = f.picture;
    if (f.picture != body->pictures)
        return error_set(err, -EINVAL, "%s is %s picture, unlike examples[0]", where,
                         f.picture ? "a" : "no");
    return 0;
}

static int keep_examples(struct scan *s, void *to, struct error *err)
{
    ((struct body *)to)->examples = *s;
    return scan_skip(s, err);
}

static int keep_context(struct scan *s, void *to, struct error *err)
{
    struct body *body = to;

    body->context = *s;
    body->has_context = true;
    return scan_skip(s, err);
}

static int read_signature(struct scan *s, void *to, struct error *err)
{
    (void)to;
    return v1_value_signature(s, err);
}

static int read_examples(struct body *body, struct error *err)
{
    struct scan *s = &body->examples;

    if (scan_peek(s) != '[')
        return scan_expected(s, "a list of examples", err);
    int r = scan_enter_array(s, err);

    while (r == 0) {
        r = scan_next_item(s, err);
        if (r <= 0)
            break;
        r = read_example(s, body, err);
    }
    if (r == 0 && body->batch->n == 0)
        return error_set(err, -EINVAL, "examples is empty; expected at least one");
    return r;
}

static int decode(const struct request *req, struct batch *b, struct error *err)
{
    static const struct member members[] = {
        {"examples",       keep_examples },
        {"context",        keep_context  },
        {"signature_name", read_signature},
    };
    struct body body = {.batch = b};
    struct scan scan;
    unsigned seen = 0;

    scan_init(&scan, req->body, req->body_len, b->json_depth_max);
    int r = member_read(&scan, members, sizeof(members) / sizeof(members[0]), "the body", &body,
                        &seen, err);

    if (r == 0)
        r = scan_end(&scan, err);
    if (r == 0 && !(seen & 1))
        return error_set(err, -EINVAL,
                         "the body has no examples; expected {\"examples\": [{\"input\": [784 "
                         "numbers]}, ..]}");
    return r ? r : read_examples(&body, err);
}

static int write_class(const struct batch *b, size_t i, size_t k, struct buf *out)
{
    const char *label = model_info(b->served->model)->labels[k];
    int r = buf_text(out, "[");

    if (!label)
        label = "";
    if (r == 0)
        r = buf_json_string(out, label, strlen(label));
    if (r == 0)
        r = buf_text(out, ",");
    if (r == 0)
        r = buf_reserve(out, FORMAT_FLOAT_MAX);
    if (r == 0)
        out->len += format_float(out->data + out->len, b->probabilities[i * MODEL_CLASSES + k]);
    return r ? r : buf_text(out, "]");
}

/* All classes, the most probable first; of a picture that is no digit none. */
static int write_classes(const struct batch *b, size_t i, struct buf *out)
{
    size_t order[MODEL_CLASSES];
    int r = buf_text(out, "[");

    answer_rank(b->probabilities + i * MODEL_CLASSES, order);
    for (size_t k = 0; k < MODEL_CLASSES && r == 0; k++) {
        if (answer_verdict(b, i) != PREPROCESS_DIGIT)
            break;
        r = k > 0 ? buf_text(out, ",") : 0;
        if (r == 0)
            r = write_class(b, i, order[k], out);
    }
    return r ? r : buf_text(out, "]");
}

/* The digit as a number with a point; -1.0 for a picture that is none. */
static int write_digit(const struct batch *b, size_t i, struct buf *out)
{
    return buf_print(out, "%d.0",
                     answer_verdict(b, i) == PREPROCESS_DIGIT ? answer_digit(b, i) : -1);
}

static int write_results(const struct batch *b, struct response *res,
                         int (*write)(const struct batch *b, size_t i, struct buf *out),
                         struct error *err)
{
    int r = buf_text(res->body, "{\"results\":[");

    for (size_t i = 0; i < b->n && r == 0; i++) {
        r = i > 0 ? buf_text(res->body, ",") : 0;
        if (r == 0)
            r = write(b, i, res->body);
    }
    if (r == 0)
        r = buf_text(res->body, "]}");
    res->content_type = "application/json";
    return r ? error_set(err, r, "no room for the answers to %zu images", b->n) : 0;
}

static int encode_classes(const struct batch *b, struct response *res, struct error *err)
{
    return write_results(b, res, write_classes, err);
}

static int encode_digits(const struct batch *b, struct response *res, struct error *err)
{
    return write_results(b, res, write_digit, err);
}

const struct protocol protocol_classify = {
    .name = "classify", .decode = decode, .encode = encode_classes};
const struct protocol protocol_regress = {
    .name = "regress", .decode = decode, .encode = encode_digits};
