#ifndef MODEL_ONNX_FILE_H
#define MODEL_ONNX_FILE_H

#include <onnx.pb-c.h>

#include "model/arena.h"
#include "model/onnx.h"
#include "model/onnx_wire.h"

/* What onnx.c and onnx_tensor.c share. */

/* What a struct onnx really is. */
struct file {
    struct onnx face;
    struct arena arena; /* holds this struct too */
    const struct model_beside *beside;
    size_t external; /* bytes that tensors have had from other files */
    Onnx__ModelProto *proto;
    ProtobufCAllocator allocator;
    struct onnx_wire_budget budget;
};

/* Names reach logs and answers: -EBADMSG for control characters. *ret is "" for NULL. */
int onnx_take_text(const char *text, const char **ret, struct error *err);

int onnx_take_tensor(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                     struct error *err);

/* Bytes of an element in a file; 0 if digitd does not read them. */
size_t onnx_stored_len(int32_t type);

/* onnx_external.c: a tensor's data from another file. */
int onnx_take_external(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                       struct error *err);

#endif
