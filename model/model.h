#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/cpu.h"

struct error;

enum {
    MODEL_SIDE = 28,
    MODEL_INPUT = MODEL_SIDE * MODEL_SIDE, /* floats of one image, row-major */
    MODEL_CLASSES = 10,                    /* the digits 0..9 */
    MODEL_RANK_MAX = 4,
};

/* A trained digit classifier, loaded, checked and ready. Immutable, so any number of threads
 * may use one at once, each with scratch of its own. */
struct model;

/* What is said of how pictures are fed, and by whom; the later of them wins. */
enum model_key {
    MODEL_KEY_SCALE,
    MODEL_KEY_MEAN,
    MODEL_KEY_STD,
    MODEL_KEY_POLARITY,
    MODEL_KEY_LAYOUT,
    MODEL_KEY_PIXELS,
    MODEL_KEY_TEMPERATURE,
    MODEL_KEYS
};
enum model_source {
    MODEL_SOURCE_DEFAULT, /* by nobody */
    MODEL_SOURCE_FILE,
    MODEL_SOURCE_PROPERTIES, /* beside the file */
    MODEL_SOURCE_SETTINGS,   /* of whoever loads it */
};

/* What a graph ends in, which says what its own output is. */
enum model_end {
    MODEL_END_LOGITS,      /* none of the others */
    MODEL_END_LOG_SOFTMAX, /* logits that are log-probabilities */
    MODEL_END_SOFTMAX,     /* probabilities; logits are what goes into it */
    MODEL_END_SIGMOID,     /* a probability of each class by itself; likewise */
    MODEL_END_SHARES,      /* probabilities, however made; logits are their logarithms */
};

/* What a model says of itself. Strings live as long as the model; absent ones are "". */
struct model_info {
    const char *input_name;
    size_t input_rank;
    int64_t input_shape[MODEL_RANK_MAX]; /* as the file declares it; -1 = batch */
    const char *output_name;             /* the graph's own output */
    const char *other_outputs;           /* those that are not computed, with commas */
    enum model_end end;
    float input_scale;           /* tensor value = grey (0..255, ink high) * input_scale */
    float input_mean, input_std; /* what the file's own input is then normalised by, here */
    bool input_paper_high;       /* and before that turned over, since it takes paper high */
    const char *input_layout;    /* "nchw", "nhwc", "nhw", "flat"; "" for others */
    enum model_source sources[MODEL_KEYS];
    float temperature;  /* probabilities = softmax or sigmoid(logits / temperature) */
    const char *pixels; /* what clients send as numbers: "model" (what it takes), "255", "1" or
                         * "auto" */
    const char *labels[MODEL_CLASSES];
    const char *accuracy;
    const char *training_data;
    const char *producer; /* "pytorch 1.13.1" */
    char sha256[65];      /* of the whole file, lower-case hex */
    int64_t opset;        /* of the default domain */
    size_t golden;        /* golden pictures reproduced while loading */
    size_t parameters;    /* trained numbers */
    uint64_t macs;        /* multiply-adds for one image */
    size_t memory;        /* bytes of packed weights */
    bool int8;            /* most multiply-adds are of bytes, not of floats */
    enum cpu_level cpu;   /* what the kernels were chosen for */
};

/* One step of the plan, for people. Strings live as long as the model. */
struct model_step {
    const char *name;   /* the ONNX node's name, or its first output's */
    const char *op;     /* "Conv+Relu+MaxPool" */
    const char *kernel; /* "conv_direct x86-64-v4" */
    const char *shape;  /* of the output for one image, "24x24x16" */
    size_t parameters;
    uint64_t macs;
};

/* Loads an ONNX file held in memory (`bytes` is not needed afterwards): parses, validates,
 * plans, packs, and reproduces the golden outputs it carries. Kernels use no more than `cpu`.
 * Returns 0 and *ret for the caller to model_destroy(); -EBADMSG if the bytes are no sound ONNX
 * model; -ENOTSUP for an operator, attribute or shape that digitd lacks, with `err` naming the
 * node; -EDOM if the golden outputs are not reproduced; -ENOMEM. On failure *ret is untouched.
 */
int model_load(const void *bytes, size_t len, enum cpu_level cpu, struct model **ret,
               struct error *err);

/* The names of the files beside a model in which its weights are, each with a newline behind
 * it: of all, or of those up to the one that cannot be read. Starts zeroed. */
enum { MODEL_PARTS_MAX = 8192 };
struct model_parts {
    size_t len;
    char text[MODEL_PARTS_MAX]; /* those that fit; ends with a NUL */
};

/* What goes with a file's bytes. Zeroed, it is nothing. */
struct model_beside {
    const char *folder; /* of weights in other files: "", or ends in a slash; NULL: nowhere */
    const char *properties;    /* lines of KEY=VALUE that go before the file's own metadata */
    const char *settings;      /* and lines that go before those */
    struct model_parts *parts; /* to be filled in, or NULL */
};

int model_load_with(const void *bytes, size_t len, const struct model_beside *beside,
                    enum cpu_level cpu, struct model **ret, struct error *err);

/* A file's bytes and what lies beside it, in memory. */
struct model_file {
    char *bytes;
    size_t len;
    char *folder, *properties; /* struct model_beside's */
};

/* Reads `path` and, if it is there, `path`.properties. Returns 0 and *ret for
 * model_file_finish(); -ENOENT, -EACCES, -EFBIG and the like, with `err` naming the file. */
int model_file_read(const char *path, struct model_file *ret, struct error *err);
void model_file_finish(struct model_file *f); /* accepts a zeroed one */

/* Reads the file at `path` and loads it, with weights that are in files beside it, and metadata
 * from lines of KEY=VALUE in `path`.properties, if there is one; of `beside`, which may be
 * NULL, only settings and parts count. Also returns -ENOENT, -EACCES, -EFBIG and the like. */
int model_load_file(const char *path, const struct model_beside *beside, enum cpu_level cpu,
                    struct model **ret, struct error *err);

/* The key as people write it, "input_mean"; and 0, or -EINVAL with `err` saying what its value
 * should be, and nothing else. */
const char *model_key_name(enum model_key key);
int model_check(enum model_key key, const char *value, struct error *err);

void model_destroy(struct model *m); /* accepts NULL */

const struct model_info *model_info(const struct model *m);
/* "logits", "log-probabilities", "probabilities" or "independent probabilities" */
const char *model_end_name(enum model_end end);
size_t model_steps(const struct model *m);
void model_step(const struct model *m, size_t i, struct model_step *ret);

/* Bytes of scratch, 64-byte aligned, that model_predict() needs, whatever `n` is. */
size_t model_scratch(const struct model *m);

/* images: float[n][MODEL_INPUT] in; logits and probabilities: float[n][MODEL_CLASSES] out, each
 * row of the latter summing to 1 but behind a Sigmoid. Cannot fail; allocates nothing; takes no
 * lock. A row's result depends on nothing but its image. `images` must be finite for the result
 * to be. */
void model_predict(const struct model *m, const float *images, size_t n, void *scratch,
                   float *logits, float *probabilities);

/* As model_predict() without probabilities; adds to step_ns[model_steps()] what each step took,
 * and takes a little longer for it. */
void model_profile(const struct model *m, const float *images, size_t n, void *scratch,
                   float *logits, uint64_t *step_ns);

/* The ONNX file compiled into the program. */
extern const unsigned char model_builtin[];
extern const size_t model_builtin_len;

#endif
