#ifndef MODEL_ONNX_WRITE_H
#define MODEL_ONNX_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "model/onnx.h"

/* An ONNX file in the making. Running out of memory is remembered, and told at the end; until
 * then nothing fails. Strings and data are copied. */
struct onnx_writer;

/* For at most `parts` nodes and as many initializers. NULL if there is no memory. */
struct onnx_writer *onnx_writer_create(size_t parts);
void onnx_writer_destroy(struct onnx_writer *w); /* accepts NULL */

/* The graph's input or output, of float32; a dimension of -1 is the batch. */
void onnx_write_input(struct onnx_writer *w, const char *name, size_t rank,
                      const int64_t *dims);
void onnx_write_output(struct onnx_writer *w, const char *name, size_t rank,
                       const int64_t *dims);

/* An initializer with `len` bytes of data. */
void onnx_write_tensor(struct onnx_writer *w, const char *name, enum onnx_type type,
                       size_t rank, const int64_t *dims, const void *data, size_t len);

/* A node of up to three inputs, as many as are not NULL, and one output; then its attributes.
 */
void onnx_write_node(struct onnx_writer *w, const char *op, const char *name,
                     const char *const inputs[3], const char *output);
void onnx_write_int(struct onnx_writer *w, const char *name, int64_t value);
void onnx_write_ints(struct onnx_writer *w, const char *name, size_t n, const int64_t *values);

void onnx_write_metadata(struct onnx_writer *w, const char *key, const char *value);

/* "digitd.weights_sha256" of the float32 initializers so far. */
void onnx_write_sha256(struct onnx_writer *w);

/* The file, for the caller to free(). Returns 0 or -ENOMEM. */
int onnx_write_finish(const struct onnx_writer *w, int64_t opset, void **ret, size_t *len);

#endif
