#ifndef MODEL_ONNX_WIRE_H
#define MODEL_ONNX_WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

struct error;

/* protobuf-c trusts its input in two ways: it recurses as deep as the messages nest, and an
 * unpacked message may take hundreds of times the bytes that it came from. */

/* Walks the bytes of a message of this type without allocating. Returns 0; -EBADMSG if they are
 * not well formed, or nest deeper than any ONNX graph that could be of use. */
int onnx_wire_check(const ProtobufCMessageDescriptor *type, const unsigned char *bytes,
                    size_t len, struct error *err);

/* An allocator for protobuf-c that gives up after `left` bytes in all; freeing earns nothing
 * back, so that time is bounded with memory. */
struct onnx_wire_budget {
    size_t left;
    bool exhausted; /* it gave up, */
    bool no_memory; /* or the system did */
};

ProtobufCAllocator onnx_wire_allocator(struct onnx_wire_budget *budget);

#endif
