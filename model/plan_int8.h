#ifndef MODEL_PLAN_INT8_H
#define MODEL_PLAN_INT8_H

#include "model/kernels_int8.h"
#include "model/plan_parts.h"

/* The steps that read or write bytes. Places of bytes are laid out as those of floats, a byte
 * for each; `pixel` and `row` are in bytes, `len` and `offset` in floats as everywhere. */
enum plan_int8_kind {
    PLAN_INT8_CONV,
    PLAN_INT8_DENSE,
    PLAN_INT8_ADD,
    PLAN_INT8_MAP,
    PLAN_INT8_QUANTIZE,
    PLAN_INT8_DEQUANTIZE,
    PLAN_INT8_MAX_POOL,
    PLAN_INT8_COPY,
    PLAN_INT8_PACK,
    PLAN_INT8_UNPACK,
};

struct plan_int8 {
    enum plan_int8_kind kind;
    const struct kernels_int8 *kernels;
    struct kernels_conv conv; /* also of a dense layer, whose width is the images */
    struct kernels_int8_end end;
    const void *packed; /* for Winograd's way if the step goes that */
    struct kernels_int8_add add;
    float scale; /* of what is quantised or dequantised */
    int32_t zero;
    uint8_t map[256];
};

/* What a node is with bytes; false if it works on floats. */
bool plan_int8_lower(const struct graph_node *n, enum plan_int8_kind *ret);

/* plan_ways()'s part: a convolution of bytes. Returns whether it can do a pool too. */
bool plan_int8_way(const struct plan *p, struct plan_step *s);

/* Places of one channel get pixels of one byte if all that read them can do that. */
void plan_int8_thin(struct plan *p);

/* plan_pack()'s part: a step of kind PLAN_INT8, whose places have their strides. */
int plan_int8_pack(struct plan *p, struct plan_step *s, struct error *err);

/* "int8 conv" and the like. */
const char *plan_int8_name(const struct plan_step *s);

/* One step for picture `i` of the block; or for all `n` of them, a dense layer. */
void plan_int8_run(const struct plan *p, const struct plan_step *s, const float *images,
                   void *scratch, size_t i);
void plan_int8_dense(const struct plan *p, const struct plan_step *s, void *scratch, size_t n);

#endif
