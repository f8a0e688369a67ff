#ifndef MODEL_QUANTIZE_PARTS_H
#define MODEL_QUANTIZE_PARTS_H

#include "model/arena.h"
#include "model/graph.h"
#include "model/metadata.h"
#include "model/onnx.h"
#include "model/plan.h"
#include "model/quantize.h"

/* What quantize*.c share. */

enum { QUANTIZE_BINS = 2048 };

/* The numbers of a value. */
struct quantize_range {
    float low, high; /* 0 is always within */
    uint32_t *bins;  /* how many are where between them */
};

/* Bytes for numbers: (byte - zero) * scale. */
struct quantize_scale {
    float scale;
    uint8_t zero;
};

struct quantize {
    struct arena arena; /* holds this struct, and what is below but for the pointers' owners */
    enum cpu_level cpu;
    struct onnx *onnx;
    struct graph *graph;
    struct plan *plan;
    struct metadata metadata;
    void *scratch;
    struct quantize_range *ranges; /* [values] */
    bool second;                   /* round */
};

/* The scale with the least squared error: some of the range is given up for a finer grid. */
struct quantize_scale quantize_choose(const struct quantize_range *r);

/* The file, with these golden logits, or without golden pictures if NULL. */
int quantize_write(const struct quantize *q, const char *accuracy, const float *golden,
                   void **ret, size_t *len, struct error *err);

#endif
