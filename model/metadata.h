#ifndef MODEL_METADATA_H
#define MODEL_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/model.h"

struct error;
struct onnx;

enum { METADATA_GOLDEN_MAX = 256 }; /* pictures */

/* What the `digitd.*` properties of an ONNX file say, or their defaults. */
struct metadata {
    float input_scale, temperature;
    const char *pixels;              /* as in struct model_info */
    const char *layout;              /* "nchw", "nhwc", "nhw" or "flat"; NULL: as it declares */
    float input_mean, input_std;     /* of scaled numbers; the network takes (x - mean) / std */
    bool paper_high;                 /* it takes pictures with paper high and ink 0 */
    float input_factor, input_shift; /* all of that: what it takes is x * factor + shift */
    enum model_source sources[MODEL_KEYS];
    const char *labels[MODEL_CLASSES];
    const char *accuracy, *training_data;
    size_t n_golden;
    const uint8_t *golden_inputs; /* [n_golden][MODEL_INPUT] grey values */
    const float *golden_logits;   /* [n_golden][MODEL_CLASSES] */
};

/* Reads them, strings into `a` and golden pictures into `golden`, and compares
 * `digitd.weights_sha256` with the weights. Returns 0; -EBADMSG for a
 * value that is malformed or does not fit the weights, with `err` naming the key; -ENOMEM. On
 * failure *ret is undefined. */
int metadata_read(const struct onnx *o, struct arena *a, struct arena *golden,
                  struct metadata *ret, struct error *err);

/* Two lower-case hex digits for each byte, and a NUL. */
void metadata_hex(const uint8_t *bytes, size_t len, char *ret);

#endif
