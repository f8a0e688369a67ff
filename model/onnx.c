#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/onnx_file.h"

/* The most that an honest file grows by when it is unpacked: lists of small integers grow
 * eightfold, and lists in attributes, which have a tag before each number, more than that. */
enum {
    GROWTH_MAX = 8,
    GROWTH_FREE = 32 << 20,
};

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while reading the ONNX file");
}

static int take_texts(char *const *texts, size_t n, struct error *err)
{
    const char *ignored = NULL;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = onnx_take_text(texts[i], &ignored, err);
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
        [ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS] = ONNX_KIND_STRINGS,
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
    if (p->n_strings > 0)
        return ONNX_KIND_STRINGS;
    return p->n_ints > 0 ? ONNX_KIND_INTS : ONNX_KIND_OTHER;
}

/* Long ones are cut short: only a few words have a meaning. */
static int take_bytes_as_text(struct file *f, const ProtobufCBinaryData *bytes,
                              const char **ret, struct error *err)
{
    const char *s = arena_print(&f->arena, "%.*s", (int)(bytes->len < 256 ? bytes->len : 256),
                                bytes->len ? (const char *)bytes->data : "");

    return s ? onnx_take_text(s, ret, err) : no_memory(err);
}

static int take_strings(struct file *f, const Onnx__AttributeProto *p, struct onnx_attribute *a,
                        struct error *err)
{
    const char **texts = arena_alloc(&f->arena, p->n_strings, sizeof(*texts));
    int r = texts ? 0 : no_memory(err);

    for (size_t i = 0; r == 0 && i < p->n_strings; i++)
        r = take_bytes_as_text(f, &p->strings[i], &texts[i], err);
    a->texts = texts;
    return r;
}

static int take_attribute(struct file *f, const Onnx__AttributeProto *p,
                          struct onnx_attribute *a, struct error *err)
{
    int r = onnx_take_text(p->name, &a->name, err);

    a->kind = kind_of(p);
    a->i = p->i;
    a->f = p->f;
    a->ints = p->ints;
    a->floats = p->floats;
    a->n = p->n_floats;
    if (a->kind == ONNX_KIND_INTS)
        a->n = p->n_ints;
    if (a->kind == ONNX_KIND_STRINGS)
        a->n = p->n_strings;
    a->s = "";
    if (r == 0 && p->s.len > 0)
        r = take_bytes_as_text(f, &p->s, &a->s, err);
    if (r == 0)
        r = take_strings(f, p, a, err);
    if (r == 0 && a->kind == ONNX_KIND_TENSOR && !p->t)
        r = error_set(err, -EBADMSG, "attribute '%.60s' lacks its tensor", a->name);
    if (r == 0 && p->t)
        r = onnx_take_tensor(f, p->t, &a->t, err);
    return r;
}

static int take_node(struct file *f, const Onnx__NodeProto *p, struct onnx_node *node,
                     struct error *err)
{
    struct onnx_attribute *attributes =
        arena_alloc(&f->arena, p->n_attribute, sizeof(*attributes));
    int r = attributes ? onnx_take_text(p->name, &node->name, err) : no_memory(err);

    if (r == 0)
        r = onnx_take_text(p->op_type, &node->op, err);
    if (r == 0)
        r = onnx_take_text(p->domain, &node->domain, err);
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

        r = onnx_take_text(p[i]->name, &values[i].name, err);
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
        r = onnx_take_tensor(f, p->initializer[i], &tensors[i], err);
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
    int r =
        metadata ? onnx_take_text(p->producer_name, &o->producer_name, err) : no_memory(err);

    if (r == 0)
        r = onnx_take_text(p->producer_version, &o->producer_version, err);
    for (size_t i = 0; r == 0 && i < p->n_metadata_props; i++) {
        metadata[i].value = p->metadata_props[i]->value ? p->metadata_props[i]->value : "";
        metadata[i].source = MODEL_SOURCE_FILE;
        r = onnx_take_text(p->metadata_props[i]->key, &metadata[i].key, err);
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
        return error_set(err, -ENOTSUP,
                         "its %zu bytes unpack to over %zu, as long lists in attributes do: of "
                         "trees, of support vectors",
                         len, len * GROWTH_MAX + GROWTH_FREE);
    return error_set(err, -EBADMSG,
                     "not a sound ONNX model: its messages contradict each other");
}

/* Leaves out blanks at both ends, and what some editors put at the end of a line. */
static void trim(const char **text, size_t *len)
{
    while (*len > 0 && strchr(" \t\r", (*text)[*len - 1]))
        --*len;
    while (*len > 0 && strchr(" \t", **text)) {
        ++*text;
        --*len;
    }
}

/* One line, without its end; *count says whether it said something. */
static int take_line(struct file *f, const char *line, size_t len, struct onnx_metadata *m,
                     size_t *count, struct error *err)
{
    const char *equals = NULL;
    const char *value = NULL;
    size_t key_len = 0;
    size_t value_len = 0;
    bool whole = false;

    trim(&line, &len);
    if (len == 0 || *line == '#')
        return 0;
    equals = memchr(line, '=', len);
    key_len = equals ? (size_t)(equals - line) : 0;
    if (key_len == 0)
        return error_set(err, -EBADMSG, "'%.*s' should be KEY=VALUE",
                         (int)(len < 60 ? len : 60), line);
    value = equals + 1;
    value_len = len - key_len - 1;
    trim(&line, &key_len);
    trim(&value, &value_len);
    whole = key_len > 7 && strncmp(line, "digitd.", 7) == 0;
    m->key = arena_print(&f->arena, "%s%.*s", whole ? "" : "digitd.", (int)key_len, line);
    m->value = arena_print(&f->arena, "%.*s", (int)value_len, value);
    if (!m->key || !m->value)
        return no_memory(err);
    *count += 1;
    return onnx_take_text(m->key, &m->key, err);
}

static int override(struct file *f, const char *text, enum model_source source,
                    struct error *err)
{
    struct onnx *o = &f->face;
    struct onnx_metadata *all = NULL;
    size_t lines = 1;
    size_t count = 0;
    int r = 0;

    if (!text || !*text)
        return 0;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
        text += 3;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    all = arena_alloc(&f->arena, lines + o->n_metadata, sizeof(*all));
    if (!all)
        return no_memory(err);
    for (const char *line = text; r == 0 && *line; line += *line == '\n') {
        size_t len = strcspn(line, "\n");

        all[count].source = source;
        r = take_line(f, line, len, &all[count], &count, err);
        line += len;
    }
    if (o->n_metadata > 0)
        memcpy(all + count, o->metadata, o->n_metadata * sizeof(*all));
    o->metadata = all;
    o->n_metadata += count;
    return r;
}

int onnx_parse(const void *bytes, size_t len, struct onnx **ret, struct error *err)
{
    return onnx_parse_with(bytes, len, &(struct model_beside){0}, ret, err);
}

int onnx_parse_with(const void *bytes, size_t len, const struct model_beside *beside,
                    struct onnx **ret, struct error *err)
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
    f->beside = beside;
    f->face.input_factor = 1;
    r = unpack(f, bytes, len, err);
    if (r == 0)
        r = take_model(f, err);
    if (r == 0)
        r = override(f, beside->properties, MODEL_SOURCE_PROPERTIES, err);
    if (r == 0)
        r = override(f, beside->settings, MODEL_SOURCE_SETTINGS, err);
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
