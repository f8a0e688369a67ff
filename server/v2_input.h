#ifndef SERVER_V2_INPUT_H
#define SERVER_V2_INPUT_H

struct batch;
struct error;
struct scan;

/* Reads one element of a V2 request's "inputs", {"name", "shape", "datatype", "data"} in any
 * order, and adds its pictures to the batch. Returns as a protocol's decode does. */
int v2_input_read(struct scan *s, struct batch *b, struct error *err);

#endif
