#include "model/onnx_wire.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/error.h"

enum {
    DEPTH_MAX = 24,   /* an initializer's dimension is at 3, a subgraph's at 5 */
    VARINT_MAX = 10,  /* bytes */
    MALLOC_COST = 32, /* bytes that any allocation takes besides its own */
};

struct span {
    const unsigned char *at, *end;
};

static size_t left(const struct span *s)
{
    return (size_t)(s->end - s->at);
}

/* Returns 0, or -1 if the bytes end within the number or it is too long. */
static int varint(struct span *s, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < VARINT_MAX && s->at < s->end; i++) {
        uint64_t byte = *s->at++;

        value |= (byte & 0x7f) << 7 * i;
        if (byte < 0x80) {
            *ret = value;
            return 0;
        }
    }
    return -1;
}

/* Steps over one field's value; *ret is what it spans if it is length-prefixed, else empty. */
static int skip(struct span *s, unsigned wire_type, struct span *ret)
{
    uint64_t len = 0;
    int r = 0;

    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        r = varint(s, &len);
        len = 0;
        break;
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        len = 8;
        break;
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        len = 4;
        break;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        r = varint(s, &len);
        break;
    default:
        return -1; /* groups, which proto2 without them never writes */
    }
    if (r < 0 || len > left(s))
        return -1;
    *ret = (struct span){s->at, s->at + len};
    s->at += len;
    return 0;
}

static int walk(const ProtobufCMessageDescriptor *type, struct span s, unsigned depth,
                struct error *err)
{
    int r = 0;

    if (depth > DEPTH_MAX)
        return error_set(err, -EBADMSG, "not a sound ONNX model: messages nest over %d deep",
                         DEPTH_MAX);
    while (r == 0 && s.at < s.end) {
        const ProtobufCFieldDescriptor *field = NULL;
        struct span value = {0};
        uint64_t tag = 0;

        if (varint(&s, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3 ||
            skip(&s, tag & 7, &value) < 0)
            return error_set(err, -EBADMSG,
                             "not a sound ONNX model: broken or cut off within a %s",
                             type->short_name);
        field = protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
        if (field && field->type == PROTOBUF_C_TYPE_MESSAGE &&
            (tag & 7) == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
            r = walk(field->descriptor, value, depth + 1, err);
    }
    return r;
}

int onnx_wire_check(const ProtobufCMessageDescriptor *type, const unsigned char *bytes,
                    size_t len, struct error *err)
{
    return walk(type, (struct span){bytes, bytes + len}, 0, err);
}

static void *budget_alloc(void *data, size_t size)
{
    struct onnx_wire_budget *budget = data;
    void *memory = NULL;

    if (size > SIZE_MAX - MALLOC_COST || size + MALLOC_COST > budget->left) {
        budget->exhausted = true;
        return NULL;
    }
    budget->left -= size + MALLOC_COST;
    memory = malloc(size ? size : 1);
    budget->no_memory = budget->no_memory || !memory;
    return memory;
}

static void budget_free(void *data, void *pointer)
{
    (void)data;
    free(pointer);
}

ProtobufCAllocator onnx_wire_allocator(struct onnx_wire_budget *budget)
{
    return (ProtobufCAllocator){budget_alloc, budget_free, budget};
}
