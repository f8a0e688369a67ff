#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_quant.h"

/* Tensors of bytes. */

/* A constant that was made of integers, found again by the address of its numbers. */
struct graph_integers {
    const struct graph_integers *next;
    const float *numbers;
    int32_t *integers; /* less their zero point */
    const float *scale;
    size_t n_scale, axis;
};

enum {
    SIGNED_SHIFT = 128, /* of the bytes that stand for signed ones */
    WEIGHT_MAX = 255,
};

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while reading the graph");
}

static int32_t integer(const struct onnx_tensor *t, size_t i)
{
    switch (t->type) {
    case ONNX_UINT8:
        return ((const uint8_t *)t->data)[i];
    case ONNX_INT8:
        return ((const int8_t *)t->data)[i];
    default:
        return ((const int32_t *)t->data)[i];
    }
}

/* The scales and zero points of an input. */
struct scaling {
    const struct onnx_tensor *scale, *zero; /* NULL: 1 and 0 */
};

static int read_scaling(struct graph_builder *b, const struct onnx_node *n,
                        const struct graph_quant_input *i, struct scaling *ret,
                        struct error *err)
{
    const struct graph_symbol *zero = graph_input(b, n, i->zero);
    int r = 0;

    if (!i->unscaled)
        r = graph_input_floats(b, n, i->scale, &ret->scale, err);
    for (size_t k = 0; r == 0 && ret->scale && k < ret->scale->count; k++)
        if (!(((const float *)ret->scale->data)[k] > 0))
            r = graph_refuse(n, err, -EBADMSG, "input %zu is a scale of %g", i->scale,
                             (double)((const float *)ret->scale->data)[k]);
    if (r < 0 || !zero)
        return r;
    if (!zero->constant)
        return graph_refuse(n, err, -ENOTSUP, "input %zu must be constant", i->zero);
    ret->zero = zero->constant;
    if (ret->zero->type != ONNX_UINT8 && ret->zero->type != ONNX_INT8 &&
        ret->zero->type != ONNX_INT32)
        return graph_refuse(n, err, -ENOTSUP,
                            "its zero point has element type %d; digitd does int8, uint8 and "
                            "int32",
                            (int)ret->zero->type);
    if (ret->zero->count == 0 || (ret->scale && ret->zero->count != ret->scale->count))
        return graph_refuse(n, err, -EBADMSG, "it has %zu zero points for %zu scales",
                            ret->zero->count, ret->scale ? ret->scale->count : 1);
    return 0;
}

/* One scale for a whole value. */
static int read_single(struct graph_builder *b, const struct onnx_node *n,
                       const struct graph_quant_input *i, int32_t otherwise, float *scale,
                       int32_t *zero, struct error *err)
{
    struct scaling s = {0};
    int r = read_scaling(b, n, i, &s, err);

    if (r < 0)
        return r;
    if ((s.scale && s.scale->count != 1) || (s.zero && s.zero->count != 1))
        return graph_refuse(n, err, -ENOTSUP,
                            "it has several scales; digitd does that for weights only");
    if (s.zero && s.zero->type == ONNX_INT32)
        return graph_refuse(n, err, -ENOTSUP, "it is of int32; digitd does int8 and uint8");
    *scale = s.scale ? *(const float *)s.scale->data : 1;
    *zero = otherwise;
    if (s.zero)
        *zero = integer(s.zero, 0) + (s.zero->type == ONNX_INT8 ? SIGNED_SHIFT : 0);
    return 0;
}

/* The zero point of bytes that are used without one: 0 as they are in the file. */
static int32_t plain_zero(const struct graph *g, size_t value)
{
    for (size_t i = g->n_nodes; i-- > 0;) {
        const struct graph_node *n = &g->nodes[i];

        if (n->out != value)
            continue;
        if (n->kind == GRAPH_QUANTIZE)
            return n->bytes->is_signed ? SIGNED_SHIFT : 0;
        if (n->kind != GRAPH_MAX_POOL && n->kind != GRAPH_RESHAPE && n->kind != GRAPH_MOVE)
            return 0;
        value = n->in[0];
    }
    return 0;
}

static int add_node(struct graph_builder *b, const struct onnx_node *n, const char *name,
                    enum graph_kind kind, size_t value, const struct graph_bytes *bytes,
                    struct error *err)
{
    struct graph_bytes *copy = arena_alloc(&b->graph->arena, 1, sizeof(*copy));
    const struct graph_shape shape = b->graph->values[value].shape;
    struct graph_node *node = NULL;
    int r = copy ? graph_insert(b, n, kind, value, &shape, &node, err) : no_memory(err);

    if (r == 0) {
        *copy = *bytes;
        node->bytes = copy;
        node->op = kind == GRAPH_QUANTIZE ? "QuantizeLinear" : "DequantizeLinear";
        r = graph_define(b, (struct graph_symbol){.name = name, .value = node->out}, err);
    }
    return r;
}

int graph_quant_plain(struct graph_builder *b, const struct onnx_node *n,
                      const struct graph_symbol *s, struct error *err)
{
    struct graph_bytes bytes = {.from = true, .scale = {1}};

    bytes.zero[0] = plain_zero(b->graph, s->value);
    if (bytes.zero[0] == 0)
        return graph_bind(b, n, *s, err);
    return add_node(b, n, n->outputs[0], GRAPH_DEQUANTIZE, s->value, &bytes, err);
}

/* Whether a list of scales has one for each of the tensor's slices along its axis. */
static int check_axis(const struct onnx_node *n, const struct onnx_tensor *t,
                      const struct scaling *s, int64_t axis, size_t *ret, struct error *err)
{
    size_t count = s->scale ? s->scale->count : s->zero ? s->zero->count : 1;

    axis += axis < 0 ? (int64_t)t->rank : 0;
    *ret = 0;
    if (count == 1)
        return 0;
    if (axis < 0 || axis >= (int64_t)t->rank || (int64_t)count != t->dims[axis])
        return graph_refuse(n, err, -EBADMSG, "%zu scales do not fit axis %lld", count,
                            (long long)axis);
    *ret = (size_t)axis;
    return 0;
}

/* Elements that lie between one slice along an axis and the next. */
static size_t stride_of(const struct onnx_tensor *t, size_t axis)
{
    size_t stride = 1;

    for (size_t i = axis + 1; i < t->rank; i++)
        stride *= (size_t)t->dims[i];
    return stride;
}

static void dequantize(const struct onnx_tensor *t, const struct scaling *s, size_t axis,
                       int32_t *integers, float *numbers)
{
    size_t stride = stride_of(t, axis);
    const float *scale = s->scale ? s->scale->data : NULL;
    size_t count = s->scale ? s->scale->count : s->zero ? s->zero->count : 1;

    for (size_t i = 0; i < t->count; i++) {
        size_t k = i / stride % count;

        integers[i] = integer(t, i);
        if (s->zero)
            integers[i] = (int32_t)((uint32_t)integers[i] - (uint32_t)integer(s->zero, k));
        numbers[i] = (float)integers[i] * (scale ? scale[k] : 1);
    }
}

/* A constant becomes floats at once; the integers are kept for who can use them. */
static int dequantize_constant(struct graph_builder *b, const struct onnx_node *n,
                               const char *name, const struct onnx_tensor *t,
                               const struct graph_quant_input *i, struct error *err)
{
    static const float one = 1;
    struct arena *a = &b->graph->arena;
    struct onnx_tensor *floats = arena_alloc(a, 1, sizeof(*floats));
    struct graph_integers *kept = arena_alloc(a, 1, sizeof(*kept));
    float *numbers = arena_alloc(a, t->count, sizeof(*numbers));
    int32_t *integers = arena_alloc(a, t->count, sizeof(*integers));
    struct scaling s = {0};
    size_t axis = 0;
    int r = floats && kept && numbers && integers ? 0 : no_memory(err);

    if (r == 0 &&
        ((t->type != ONNX_UINT8 && t->type != ONNX_INT8 && t->type != ONNX_INT32) || !t->data))
        r = graph_refuse(n, err, -ENOTSUP,
                         "input %zu has element type %d; digitd does int8, uint8 and int32",
                         i->x, (int)t->type);
    if (r == 0)
        r = read_scaling(b, n, i, &s, err);
    if (r == 0)
        r = check_axis(n, t, &s, i->axis, &axis, err);
    if (r < 0)
        return r;
    dequantize(t, &s, axis, integers, numbers);
    *floats = *t;
    floats->type = ONNX_FLOAT;
    floats->data = numbers;
    *kept = (struct graph_integers){
        .next = b->integers,
        .numbers = numbers,
        .integers = integers,
        .scale = s.scale ? s.scale->data : &one,
        .n_scale = s.scale ? s.scale->count : 1,
        .axis = axis,
    };
    b->integers = kept;
    return graph_define(b, (struct graph_symbol){.name = name, .constant = floats}, err);
}

int graph_quant_dequantize(struct graph_builder *b, const struct onnx_node *n, const char *name,
                           const struct graph_quant_input *i, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, i->x);
    struct graph_bytes bytes = {.from = true};
    int r = 0;

    if (!s)
        return graph_refuse(n, err, -EBADMSG, "it lacks input %zu", i->x);
    if (s->constant)
        return dequantize_constant(b, n, name, s->constant, i, err);
    r = read_single(b, n, i, plain_zero(b->graph, s->value), &bytes.scale[0], &bytes.zero[0],
                    err);
    return r == 0 ? add_node(b, n, name, GRAPH_DEQUANTIZE, s->value, &bytes, err) : r;
}

/* A constant of floats becomes one of bytes at once. */
static int quantize_constant(struct graph_builder *b, const struct onnx_node *n,
                             const char *name, const struct onnx_tensor *t,
                             const struct graph_quant_input *i, struct error *err)
{
    struct onnx_tensor *bytes = arena_alloc(&b->graph->arena, 1, sizeof(*bytes));
    uint8_t *data = arena_alloc(&b->graph->arena, t->count, 1);
    struct scaling s = {0};
    size_t axis = 0;
    int r = bytes && data ? read_scaling(b, n, i, &s, err) : no_memory(err);

    if (r == 0 && s.zero && s.zero->type == ONNX_INT32)
        r = graph_refuse(n, err, -ENOTSUP, "it makes int32; digitd makes int8 and uint8");
    if (r == 0)
        r = check_axis(n, t, &s, i->axis, &axis, err);
    if (r < 0)
        return r;
    *bytes = *t;
    bytes->type = s.zero ? s.zero->type : ONNX_UINT8;
    bytes->data = data;
    for (size_t k = 0; k < t->count; k++) {
        size_t slice = k / stride_of(t, axis) % s.scale->count;
        float zero = s.zero ? (float)integer(s.zero, slice) : 0;
        float low = bytes->type == ONNX_INT8 ? INT8_MIN : 0;
        float high = bytes->type == ONNX_INT8 ? INT8_MAX : UINT8_MAX;
        float x = rintf(((const float *)t->data)[k] / ((const float *)s.scale->data)[slice]);

        data[k] = (uint8_t)(int32_t)fminf(fmaxf(x + zero, low), high);
    }
    return graph_define(b, (struct graph_symbol){.name = name, .constant = bytes}, err);
}

int graph_quant_quantize(struct graph_builder *b, const struct onnx_node *n, const char *name,
                         const struct graph_quant_input *i, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, i->x);
    const struct graph_symbol *zero = NULL;
    const struct onnx_tensor *t = NULL;
    struct graph_bytes bytes = {.to = true, .high = UINT8_MAX};
    int r = 0;

    if (s && s->constant) {
        r = graph_input_floats(b, n, i->x, &t, err);
        return r == 0 ? quantize_constant(b, n, name, t, i, err) : r;
    }
    if (!s)
        return graph_refuse(n, err, -EBADMSG, "it lacks input %zu", i->x);
    r = read_single(b, n, i, 0, &bytes.scale[2], &bytes.zero[2], err);
    zero = graph_input(b, n, i->zero);
    bytes.is_signed = zero && zero->constant && zero->constant->type == ONNX_INT8;
    return r == 0 ? add_node(b, n, name, GRAPH_QUANTIZE, s->value, &bytes, err) : r;
}

/* Attributes of newer operator sets that stand for something else than digitd does. */
static int check_kind(const struct onnx_node *n, struct error *err)
{
    int64_t type = graph_int(n, "output_dtype", 0);

    if (graph_int(n, "block_size", 0) != 0)
        return graph_refuse(n, err, -ENOTSUP, "it has scales for blocks of numbers");
    if (type != 0 && type != ONNX_FLOAT && type != ONNX_INT8 && type != ONNX_UINT8)
        return graph_refuse(n, err, -ENOTSUP, "attribute 'output_dtype' is %lld",
                            (long long)type);
    return 0;
}

int graph_make_quantize(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_quant_input i = {0, 1, 2, false, graph_int(n, "axis", 1)};
    int r = check_kind(n, err);

    if (r == 0 && n->n_inputs < 3 && graph_int(n, "output_dtype", ONNX_UINT8) == ONNX_INT8)
        r = graph_refuse(n, err, -ENOTSUP, "it makes int8 without a zero point");
    return r == 0 ? graph_quant_quantize(b, n, n->outputs[0], &i, err) : r;
}

int graph_make_dequantize(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_quant_input i = {0, 1, 2, false, graph_int(n, "axis", 1)};
    int r = check_kind(n, err);

    return r == 0 ? graph_quant_dequantize(b, n, n->outputs[0], &i, err) : r;
}

static const struct graph_integers *find(const struct graph_builder *b,
                                         const struct onnx_tensor *t)
{
    const struct graph_integers *k = b->integers;

    while (k && k->numbers != t->data)
        k = k->next;
    return k;
}

/* The integers in the order of the node's own weights; false if one is too large. */
static bool copy_weights(const struct graph_integers *k, const struct graph_node *node,
                         bool transposed, struct graph_ints *ret)
{
    size_t out = node->n_bias;
    size_t in = node->n_weights / out;

    for (size_t o = 0; o < out; o++) {
        ret->scale[o] = k->scale[k->n_scale == 1 ? 0 : o];
        for (size_t i = 0; i < in; i++) {
            int32_t w = k->integers[transposed ? i * out + o : o * in + i];

            if (w < -WEIGHT_MAX || w > WEIGHT_MAX)
                return false;
            ret->weights[o * in + i] = (int16_t)w;
        }
    }
    return true;
}

int graph_quant_remember(struct graph_builder *b, struct graph_node *node,
                         const struct onnx_tensor *weights, bool transposed, struct error *err)
{
    struct arena *a = &b->graph->arena;
    const struct graph_integers *w = find(b, weights);
    struct graph_ints *ints = NULL;
    size_t channels = transposed ? 1 : 0; /* the axis of the output's channels */

    if (!w || (w->n_scale > 1 && (w->axis != channels || w->n_scale != node->n_bias)))
        return 0;
    ints = arena_alloc(a, 1, sizeof(*ints));
    if (!ints)
        return no_memory(err);
    ints->weights = arena_alloc(a, node->n_weights, sizeof(*ints->weights));
    ints->scale = arena_alloc(a, node->n_bias, sizeof(*ints->scale));
    if (!ints->weights || !ints->scale)
        return no_memory(err);
    node->ints = copy_weights(w, node, transposed, ints) ? ints : NULL;
    return 0;
}
