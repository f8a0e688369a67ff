#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "model/kernels.h"

struct error;
struct graph;
struct model_step;

/* A graph made ready to run: layouts, buffers, packed weights. Immutable, so any number of
 * threads may run it at once, each with scratch of its own. */
struct plan;

/* Plans a fused graph for one level of kernels. The graph's strings are not needed afterwards.
 * Returns 0 and *ret for the caller to plan_destroy(); -ENOTSUP if it takes too much memory;
 * -ENOMEM. On failure *ret is untouched. */
int plan_build(const struct graph *g, enum cpu_level cpu, struct plan **ret, struct error *err);

void plan_destroy(struct plan *p); /* accepts NULL */

/* Bytes that plan_run() needs, whatever n is, and those of the packed weights. */
size_t plan_scratch(const struct plan *p);
size_t plan_memory(const struct plan *p);

size_t plan_steps(const struct plan *p);
void plan_step(const struct plan *p, size_t i, struct model_step *ret);

/* images: float[n][MODEL_INPUT] at any address; scratch: 64-byte aligned; logits:
 * float[n][MODEL_CLASSES], the graph's output. Cannot fail; allocates nothing. */
void plan_run(const struct plan *p, const float *images, size_t n, void *scratch,
              float *logits);

/* The same; adds to step_ns[plan_steps()] the time of each step. */
void plan_profile(const struct plan *p, const float *images, size_t n, void *scratch,
                  float *logits, uint64_t *step_ns);

/* plan_run() of one picture that also hands on what its steps make of it: `count` floats of the
 * graph's value `value`, call by call. Of a value that is only there on the way to the pool
 * behind it, what is left by that. */
typedef void plan_observe_fn(void *to, size_t value, const float *x, size_t count);
void plan_observe(const struct plan *p, const float *image, void *scratch, float *logits,
                  plan_observe_fn *fn, void *to);

#endif
