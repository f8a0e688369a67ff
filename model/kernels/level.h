#ifndef MODEL_KERNELS_LEVEL_H
#define MODEL_KERNELS_LEVEL_H

#include "model/kernels.h"

/* The kernels of one level. The files of this folder are compiled once for each level, with
 * KERNELS_LEVEL and the level's own instruction set set by model/meson.build; every name that
 * they share gets the level as its suffix, so that the linker can never give one level's code
 * to another. The references (*_reference.c) are the level `generic`. */
#ifndef KERNELS_LEVEL
#define KERNELS_LEVEL generic
#endif

#define LEVEL_JOIN(name, level)   name##_##level
#define LEVEL_EXPAND(name, level) LEVEL_JOIN(name, level)
#define LEVEL(name)               LEVEL_EXPAND(name, KERNELS_LEVEL)

/* The contract of each is in model/kernels.h, struct kernels. */
bool LEVEL(conv_fits)(const struct kernels_conv *c);
bool LEVEL(conv_pools)(const struct kernels_conv *c);
size_t LEVEL(conv_packed)(const struct kernels_conv *c);
void LEVEL(conv_pack)(const struct kernels_conv *c, const float *weights, float *packed);
void LEVEL(conv)(const struct kernels_conv *c, const float *packed, const float *bias,
                 const float *in, float *out);

bool LEVEL(winograd_pays)(const struct kernels_conv *c);
size_t LEVEL(winograd_packed)(const struct kernels_conv *c);
void LEVEL(winograd_pack)(const struct kernels_conv *c, const float *transformed,
                          float *packed);
size_t LEVEL(winograd_work)(const struct kernels_conv *c);
void LEVEL(winograd)(const struct kernels_conv *c, const float *packed, const float *bias,
                     const float *in, float *work, float *out);

size_t LEVEL(dense_packed)(const struct kernels_dense *d);
void LEVEL(dense_pack)(const struct kernels_dense *d, const float *weights, float *packed);
void LEVEL(dense)(const struct kernels_dense *d, const float *packed, const float *bias,
                  const float *x, size_t n, float *y);

void LEVEL(max_pool)(const struct kernels_pool *p, const float *in, float *out);
void LEVEL(average_pool)(const struct kernels_pool *p, float scale, const float *in,
                         float *out);

void LEVEL(add)(const float *a, const float *b, size_t count, bool relu, float *y);
void LEVEL(relu)(const float *x, size_t count, float *y);
size_t LEVEL(spin)(size_t steps);

void LEVEL(activate)(const struct kernels_activation *f, const float *from, size_t count,
                     float *to);
void LEVEL(combine)(enum kernels_pair f, const float *left, const float *right, size_t count,
                    float *to);

/* Each is there if the build is for its architecture. */
extern const struct kernels kernels_generic;
extern const struct kernels kernels_v2;
extern const struct kernels kernels_v3;
extern const struct kernels kernels_v4;
extern const struct kernels kernels_neon;

#endif
