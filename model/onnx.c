#include "model/onnx.h"

#include <errno.h>
#include <onnx.pb-c.h>
#include <string.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/onnx_wire.h"

/* Tensors are read in place, as the bytes lie in the file. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ONNX is little-endian");

/* The most that an honest file grows by when it is unpacked: lists of small integers grow
 * eightfold, and a graph of a few nodes without weights needs a start. */
enum {
    GROWTH_MAX = 8,
    GROWTH_FREE = 1 << 20,
};

/* What a struct onnx really is. */
struct file {
    struct onnx face;
    struct arena arena; /* holds this struct too */
    Onnx__ModelProto *proto;
    ProtobufCAllocator allocator;
    struct onnx_wire_budget budget;
};

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while reading the ONNX file");
}

/* Names reach logs and answers. */
static int take_text(const char *text, const char **ret, struct error *err)
{
    for (const unsigned char *c = (const unsigned char *)text; c && *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return error_set(err, -EBADMSG,
                             "not a sound ONNX model: a name holds control character %d", *c);
    *ret = text ? text : "";
    return 0;
}

static int take_texts(char *const *texts, size_t n, struct error *err)
{
    const char *ignored = NULL;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = take_text(texts[i], &ignored, err);
    return r;
}

static size_t element_len(int32_t type)
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
    size_t given = 0;
    int r = 0;

    if (p->has_raw_data) {
        given = p->raw_data.len / element_len(t->type);
        if (p->raw_data.len % element_len(t->type) != 0)
            given = SIZE_MAX;
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
    if (r == 0 && given != t->count)
        return error_set(err, -EBADMSG,
                         "tensor '%.60s' has other data than its shape of %zu elements",
                         t->name, t->count);
    if (t->count == 0)
        t->data = NULL;
    return r;
}

static int take_tensor(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                       struct error *err)
{
    int r = take_text(p->name, &t->name, err);

    t->type = p->data_type;
    if (r == 0)
        r = take_dims(p, t, err);
    if (r == 0 && (p->n_external_data > 0 ||
                   p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL))
        r = error_set(err, -ENOTSUP,
                      "tensor '%.60s' has its data in another file; a model here is one file",
                      t->name);
    if (r == 0 && p->segment)
        r = error_set(err, -ENOTSUP, "tensor '%.60s' is given in segments", t->name);
    if (r == 0 && element_len(t->type) > 0)
        r = take_elements(f, p, t, err);
    return r;
}

/* Old files leave the type out. */
static enum onnx_kind kind_of(const Onnx__AttributeProto *p)
{
    static const enum onnx_kind kinds[] = {
        [ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT] = ONNX_KIND_FLOAT,
        [ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT] = ONNX_KIND_INT,
        [ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING] = ONNX_KIND_STRING,
        [ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR] = ONNX_KIND_TENSOR,
        [ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS] = ONNX_KIND_FLOATS,
        [ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS] = ONNX_KIND_INTS,
    };
    size_t type = (size_t)p->type;

    if (p->has_type && p->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED)
        return type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[type] : ONNX_KIND_OTHER;
    if (p->has_i)
        return ONNX_KIND_INT;
    if (p->has_f)
        return ONNX_KIND_FLOAT;
    if (p->has_s)
        return ONNX_KIND_STRING;
    if (p->t)
        return ONNX_KIND_TENSOR;
    if (p->n_floats > 0)
        return ONNX_KIND_FLOATS;
    return p->n_ints > 0 ? ONNX_KIND_INTS : ONNX_KIND_OTHER;
}

static int take_attribute(struct file *f, const Onnx__AttributeProto *p,
                          struct onnx_attribute *a, struct error *err)
{
    int r = take_text(p->name, &a->name, err);

    a->kind = kind_of(p);
    a->i = p->i;
    a->f = p->f;
    a->ints = p->ints;
    a->floats = p->floats;
    a->n = a->kind == ONNX_KIND_INTS ? p->n_ints : p->n_floats;
    a->s = "";
    if (r == 0 && p->s.len > 0) {
        const char *s = arena_print(&f->arena, "%.*s", (int)(p->s.len < 256 ? p->s.len : 256),
                                    (const char *)p->s.data);

        r = s ? take_text(s, &a->s, err) : no_memory(err);
    }
    if (r == 0 && a->kind == ONNX_KIND_TENSOR && !p->t)
        r = error_set(err, -EBADMSG, "attribute '%.60s' lacks its tensor", a->name);
    if (r == 0 && p->t)
        r = take_tensor(f, p->t, &a->t, err);
    return r;
}

static int take_node(struct file *f, const Onnx__NodeProto *p, struct onnx_node *node,
                     struct error *err)
{
    struct onnx_attribute *attributes =
        arena_alloc(&f->arena, p->n_attribute, sizeof(*attributes));
    int r = attributes ? take_text(p->name, &node->name, err) : no_memory(err);

    if (r == 0)
        r = take_text(p->op_type, &node->op, err);
    if (r == 0)
        r = take_text(p->domain, &node->domain, err);
    if (r == 0)
        r = take_texts(p->input, p->n_input, err);
    if (r == 0)
        r = take_texts(p->output, p->n_output, err);
    for (size_t i = 0; r == 0 && i < p->n_attribute; i++)
        r = take_attribute(f, p->attribute[i], &attributes[i], err);
    node->inputs = p->input;
    node->n_inputs = p->n_input;
    node->outputs = p->output;
    node->n_outputs = p->n_output;
    node->attributes = attributes;
    node->n_attributes = p->n_attribute;
    return r;
}

static int take_shape(const Onnx__TensorShapeProto *shape, struct onnx_value *v,
                      struct error *err)
{
    if (shape->n_dim > ONNX_RANK_MAX)
        return error_set(err, -ENOTSUP, "value '%.60s' has %zu dimensions; at most %d are read",
                         v->name, shape->n_dim, ONNX_RANK_MAX);
    v->shaped = true;
    v->rank = shape->n_dim;
    for (size_t i = 0; i < v->rank; i++) {
        const Onnx__TensorShapeProto__Dimension *d = shape->dim[i];
        int64_t given = d->dim_value;

        v->dims[i] = -1;
        if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && given >= 1)
            v->dims[i] = given;
    }
    return 0;
}

static int take_values(struct file *f, Onnx__ValueInfoProto **p, size_t n,
                       const struct onnx_value **ret, struct error *err)
{
    struct onnx_value *values = arena_alloc(&f->arena, n, sizeof(*values));
    int r = values ? 0 : no_memory(err);

    for (size_t i = 0; r == 0 && i < n; i++) {
        const Onnx__TypeProto *type = p[i]->type;

        r = take_text(p[i]->name, &values[i].name, err);
        if (r < 0 || !type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
            continue;
        values[i].type = type->tensor_type->elem_type;
        if (type->tensor_type->shape)
            r = take_shape(type->tensor_type->shape, &values[i], err);
    }
    *ret = values;
    return r;
}

static int take_graph(struct file *f, const Onnx__GraphProto *p, struct error *err)
{
    struct onnx_node *nodes = arena_alloc(&f->arena, p->n_node, sizeof(*nodes));
    struct onnx_tensor *tensors = arena_alloc(&f->arena, p->n_initializer, sizeof(*tensors));
    int r = nodes && tensors ? 0 : no_memory(err);

    if (r == 0 && p->n_sparse_initializer > 0)
        r = error_set(err, -ENOTSUP, "the graph has sparse initializers; only dense are read");
    for (size_t i = 0; r == 0 && i < p->n_node; i++)
        r = take_node(f, p->node[i], &nodes[i], err);
    for (size_t i = 0; r == 0 && i < p->n_initializer; i++)
        r = take_tensor(f, p->initializer[i], &tensors[i], err);
    if (r == 0)
        r = take_values(f, p->input, p->n_input, &f->face.inputs, err);
    if (r == 0)
        r = take_values(f, p->output, p->n_output, &f->face.outputs, err);
    f->face.nodes = nodes;
    f->face.n_nodes = p->n_node;
    f->face.initializers = tensors;
    f->face.n_initializers = p->n_initializer;
    f->face.n_inputs = p->n_input;
    f->face.n_outputs = p->n_output;
    return r;
}

static int take_model(struct file *f, struct error *err)
{
    const Onnx__ModelProto *p = f->proto;
    struct onnx *o = &f->face;
    struct onnx_metadata *metadata =
        arena_alloc(&f->arena, p->n_metadata_props, sizeof(*metadata));
    int r = metadata ? take_text(p->producer_name, &o->producer_name, err) : no_memory(err);

    if (r == 0)
        r = take_text(p->producer_version, &o->producer_version, err);
    for (size_t i = 0; r == 0 && i < p->n_metadata_props; i++) {
        metadata[i].value = p->metadata_props[i]->value ? p->metadata_props[i]->value : "";
        r = take_text(p->metadata_props[i]->key, &metadata[i].key, err);
    }
    o->metadata = metadata;
    o->n_metadata = p->n_metadata_props;
    o->ir_version = p->ir_version;
    for (size_t i = 0; i < p->n_opset_import; i++) {
        const char *domain = p->opset_import[i]->domain;

        if (!domain || !*domain || strcmp(domain, "ai.onnx") == 0)
            o->opset = p->opset_import[i]->version;
    }
    if (r == 0 && !p->graph)
        r = error_set(err, -EBADMSG, "not an ONNX model: there is no graph in it");
    if (r == 0)
        r = take_graph(f, p->graph, err);
    return r;
}

static int unpack(struct file *f, const void *bytes, size_t len, struct error *err)
{
    f->budget.left = len < SIZE_MAX / 2 / GROWTH_MAX ? len * GROWTH_MAX + GROWTH_FREE : 0;
    f->allocator = onnx_wire_allocator(&f->budget);
    f->proto = onnx__model_proto__unpack(&f->allocator, len, bytes);
    if (f->proto)
        return 0;
    if (f->budget.no_memory)
        return no_memory(err);
    if (f->budget.exhausted)
        return error_set(
            err, -EBADMSG,
            "not a sound ONNX model: its %zu bytes unpack to over %d times as many", len,
            GROWTH_MAX);
    return error_set(err, -EBADMSG,
                     "not a sound ONNX model: its messages contradict each other");
}

int onnx_parse(const void *bytes, size_t len, struct onnx **ret, struct error *err)
{
    struct arena arena = {0};
    struct file *f = NULL;
    int r = onnx_wire_check(&onnx__model_proto__descriptor, bytes, len, err);

    if (r < 0)
        return r;
    f = arena_alloc(&arena, 1, sizeof(*f));
    if (!f)
        return no_memory(err);
    f->arena = arena;
    r = unpack(f, bytes, len, err);
    if (r == 0)
        r = take_model(f, err);
    if (r == 0) {
        *ret = &f->face;
        f = NULL;
    }
    if (f)
        onnx_destroy(&f->face);
    return r;
}

void onnx_destroy(struct onnx *o)
{
    struct file *f = (struct file *)o;
    struct arena arena = {0};

    if (!f)
        return;
    if (f->proto)
        onnx__model_proto__free_unpacked(f->proto, &f->allocator);
    arena = f->arena; /* which holds *f */
    arena_finish(&arena);
}

const char *onnx_metadata(const struct onnx *o, const char *key)
{
    for (size_t i = 0; i < o->n_metadata; i++)
        if (strcmp(o->metadata[i].key, key) == 0)
            return o->metadata[i].value;
    return NULL;
}
