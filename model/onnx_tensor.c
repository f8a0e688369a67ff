#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/onnx_file.h"

/* Tensors are read in place, as the bytes lie in the file. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ONNX is little-endian");

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while reading the ONNX file");
}

int onnx_take_text(const char *text, const char **ret, struct error *err)
{
    for (const unsigned char *c = (const unsigned char *)text; c && *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return error_set(err, -EBADMSG,
                             "not a sound ONNX model: a name holds control character %d", *c);
    *ret = text ? text : "";
    return 0;
}

size_t onnx_element_len(int32_t type)
{
    static const uint8_t lens[] = {
        [ONNX_FLOAT] = 4, [ONNX_UINT8] = 1, [ONNX_INT8] = 1,   [ONNX_INT32] = 4,
        [ONNX_INT64] = 8, [ONNX_BOOL] = 1,  [ONNX_DOUBLE] = 8,
    };
    size_t i = (size_t)type;

    return type >= 0 && i < sizeof(lens) ? lens[i] : 0;
}

static int take_dims(const Onnx__TensorProto *p, struct onnx_tensor *t, struct error *err)
{
    if (p->n_dims > ONNX_RANK_MAX)
        return error_set(err, -ENOTSUP,
                         "tensor '%.60s' has %zu dimensions; at most %d are read", t->name,
                         p->n_dims, ONNX_RANK_MAX);
    t->rank = p->n_dims;
    t->count = 1;
    for (size_t i = 0; i < t->rank; i++) {
        t->dims[i] = p->dims[i];
        if (t->dims[i] < 0 || t->dims[i] > INT32_MAX ||
            __builtin_mul_overflow(t->count, (size_t)t->dims[i], &t->count))
            return error_set(err, -EBADMSG, "tensor '%.60s' has dimension %lld", t->name,
                             (long long)t->dims[i]);
    }
    return 0;
}

/* Elements of one byte, which the file keeps in four. */
static int take_bytes(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                      struct error *err)
{
    uint8_t *bytes = arena_alloc(&f->arena, p->n_int32_data, 1);

    if (!bytes)
        return no_memory(err);
    for (size_t i = 0; i < p->n_int32_data; i++)
        bytes[i] = t->type == ONNX_BOOL ? p->int32_data[i] != 0 : (uint8_t)p->int32_data[i];
    t->data = bytes;
    return 0;
}

/* The elements, wherever the file keeps them; there must be as many as the shape says. */
static int take_elements(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                         struct error *err)
{
    size_t len = onnx_element_len(t->type);
    size_t given = 0;
    int r = 0;

    if (p->has_raw_data) {
        given = p->raw_data.len / len;
        t->data = p->raw_data.data;
    } else if (t->type == ONNX_FLOAT) {
        given = p->n_float_data;
        t->data = p->float_data;
    } else if (t->type == ONNX_INT64) {
        given = p->n_int64_data;
        t->data = p->int64_data;
    } else if (t->type == ONNX_DOUBLE) {
        given = p->n_double_data;
        t->data = p->double_data;
    } else if (t->type == ONNX_INT32) {
        given = p->n_int32_data;
        t->data = p->int32_data;
    } else {
        given = p->n_int32_data;
        r = take_bytes(f, p, t, err);
    }
    if (r == 0 && (given != t->count || (p->has_raw_data && p->raw_data.len % len != 0)))
        return error_set(err, -EBADMSG,
                         "tensor '%.60s' has %zu bytes of data; its shape, of %zu elements, "
                         "takes %zu",
                         t->name, p->has_raw_data ? p->raw_data.len : given * len, t->count,
                         t->count * len);
    if (t->count == 0)
        t->data = NULL;
    return r;
}

int onnx_take_tensor(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                     struct error *err)
{
    int r = onnx_take_text(p->name, &t->name, err);

    t->type = p->data_type;
    if (r == 0)
        r = take_dims(p, t, err);
    if (r == 0 && p->segment)
        r = error_set(err, -ENOTSUP, "tensor '%.60s' is given in segments", t->name);
    if (r == 0 && (p->n_external_data > 0 ||
                   p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL))
        return onnx_take_external(f, p, t, err);
    if (r == 0 && onnx_element_len(t->type) > 0)
        r = take_elements(f, p, t, err);
    return r;
}
