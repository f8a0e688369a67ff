#ifndef MODEL_KERNELS_INT8_H
#define MODEL_KERNELS_INT8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/kernels.h"

/* The inner loops of quantised inference. Activations are bytes, laid out as the floats of
 * model/kernels.h are, all strides counted in bytes; channels that only pad may hold anything.
 * Up to KERNELS_INT8_BEHIND bytes behind an input are read, whatever they hold, but never
 * count. Everything is exact or rounded in one defined way, so all levels give the same bits.
 */
enum { KERNELS_INT8_BEHIND = 3 };

/* What becomes of a sum of products. The arrays have KERNELS_ROUND(out_channels) elements,
 * those that pad are zero. */
struct kernels_int8_end {
    const int32_t *bias; /* what the sum starts with */
    const float *scale;  /* not negative */
    /* Floats: sum * scale + shift, then max(0, ...) if `relu`. */
    const float *shift; /* NULL: bytes */
    bool relu;
    /* Bytes: `zero` + sum * scale, rounded half to even, no less than `low` and no more than
     * `high`. */
    int32_t zero, low, high;
};

/* An addition of bytes: (a - zero[0]) * scale[0] + (b - zero[1]) * scale[1] as floats, divided
 * by scale[2], rounded half to even, plus zero[2], and kept within `low` and `high`. */
struct kernels_int8_add {
    float scale[3];
    int32_t zero[3];
    int32_t low, high;
};

struct kernels_int8 {
    enum cpu_level cpu;

    /* Whether this level can do the shape with these weights, int16_t[out_channels]
     * [in_channels / groups][kernel_height][kernel_width], which lie within -255 and 255. */
    bool (*fits)(const struct kernels_conv *c, const int16_t *weights);
    /* Weights into this level's own order, aligned to 64 bytes, and how many bytes it takes. */
    size_t (*packed)(const struct kernels_conv *c);
    void (*pack)(const struct kernels_conv *c, const int16_t *weights, void *packed);
    /* out: uint8_t or float, as the end says, with strides in elements of its own. `relu` of
     * the shape is not looked at; the pool that c->pool asks for is done, of bytes. A dense
     * layer is a convolution with a kernel of one pixel whose pixels are the images; out_height
     * and out_width may differ from when the weights were packed. Sums are taken modulo 2^32.
     */
    void (*conv)(const struct kernels_conv *c, const void *packed,
                 const struct kernels_int8_end *end, const uint8_t *in, void *out);

    /* The same, to the bit, by Winograd's F(4x4,3x3) in whole numbers, where that is faster:
     * stride 1, one group, and weights that fits() and kernels_int8_winograd_fits(). The input
     * must have something as far as whole tiles of 4x4 outputs reach; work: aligned to 64
     * bytes, for the time of the call; both sizes in bytes. Of the reference, which it never
     * pays for, this is conv(). */
    bool (*winograd_pays)(const struct kernels_conv *c);
    size_t (*winograd_packed)(const struct kernels_conv *c);
    void (*winograd_pack)(const struct kernels_conv *c, const int16_t *weights, void *packed);
    size_t (*winograd_work)(const struct kernels_conv *c);
    void (*winograd)(const struct kernels_conv *c, const void *packed,
                     const struct kernels_int8_end *end, const uint8_t *in, void *work,
                     void *out);

    void (*max_pool)(const struct kernels_pool *p, const uint8_t *in, uint8_t *out);
    void (*add)(const struct kernels_int8_add *add, const uint8_t *a, const uint8_t *b,
                size_t count, uint8_t *y);
    /* y = x / scale, rounded half to even, plus zero, kept within 0 and 255; and back. */
    void (*quantize)(const float *x, float scale, int32_t zero, size_t count, uint8_t *y);
    void (*dequantize)(const uint8_t *x, float scale, int32_t zero, size_t count, float *y);
    /* y[i] = table[x[i]] */
    void (*map)(const uint8_t *x, const uint8_t table[256], size_t count, uint8_t *y);
    /* Multiplies and adds as fast as the level can, to measure that; returns how often. */
    size_t (*spin)(size_t steps);
};

/* As kernels_get(). Weights that do not fit a level fit one below it, at last CPU_GENERIC. */
const struct kernels_int8 *kernels_int8_get(enum cpu_level level);
const struct kernels_int8 *kernels_int8_fitting(enum cpu_level level,
                                                const struct kernels_conv *c,
                                                const int16_t *weights);

/* Whether Winograd's way is exact for these weights of 3x3 windows, whatever the input, and
 * any bias less than KERNELS_INT8_SUM_MAX either way. */
enum { KERNELS_INT8_SUM_MAX = 1 << 24 };
bool kernels_int8_winograd_fits(const struct kernels_conv *c, const int16_t *weights);

#endif
