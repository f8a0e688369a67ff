#include "server/v2_input.h"

#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/member.h"
#include "server/registry.h"
#include "server/scan.h"
#include "server/tensor.h"
#include "server/v2_bytes.h"
#include "server/v2_datatype.h"

#define SHAPES "[n,784], [n,28,28], [n,1,28,28] or [n,28,28,1]"

struct input {
    struct batch *batch;
    struct v2_tail *tail;
    const char *name; /* of the model's input */
    const struct v2_datatype *datatype;
    struct scan_shape shape;
    bool shaped;
    struct scan data; /* where it begins; it may come before what tells how to read it */
    bool read;        /* it has been */
    bool binary;      /* it is the next `size` bytes of the tail instead */
    size_t size;
};

static int read_name(struct scan *s, void *to, struct error *err)
{
    const struct input *in = to;
    struct scan_text name;
    int r = scan_string(s, &name, err);

    if (r == 0 && !scan_equals(name, in->name))
        return error_set(err, -EINVAL, "the input is called '%.*s'; this model's is '%s'",
                         name.len < 48 ? (int)name.len : 48, name.at, in->name);
    return r;
}

static int read_shape(struct scan *s, void *to, struct error *err)
{
    struct input *in = to;
    size_t rank = 0;
    int64_t dim;
    int r;

    if (scan_peek(s) != '[')
        return scan_expected(s, "a list of integers as the shape", err);
    r = scan_enter_array(s, err);
    while (r == 0) {
        r = scan_next_item(s, err);
        if (r <= 0)
            break;
        r = scan_integer(s, &dim, err);
        if (r == 0 && (dim < 0 || rank == SCAN_RANK_MAX))
            return error_set(err, -EINVAL,
                             dim < 0
                                 ? "the shape has the dimension %lld; it should be 0 or more"
                                 : "the shape has more than 8 dimensions, the next is %lld",
                             (long long)dim);
        if (r == 0)
            in->shape.dims[rank++] = (size_t)dim;
    }
    in->shape.rank = rank;
    in->shaped = true;
    return r;
}

static int read_datatype(struct scan *s, void *to, struct error *err)
{
    struct input *in = to;
    struct scan_text name;
    int r = scan_string(s, &name, err);

    return r ? r : v2_datatype_find(name, &in->datatype, err);
}

static int read_size(struct scan *s, void *to, struct error *err)
{
    struct input *in = to;
    int64_t size;
    int r = scan_integer(s, &size, err);

    if (r == 0 && (size < 0 || (uint64_t)size > in->tail->len))
        return error_set(err, -EINVAL,
                         "binary_data_size is %lld, but behind the JSON are %zu bytes%s",
                         (long long)size, in->tail->len,
                         in->tail->at ? "" : ": there is no Inference-Header-Content-Length");
    in->binary = true;
    in->size = (size_t)size;
    return r;
}

static int refuse_shared(struct scan *s, void *to, struct error *err)
{
    (void)s;
    (void)to;
    return error_set(err, -EINVAL,
                     "shared_memory_region: there is no shared memory; the tensor should come "
                     "with the request");
}

/* Data in JSON may be flat, or nested in any way that says the same number of pictures. */
static int check_count(const struct input *in, const struct scan_shape *data, size_t n,
                       size_t pictures, struct error *err)
{
    struct tensor_pictures nested;
    char shape[TENSOR_TEXT_MAX], found[TENSOR_TEXT_MAX];

    if (n != pictures * MODEL_INPUT)
        return error_set(err, -EINVAL, "data has %zu numbers; the shape %s means %zu", n,
                         tensor_text(&in->shape, shape), pictures * MODEL_INPUT);
    if (data->rank == 1)
        return 0;
    if (tensor_pictures(data, &nested) < 0 || nested.n != pictures)
        return error_set(err, -EINVAL, "data is nested as %s, but the shape is %s",
                         tensor_text(data, found), tensor_text(&in->shape, shape));
    return 0;
}

/* Whether the numbers are written as the type wants them. `text` holds nothing but them. */
static int check_form(const struct v2_datatype *type, const char *text, size_t len,
                      struct error *err)
{
    bool point = memchr(text, '.', len) || memchr(text, 'E', len);

    if (type->boolean ? point : type->integer && (point || memchr(text, 'e', len)))
        return error_set(err, -EINVAL,
                         "data has numbers that are not integers, but is said to be %s",
                         type->name);
    return 0;
}

static int read_numbers(struct input *in, size_t pictures, float *out, struct error *err)
{
    struct scan *s = &in->data;
    struct scan_shape shape;
    struct error inner = {0};
    char text[TENSOR_TEXT_MAX];
    const char *begin = s->at;
    size_t n;

    if (in->datatype->no_json)
        return error_set(err, -EINVAL, "data of the type %s should be in binary, not in JSON",
                         in->datatype->name);
    s->booleans = in->datatype->boolean;
    int r = scan_floats(s, out, pictures * MODEL_INPUT, &n, &shape, &inner);

    if (r == -E2BIG)
        return error_set(err, -EINVAL,
                         "data has more than the %zu numbers that the shape %s means",
                         pictures * MODEL_INPUT, tensor_text(&in->shape, text));
    if (r < 0)
        return error_set(err, r, "data: %s", inner.text);
    s->booleans = false;
    r = check_count(in, &shape, n, pictures, err);
    return r ? r : check_form(in->datatype, begin, (size_t)(s->at - begin), err);
}

static int take_numbers(const struct input *in, size_t pictures, float *out, struct error *err)
{
    char text[TENSOR_TEXT_MAX];
    size_t n = pictures * MODEL_INPUT, want = n * in->datatype->width;

    if (in->size != want)
        return error_set(err, -EINVAL,
                         "binary_data_size is %zu; the shape %s of %s means %zu bytes",
                         in->size, tensor_text(&in->shape, text), in->datatype->name, want);
    in->datatype->to_floats(in->tail->at, n, out);
    return 0;
}

static int read_tensor(struct input *in, struct error *err)
{
    struct batch *b = in->batch;
    struct tensor_pictures pictures;
    char text[TENSOR_TEXT_MAX];
    float *out;

    if (tensor_pictures(&in->shape, &pictures) < 0 || pictures.n == 0)
        return error_set(err, -EINVAL, "the shape is %s; expected " SHAPES,
                         tensor_text(&in->shape, text));
    int r = batch_add(b, pictures.n, &out, err);

    if (r == 0)
        r = in->binary ? take_numbers(in, pictures.n, out, err)
                       : read_numbers(in, pictures.n, out, err);
    if (r == 0)
        r = v2_datatype_check(in->datatype, out, pictures.n * MODEL_INPUT, err);
    if (r == 0 && in->datatype->boolean) { /* true is ink */
        const float ink = model_info(b->served->model)->input_scale * UINT8_MAX;

        b->wish.scaled = true;
        for (size_t i = 0; i < pictures.n * MODEL_INPUT; i++)
            out[i] *= ink;
    }
    return r;
}

/* Once it is known what the content is. */
static int read_content(struct input *in, struct error *err)
{
    in->read = true;
    if (in->datatype->width > 0)
        return read_tensor(in, err);
    return in->binary ? v2_bytes_take(in->batch, &in->shape, in->tail->at, in->size, err)
                      : v2_bytes_read(in->batch, &in->shape, &in->data, err);
}

static int read_data(struct scan *s, void *to, struct error *err)
{
    struct input *in = to;
    int r;

    in->data = *s;
    if (!in->shaped || !in->datatype || in->binary)
        return scan_skip(s, err);
    r = read_content(in, err);
    *s = in->data;
    return r;
}

static int read_parameters(struct scan *s, void *to, struct error *err)
{
    static const struct member members[] = {
        {"binary_data_size",     read_size    },
        {"shared_memory_region", refuse_shared},
    };
    unsigned ignored;

    return member_read(s, members, 2, "parameters", to, &ignored, err);
}

int v2_input_read(struct scan *s, struct batch *b, struct v2_tail *tail, struct error *err)
{
    static const struct member members[] = {
        {"name",       read_name      },
        {"shape",      read_shape     },
        {"datatype",   read_datatype  },
        {"data",       read_data      },
        {"parameters", read_parameters},
    };
    enum { NEEDED = 4, DATA = 3 };
    struct input in = {
        .batch = b, .tail = tail, .name = model_info(b->served->model)->input_name};
    unsigned seen;
    int r = member_read(s, members, sizeof(members) / sizeof(members[0]), "the input", &in,
                        &seen, err);

    if (r == 0 && in.binary && seen >> DATA & 1)
        return error_set(err, -EINVAL,
                         "the input has data and binary_data_size; expected one of them");
    for (unsigned i = 0; i < NEEDED && r == 0; i++)
        if (!(seen >> i & 1) && !(i == DATA && in.binary))
            return error_set(err, -EINVAL,
                             "the input has no %s; expected name, shape, datatype "
                             "and data",
                             members[i].key);
    if (r == 0 && !in.read)
        r = read_content(&in, err);
    if (in.size > 0) { /* there may be no tail */
        tail->at += in.size;
        tail->len -= in.size;
    }
    return r;
}

int v2_input_raw(struct batch *b, const struct v2_tail *tail, struct error *err)
{
    static const struct scan_text fp32 = {"FP32", 4};
    const size_t one = MODEL_INPUT * sizeof(float);
    const struct v2_datatype *type = NULL;
    float *out;

    if (tail->len == 0 || tail->len % one != 0)
        return error_set(err, -EINVAL,
                         "the raw tensor is %zu bytes; expected %zu of FP32 for each image",
                         tail->len, one);
    int r = v2_datatype_find(fp32, &type, err);

    if (r == 0)
        r = batch_add(b, tail->len / one, &out, err);
    if (r == 0) {
        type->to_floats(tail->at, b->n * MODEL_INPUT, out);
        r = v2_datatype_check(type, out, b->n * MODEL_INPUT, err);
    }
    return r;
}
