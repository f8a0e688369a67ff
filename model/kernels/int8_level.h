#ifndef MODEL_KERNELS_INT8_LEVEL_H
#define MODEL_KERNELS_INT8_LEVEL_H

#include "model/kernels/level.h"
#include "model/kernels_int8.h"

/* The contract of each is in model/kernels_int8.h, struct kernels_int8. */
bool LEVEL(int8_fits)(const struct kernels_conv *c, const int16_t *weights);
size_t LEVEL(int8_packed)(const struct kernels_conv *c);
void LEVEL(int8_pack)(const struct kernels_conv *c, const int16_t *weights, void *packed);
void LEVEL(int8_conv)(const struct kernels_conv *c, const void *packed,
                      const struct kernels_int8_end *end, const uint8_t *in, void *out);

bool LEVEL(int8_winograd_pays)(const struct kernels_conv *c);
size_t LEVEL(int8_winograd_packed)(const struct kernels_conv *c);
void LEVEL(int8_winograd_pack)(const struct kernels_conv *c, const int16_t *weights,
                               void *packed);
size_t LEVEL(int8_winograd_work)(const struct kernels_conv *c);
void LEVEL(int8_winograd)(const struct kernels_conv *c, const void *packed,
                          const struct kernels_int8_end *end, const uint8_t *in, void *work,
                          void *out);

void LEVEL(int8_max_pool)(const struct kernels_pool *p, const uint8_t *in, uint8_t *out);
void LEVEL(int8_add)(const struct kernels_int8_add *add, const uint8_t *a, const uint8_t *b,
                     size_t count, uint8_t *y);
void LEVEL(int8_quantize)(const float *x, float scale, int32_t zero, size_t count, uint8_t *y);
void LEVEL(int8_dequantize)(const uint8_t *x, float scale, int32_t zero, size_t count,
                            float *y);
void LEVEL(int8_map)(const uint8_t *x, const uint8_t table[256], size_t count, uint8_t *y);

size_t LEVEL(int8_spin)(size_t steps);

/* Each is there if the build is for its architecture. */
extern const struct kernels_int8 kernels_int8_generic;
extern const struct kernels_int8 kernels_int8_v2;
extern const struct kernels_int8 kernels_int8_v3;
extern const struct kernels_int8 kernels_int8_v4;
extern const struct kernels_int8 kernels_int8_vnni;
extern const struct kernels_int8 kernels_int8_neon;

#endif
