#include <errno.h>
#include <math.h>
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

/* Numbers of two bytes are read too, and are float32 from then on. */
enum { FLOAT16 = 10, BFLOAT16 = 16 };

static bool is_narrow(int32_t type)
{
    return type == FLOAT16 || type == BFLOAT16;
}

size_t onnx_stored_len(int32_t type)
{
    return is_narrow(type) ? sizeof(uint16_t) : onnx_element_len(type);
}

int32_t onnx_read_as(int32_t type)
{
    return is_narrow(type) ? (int32_t)ONNX_FLOAT : type;
}

bool onnx_takes_greys(const struct onnx_value *v)
{
    static const int32_t types[] = {ONNX_UINT8, 4 /* uint16 */, 5 /* int16 */,
                                    ONNX_INT32, ONNX_INT64,     12 /* uint32 */,
                                    13 /* uint64 */};
    bool ret = false;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        ret = ret || v->type == types[i];
    return ret;
}

static float widen_one(int32_t type, uint16_t bits)
{
    uint32_t upper = (uint32_t)bits << 16;
    float fraction = (float)(bits & 0x3ff);
    int exponent = bits >> 10 & 0x1f;
    float ret = 0;

    if (type == BFLOAT16) {
        memcpy(&ret, &upper, sizeof(ret));
        return ret;
    }
    if (exponent == 0x1f)
        ret = fraction != 0 ? NAN : INFINITY;
    else
        ret = exponent == 0 ? ldexpf(fraction, -24) : ldexpf(1024 + fraction, exponent - 25);
    return bits & 0x8000 ? -ret : ret;
}

static int widen(struct file *f, struct onnx_tensor *t, struct error *err)
{
    const uint16_t *from = t->data;
    float *to = NULL;

    if (!is_narrow(t->type) || !from)
        return 0;
    to = arena_alloc(&f->arena, t->count, sizeof(*to));
    if (!to)
        return no_memory(err);
    for (size_t i = 0; i < t->count; i++)
        to[i] = widen_one(t->type, from[i]);
    t->type = ONNX_FLOAT;
    t->data = to;
    return 0;
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

/* Elements of one or two bytes, which the file keeps in four. */
static int take_bytes(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                      struct error *err)
{
    uint16_t *words = arena_alloc(&f->arena, p->n_int32_data, sizeof(*words));
    uint8_t *bytes = (uint8_t *)words;

    if (!words)
        return no_memory(err);
    for (size_t i = 0; i < p->n_int32_data && is_narrow(t->type); i++)
        words[i] = (uint16_t)p->int32_data[i];
    for (size_t i = 0; i < p->n_int32_data && !is_narrow(t->type); i++)
        bytes[i] = t->type == ONNX_BOOL ? p->int32_data[i] != 0 : (uint8_t)p->int32_data[i];
    t->data = words;
    return 0;
}

/* The elements, wherever the file keeps them; there must be as many as the shape says. */
static int take_elements(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                         struct error *err)
{
    size_t len = onnx_stored_len(t->type);
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
        r = onnx_take_external(f, p, t, err);
    else if (r == 0 && onnx_stored_len(t->type) > 0)
        r = take_elements(f, p, t, err);
    return r == 0 ? widen(f, t, err) : r;
}
