#include "model/onnx_write.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <onnx.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "model/arena.h"
#include "model/metadata.h"

enum {
    ATTRIBUTES_MAX = 8,
    METADATA_MAX = 64,
    IR_VERSION = 8,
};

struct onnx_writer {
    struct arena arena; /* holds this struct too */
    bool no_memory;
    size_t parts;
    Onnx__ModelProto model;
    Onnx__GraphProto graph;
    Onnx__ValueInfoProto *input, *output;
    struct sha256_ctx sha;
};

static void *take(struct onnx_writer *w, size_t count, size_t size)
{
    void *room = w->no_memory ? NULL : arena_alloc(&w->arena, count, size);

    w->no_memory = !room;
    return room;
}

static char *text(struct onnx_writer *w, const char *from)
{
    char *copy = take(w, strlen(from) + 1, 1);

    return copy ? memcpy(copy, from, strlen(from) + 1) : NULL;
}

struct onnx_writer *onnx_writer_create(size_t parts)
{
    struct arena arena = {0};
    struct onnx_writer *w = arena_alloc(&arena, 1, sizeof(*w));

    if (!w)
        return NULL;
    w->arena = arena;
    w->parts = parts;
    onnx__model_proto__init(&w->model);
    onnx__graph_proto__init(&w->graph);
    sha256_init(&w->sha);
    w->model.graph = &w->graph;
    w->graph.name = text(w, "digitd");
    w->model.producer_name = text(w, "digitd");
    w->graph.node = take(w, parts, sizeof(void *));
    w->graph.initializer = take(w, parts, sizeof(void *));
    w->model.metadata_props = take(w, METADATA_MAX, sizeof(void *));
    if (w->no_memory) {
        onnx_writer_destroy(w);
        w = NULL;
    }
    return w;
}

void onnx_writer_destroy(struct onnx_writer *w)
{
    struct arena arena = {0};

    if (!w)
        return;
    arena = w->arena; /* which holds *w */
    arena_finish(&arena);
}

static Onnx__TensorShapeProto *make_shape(struct onnx_writer *w, size_t rank,
                                          const int64_t *dims)
{
    Onnx__TensorShapeProto *shape = take(w, 1, sizeof(*shape));
    Onnx__TensorShapeProto__Dimension *d = take(w, rank, sizeof(*d));
    Onnx__TensorShapeProto__Dimension **list = take(w, rank, sizeof(void *));

    if (!shape || !d || !list)
        return NULL;
    onnx__tensor_shape_proto__init(shape);
    for (size_t i = 0; i < rank; i++) {
        onnx__tensor_shape_proto__dimension__init(&d[i]);
        if (dims[i] < 0) {
            d[i].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            d[i].dim_param = text(w, "N");
        } else {
            d[i].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            d[i].dim_value = dims[i];
        }
        list[i] = &d[i];
    }
    shape->dim = list;
    shape->n_dim = rank;
    return shape;
}

static Onnx__ValueInfoProto *make_value(struct onnx_writer *w, const char *name, size_t rank,
                                        const int64_t *dims)
{
    Onnx__ValueInfoProto *value = take(w, 1, sizeof(*value));
    Onnx__TypeProto *type = take(w, 1, sizeof(*type));
    Onnx__TypeProto__Tensor *tensor = take(w, 1, sizeof(*tensor));

    if (!value || !type || !tensor)
        return NULL;
    onnx__value_info_proto__init(value);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    tensor->has_elem_type = 1;
    tensor->elem_type = ONNX_FLOAT;
    tensor->shape = make_shape(w, rank, dims);
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    value->name = text(w, name);
    value->type = type;
    return value;
}

void onnx_write_input(struct onnx_writer *w, const char *name, size_t rank, const int64_t *dims)
{
    w->input = make_value(w, name, rank, dims);
    w->graph.input = &w->input;
    w->graph.n_input = 1;
}

void onnx_write_output(struct onnx_writer *w, const char *name, size_t rank,
                       const int64_t *dims)
{
    w->output = make_value(w, name, rank, dims);
    w->graph.output = &w->output;
    w->graph.n_output = 1;
}

void onnx_write_tensor(struct onnx_writer *w, const char *name, enum onnx_type type,
                       size_t rank, const int64_t *dims, const void *data, size_t len)
{
    Onnx__TensorProto *t = take(w, 1, sizeof(*t));
    int64_t *own = take(w, rank, sizeof(*own));
    uint8_t *copy = take(w, len, 1);

    if (!t || !own || !copy)
        return;
    onnx__tensor_proto__init(t);
    if (rank > 0)
        memcpy(own, dims, rank * sizeof(*own));
    memcpy(copy, data, len);
    t->name = text(w, name);
    t->has_data_type = 1;
    t->data_type = (int32_t)type;
    t->n_dims = rank;
    t->dims = own;
    t->has_raw_data = 1;
    t->raw_data = (ProtobufCBinaryData){.len = len, .data = copy};
    if (type == ONNX_FLOAT)
        sha256_update(&w->sha, len, copy);
    w->graph.initializer[w->graph.n_initializer++] = t;
}

void onnx_write_node(struct onnx_writer *w, const char *op, const char *name,
                     const char *const inputs[3], const char *output)
{
    Onnx__NodeProto *n = take(w, 1, sizeof(*n));
    char **in = take(w, 3, sizeof(*in));
    char **out = take(w, 1, sizeof(*out));
    Onnx__AttributeProto **attributes = take(w, ATTRIBUTES_MAX, sizeof(void *));

    if (!n || !in || !out || !attributes)
        return;
    onnx__node_proto__init(n);
    n->op_type = text(w, op);
    n->name = text(w, name);
    for (size_t i = 0; i < 3 && inputs[i]; i++)
        in[n->n_input++] = text(w, inputs[i]);
    n->input = in;
    out[0] = text(w, output);
    n->output = out;
    n->n_output = 1;
    n->attribute = attributes;
    w->graph.node[w->graph.n_node++] = n;
}

/* An attribute of the last node; NULL if there is no memory. */
static Onnx__AttributeProto *add_attribute(struct onnx_writer *w, const char *name)
{
    Onnx__AttributeProto *a = take(w, 1, sizeof(*a));
    Onnx__NodeProto *n = a ? w->graph.node[w->graph.n_node - 1] : NULL;

    if (!n)
        return NULL;
    onnx__attribute_proto__init(a);
    a->name = text(w, name);
    a->has_type = 1;
    n->attribute[n->n_attribute++] = a;
    return a;
}

void onnx_write_int(struct onnx_writer *w, const char *name, int64_t value)
{
    Onnx__AttributeProto *a = add_attribute(w, name);

    if (!a)
        return;
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    a->has_i = 1;
    a->i = value;
}

void onnx_write_ints(struct onnx_writer *w, const char *name, size_t n, const int64_t *values)
{
    Onnx__AttributeProto *a = add_attribute(w, name);
    int64_t *copy = take(w, n, sizeof(*copy));

    if (!a || !copy)
        return;
    memcpy(copy, values, n * sizeof(*copy));
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    a->n_ints = n;
    a->ints = copy;
}

void onnx_write_metadata(struct onnx_writer *w, const char *key, const char *value)
{
    Onnx__StringStringEntryProto *entry = take(w, 1, sizeof(*entry));

    if (!entry || w->model.n_metadata_props == METADATA_MAX)
        return;
    onnx__string_string_entry_proto__init(entry);
    entry->key = text(w, key);
    entry->value = text(w, value);
    w->model.metadata_props[w->model.n_metadata_props++] = entry;
}

void onnx_write_sha256(struct onnx_writer *w)
{
    struct sha256_ctx sha = w->sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char hex[2 * SHA256_DIGEST_SIZE + 1];

    sha256_digest(&sha, sizeof(digest), digest);
    metadata_hex(digest, sizeof(digest), hex);
    onnx_write_metadata(w, "digitd.weights_sha256", hex);
}

int onnx_write_finish(const struct onnx_writer *w, int64_t opset, void **ret, size_t *len)
{
    Onnx__OperatorSetIdProto set = ONNX__OPERATOR_SET_ID_PROTO__INIT;
    Onnx__OperatorSetIdProto *sets[] = {&set};
    Onnx__ModelProto model = w->model;
    char domain[] = "";
    void *bytes = NULL;

    if (w->no_memory)
        return -ENOMEM;
    set.domain = domain;
    set.has_version = 1;
    set.version = opset;
    model.has_ir_version = 1;
    model.ir_version = IR_VERSION;
    model.opset_import = sets;
    model.n_opset_import = 1;
    *len = onnx__model_proto__get_packed_size(&model);
    bytes = malloc(*len);
    if (!bytes)
        return -ENOMEM;
    (void)onnx__model_proto__pack(&model, bytes);
    *ret = bytes;
    return 0;
}
