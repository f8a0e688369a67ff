#ifndef MODEL_PLAN_PARTS_H
#define MODEL_PLAN_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/graph.h"
#include "model/kernels.h"
#include "model/plan.h"

/* What plan_*.c share: the plan is made by plan_lower() (which steps), plan_ways() (which
 * of them go that way), plan_borders() (where zeros go around pictures), plan_pack() (strides
 * and weights) and plan_place() (where in scratch), in this order. */

enum {
    PLAN_BLOCK = 16, /* pictures that dense layers take at a time, to read weights once */
    PLAN_SCRATCH_MAX = 256 << 20, /* bytes */
};

/* Where a value lies. Its elements have the order of [channels][height][width] in the graph,
 * and lie as [height][width][channels] in memory; a list of numbers is all channels. */
struct plan_place {
    size_t channels, height, width;
    size_t pixel, row;               /* floats from one pixel and row to the next */
    size_t border[2], border_end[2]; /* pixels top and left; bottom and right */
    float fill;                      /* what the border holds */
    size_t len;                      /* floats for one picture */
    bool bytes;                      /* not floats; then see plan_int8.h */
    bool picture;                    /* the caller's own, not in scratch */
    bool thin;                       /* pixel is 1: only a one-channel convolution reads it */
    bool block;                      /* PLAN_BLOCK pictures side by side, else one at a time */
    size_t offset;                   /* floats from the start of scratch */
    size_t first, last;              /* steps during which it holds something */
};

enum plan_kind {
    PLAN_CONV,
    PLAN_DENSE,
    PLAN_MAX_POOL,
    PLAN_AVERAGE_POOL,
    PLAN_ADD,
    PLAN_RELU,
    PLAN_COPY,   /* the same layout elsewhere, with another border */
    PLAN_PACK,   /* a list of numbers to channels, height and width */
    PLAN_UNPACK, /* and back */
    PLAN_INT8,   /* whatever reads or writes bytes; plan_int8.h */
    PLAN_ACTIVATE,
    PLAN_COMBINE, /* of two places, or of one and `packed` in its layout */
    PLAN_MOVE,    /* from any layout to any */
    PLAN_ROWS,    /* of lists, like all that follow */
    PLAN_PRODUCT,
    PLAN_CONSTANT,
    PLAN_RECURRENT, /* with `work` to work in */
};

struct blas;
struct plan_recurrent;

struct plan_step {
    enum plan_kind kind;
    const struct graph_node *node; /* while planning; NULL for copies */
    const char *name, *op, *kernel, *shape;
    size_t parameters;
    uint64_t macs;
    size_t in[2], out; /* places */
    size_t n_in;       /* of `in` that count */
    size_t value;      /* 1 + the graph's value that it makes; 0: none */
    size_t segment;    /* neighbours that are run together, picture by picture */
    struct graph_window window;
    const struct kernels *kernels;
    const struct blas *blas; /* does the convolution, with `work` to work in; else NULL */
    size_t work;             /* place */
    struct kernels_conv conv;
    struct kernels_dense dense;
    struct kernels_pool pool;
    int int8_kind; /* an enum plan_int8_kind */
    struct plan_int8 *int8;
    bool relu;
    bool winograd; /* a convolution, with `work` too */
    bool halved;   /* by a pool of 2x2, done on the way */
    const float *packed, *bias;
    float scale;          /* of an average */
    const float *inverse; /* or [out_height][out_width], where windows hang over */
    struct kernels_activation function;
    enum kernels_pair pair;
    bool reversed;
    const int32_t *index; /* move: of each number as it will lie, where it lies in in[0]; or as
                             -2 - that, in in[1]; or PLAN_NOWHERE */
    float filler;
    enum graph_rows rows;
    float epsilon;
    size_t products, height, width, row;
    const struct plan_recurrent *recurrent;
};

enum { PLAN_NOWHERE = -1 };

struct plan {
    struct arena arena; /* owns all of it */
    enum cpu_level cpu;
    const struct kernels *kernels;
    struct plan_place *places;
    struct plan_step *steps;
    size_t n_places, n_steps;
    size_t output;  /* the place of the logits */
    size_t scratch; /* floats */
    size_t memory;  /* bytes of packed weights */
};

/* Steps and places that a graph may need, so that they can be allocated at once. */
#define PLAN_PARTS_MAX(n_nodes) (8 * ((n_nodes) + 1))

int plan_lower(struct plan *p, const struct graph *g, struct error *err);
int plan_ways(struct plan *p, struct error *err);
int plan_borders(struct plan *p, struct error *err);
int plan_pack(struct plan *p, struct error *err);
int plan_place(struct plan *p, struct error *err);

/* plan_list.c: PLAN_ACTIVATE and all behind it, of which plan_pack() and plan_run() know no
 * more. a, b and y are where the places' first pixels are. */
int plan_list_pack(struct plan *p, struct plan_step *s, struct error *err);
void plan_list_run(const struct plan *p, const struct plan_step *s, const float *a,
                   const float *b, float *y);
void plan_rows_run(const struct plan_step *s, const float *x, size_t count, float *y);

/* plan_recurrent.c: PLAN_RECURRENT. x, work and y are lists. */
int plan_recurrent_pack(struct plan *p, struct plan_step *s, struct error *err);
void plan_recurrent_run(const struct plan *p, const struct plan_step *s, const float *x,
                        float *work, float *y);

/* Of a place that a step reads through a window, and how many inputs a step has. */
size_t plan_inputs(const struct plan_step *s);

/* What the kernels know of a convolution; strides only once there are any. */
struct kernels_conv plan_conv(const struct plan *p, const struct plan_step *s);

/* A dense layer, of floats or bytes, which does a block of pictures at once. */
bool plan_is_dense(const struct plan_step *s);

/* Adds a place for one step's own use, which no picture but its own can see. */
size_t plan_add_work(struct plan *p, const struct plan_step *s, size_t len);

/* Adds an empty one and returns its index. */
size_t plan_add_place(struct plan *p, size_t channels, size_t height, size_t width);

#endif
