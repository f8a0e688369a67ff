#ifndef SERVER_V2_INPUT_H
#define SERVER_V2_INPUT_H

#include <stddef.h>

struct batch;
struct error;
struct scan;

/* What of the body stands behind the JSON and no input has claimed yet. */
struct v2_tail {
    const unsigned char *at;
    size_t len;
};

/* Reads one element of a V2 request's "inputs", {"name", "shape", "datatype", "data"} in any
 * order, and adds its pictures to the batch. Instead of "data" it may claim bytes of the tail
 * by its parameter "binary_data_size". Returns as a protocol's decode does. */
int v2_input_read(struct scan *s, struct batch *b, struct v2_tail *tail, struct error *err);

/* Adds the pictures of a body that is nothing but one FP32 tensor in binary. */
int v2_input_raw(struct batch *b, const struct v2_tail *tail, struct error *err);

#endif
