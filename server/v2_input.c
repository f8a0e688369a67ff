#include "server/v2_input.h"

#include <errno.h>
#include <float.h>
#include <string.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/member.h"
#include "server/registry.h"
#include "server/scan.h"
#include "server/tensor.h"

/* The bits of the table of members. */
enum { SEEN_NAME = 1, SEEN_SHAPE = 2, SEEN_DATATYPE = 4, SEEN_DATA = 8 };

struct datatype {
    const char *name;
    bool integer;
    float min, max;
};

/* BOOL is no picture; FP16 and BF16 have no JSON form; BYTES would be files. */
static const struct datatype datatypes[] = {
    {"FP32",   false, -FLT_MAX, FLT_MAX},
    {"FP64",   false, -FLT_MAX, FLT_MAX},
    {"INT8",   true,  -128,     127    },
    {"INT16",  true,  -32768,   32767  },
    {"INT32",  true,  -0x1p31F, 0x1p31F},
    {"INT64",  true,  -0x1p63F, 0x1p63F},
    {"UINT8",  true,  0,        255    },
    {"UINT16", true,  0,        65535  },
    {"UINT32", true,  0,        0x1p32F},
    {"UINT64", true,  0,        0x1p64F},
};

struct input {
    struct batch *batch;
    const char *name; /* of the model's input */
    const struct datatype *datatype;
    bool shaped;
    struct scan_shape shape;
    struct scan data; /* where it begins, if it came before shape or datatype */
    bool postponed;
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

    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof(datatypes) / sizeof(datatypes[0]); i++)
        if (scan_equals(name, datatypes[i].name))
            in->datatype = &datatypes[i];
    if (!in->datatype)
        return error_set(
            err, -EINVAL,
            "the datatype is '%.*s'; expected FP32, FP64, or INT or UINT with 8, 16, "
            "32 or 64 bits",
            name.len < 24 ? (int)name.len : 24, name.at);
    return 0;
}

/* Whether the numbers are of the type that the client says. `text` holds nothing but them. */
static int check_values(const struct datatype *type, const char *text, size_t len,
                        const float *values, size_t n, struct error *err)
{
    if (type->integer &&
        (memchr(text, '.', len) || memchr(text, 'e', len) || memchr(text, 'E', len)))
        return error_set(err, -EINVAL,
                         "data has numbers that are not integers, but is said to be %s",
                         type->name);
    for (size_t i = 0; i < n; i++)
        if (values[i] < type->min || values[i] > type->max)
            return error_set(err, -EINVAL, "data[%zu] is %.9g, which no %s can be", i,
                             (double)values[i], type->name);
    return 0;
}

/* Data may be flat, or nested in any way that says the same number of pictures. */
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

static int read_numbers(struct scan *s, struct input *in, struct error *err)
{
    struct tensor_pictures pictures;
    struct scan_shape shape;
    struct error inner = {0};
    const char *begin = s->at;
    char text[TENSOR_TEXT_MAX];
    float *out;
    size_t n;

    if (tensor_pictures(&in->shape, &pictures) < 0 || pictures.n == 0)
        return error_set(
            err, -EINVAL,
            "the shape is %s; expected [n,784], [n,28,28], [n,1,28,28] or [n,28,28,1]",
            tensor_text(&in->shape, text));
    int r = batch_add(in->batch, pictures.n, &out, err);

    if (r < 0)
        return r;
    r = scan_floats(s, out, pictures.n * MODEL_INPUT, &n, &shape, &inner);
    if (r == -E2BIG)
        return error_set(err, -EINVAL,
                         "data has more than the %zu numbers that the shape %s means",
                         pictures.n * MODEL_INPUT, tensor_text(&in->shape, text));
    if (r < 0)
        return error_set(err, r, "data: %s", inner.text);
    r = check_count(in, &shape, n, pictures.n, err);
    return r ? r : check_values(in->datatype, begin, (size_t)(s->at - begin), out, n, err);
}

static int read_data(struct scan *s, void *to, struct error *err)
{
    struct input *in = to;

    if (in->shaped && in->datatype)
        return read_numbers(s, in, err);
    in->data = *s;
    in->postponed = true;
    return scan_skip(s, err);
}

static int refuse_binary(struct scan *s, void *to, struct error *err)
{
    (void)s;
    (void)to;
    return error_set(
        err, -EINVAL,
        "binary_data_size: tensors in binary are not accepted; expected data in JSON");
}

static int read_parameters(struct scan *s, void *to, struct error *err)
{
    static const struct member refused[] = {
        {"binary_data_size", refuse_binary}
    };
    unsigned ignored;

    return member_read(s, refused, 1, "parameters", to, &ignored, err);
}

int v2_input_read(struct scan *s, struct batch *b, struct error *err)
{
    static const struct member members[] = {
        {"name",       read_name      },
        {"shape",      read_shape     },
        {"datatype",   read_datatype  },
        {"data",       read_data      },
        {"parameters", read_parameters},
    };
    enum { NEEDED = 4 };
    struct input in = {.batch = b, .name = model_info(b->served->model)->input_name};
    unsigned seen;
    int r = member_read(s, members, sizeof(members) / sizeof(members[0]), "the input", &in,
                        &seen, err);

    for (unsigned i = 0; i < NEEDED && r == 0; i++)
        if (!(seen >> i & 1))
            return error_set(err, -EINVAL,
                             "the input has no %s; expected name, shape, datatype "
                             "and data",
                             members[i].key);
    if (r == 0 && in.postponed)
        r = read_numbers(&in.data, &in, err);
    return r;
}
