#ifndef MODEL_ONNX_H
#define MODEL_ONNX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

enum { ONNX_RANK_MAX = 8 };

/* Element types that digitd reads, with ONNX's own numbers. */
enum onnx_type {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT8 = 3,
    ONNX_INT32 = 6,
    ONNX_INT64 = 7,
    ONNX_BOOL = 9,
    ONNX_DOUBLE = 11,
};

struct onnx_tensor {
    const char *name;
    int32_t type; /* an enum onnx_type, or another of ONNX's numbers */
    size_t rank;
    int64_t dims[ONNX_RANK_MAX]; /* each >= 0 */
    size_t count;                /* the product of dims */
    const void *data; /* [count] of what the type says (a bool is a uint8_t), 8-byte aligned;
                         NULL if the type is none of these or count is 0 */
};

/* Bytes of one; 0 if it is none of these. */
size_t onnx_element_len(int32_t type);

/* What digitd reads an element type as: float16 and bfloat16 as float32, others as they are. */
int32_t onnx_read_as(int32_t type);

enum onnx_kind {
    ONNX_KIND_OTHER, /* graphs and the like, which no operator here takes */
    ONNX_KIND_INT,
    ONNX_KIND_FLOAT,
    ONNX_KIND_STRING,
    ONNX_KIND_TENSOR,
    ONNX_KIND_INTS,
    ONNX_KIND_FLOATS,
    ONNX_KIND_STRINGS,
};

struct onnx_attribute {
    const char *name;
    enum onnx_kind kind;
    int64_t i;
    float f;
    const char *s;
    struct onnx_tensor t;
    const int64_t *ints;
    const float *floats;
    const char *const *texts;
    size_t n; /* of ints, floats or texts */
};

/* An absent optional input or output is "". */
struct onnx_node {
    const char *name, *op, *domain;
    char *const *inputs, *const *outputs;
    size_t n_inputs, n_outputs;
    const struct onnx_attribute *attributes;
    size_t n_attributes;
};

struct onnx_value {
    const char *name;
    int32_t type; /* 0: not a tensor */
    bool shaped;  /* else rank and dims are unknown */
    size_t rank;
    int64_t dims[ONNX_RANK_MAX]; /* -1: symbolic or unknown */
};

/* Whether its elements are integers that hold a picture's greys, 0 to 255. */
bool onnx_takes_greys(const struct onnx_value *v);

struct onnx_metadata {
    const char *key, *value;
    enum model_source source;
};

/* What the bytes say, in the file's order; whether it makes sense is graph.h's matter. No
 * string is NULL, and none holds a control character except in metadata values. */
struct onnx {
    int64_t ir_version, opset;
    const char *producer_name, *producer_version;
    const struct onnx_node *nodes;
    const struct onnx_tensor *initializers;
    const struct onnx_value *inputs, *outputs;
    const struct onnx_metadata *metadata;
    size_t n_nodes, n_initializers, n_inputs, n_outputs, n_metadata;
    float input_factor,
        input_shift;          /* the input is a picture's numbers times this, plus that */
    const char *input_layout; /* as in struct metadata */
};

/* Parses an ONNX file held in memory; the bytes are not needed afterwards. Memory and time are
 * bounded by a small multiple of `len`, nesting by a constant, whatever the bytes are.
 * Returns 0 and *ret for the caller to onnx_destroy(); -EBADMSG if the bytes are no ONNX model;
 * -ENOTSUP for sparse tensors, tensors in other files and the like; -ENOMEM. On failure *ret is
 * untouched. */
int onnx_parse(const void *bytes, size_t len, struct onnx **ret, struct error *err);

/* The same with what is beside it: tensors may have their data in other files, and lines of
 * KEY=VALUE, with "digitd." before the keys or without, go before the metadata; empty ones and
 * those that begin with # do not count. Also returns -ENOENT and the like for a file that
 * cannot be read. */
int onnx_parse_with(const void *bytes, size_t len, const struct model_beside *beside,
                    struct onnx **ret, struct error *err);

void onnx_destroy(struct onnx *o); /* accepts NULL */

/* The value of a metadata key; NULL if the file lacks it. */
const char *onnx_metadata(const struct onnx *o, const char *key);

#endif
