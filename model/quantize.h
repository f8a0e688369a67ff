#ifndef MODEL_QUANTIZE_H
#define MODEL_QUANTIZE_H

#include <stddef.h>
#include <stdint.h>

#include "model/cpu.h"

struct error;
struct model_beside;

/* A model of floats on its way to one of bytes: weights by output channel, symmetric; what the
 * layers make by scale and zero point, learnt from pictures. */
struct quantize;

/* Reads an ONNX file with what is beside it. Returns 0 and *ret for quantize_destroy(); as
 * model_load_with(), and -ENOTSUP for layers that this cannot do, or a model that is quantised
 * already. */
int quantize_create(const void *bytes, size_t len, const struct model_beside *beside,
                    enum cpu_level cpu, struct quantize **ret, struct error *err);
void quantize_destroy(struct quantize *q); /* accepts NULL */

/* All pictures (grey, MODEL_INPUT bytes, ink high) are shown, then quantize_turn(), then all
 * are shown again: first to learn how far numbers reach, then how they are spread. */
void quantize_show(struct quantize *q, const uint8_t *picture);
int quantize_turn(struct quantize *q, struct error *err); /* 0, -ENOMEM */

/* The quantised model as an ONNX file with Q/DQ nodes, for the caller to free(): loaded and
 * proven, with the golden logits that it now gives. `accuracy` is what it says of itself, or
 * NULL for nothing. Returns 0; -ENOMEM; or why the file would not be loaded. */
int quantize_finish(struct quantize *q, const char *accuracy, void **ret, size_t *len,
                    struct error *err);

#endif
