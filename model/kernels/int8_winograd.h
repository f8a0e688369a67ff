#ifndef MODEL_KERNELS_INT8_WINOGRAD_H
#define MODEL_KERNELS_INT8_WINOGRAD_H

#include "model/kernels/int8_level.h"
#include "model/kernels/vector.h"
#include "model/kernels/winograd.h"

/* Winograd's F(4x4,3x3) of winograd.h in whole numbers, and so exact. What is left of fractions
 * in G is gone once its rows are multiplied by 24, but for the last, for which 12 is all that
 * 16 bits can hold: A^T counts its products twice. A sum of products then is INT8_WINOGRAD_UNIT
 * times what it stands for, modulo 2^32, which is divided by multiplying with the inverse of
 * its odd factor and shifting the rest away; that is right for sums within 2^25,
 * bias included, which may be half of that. */
enum {
    INT8_WINOGRAD_KERNEL = 3,
    INT8_WINOGRAD_TILE = WINOGRAD_SIDE + 1 - INT8_WINOGRAD_KERNEL,
    INT8_WINOGRAD_UNIT = 24 * 24,
    INT8_WINOGRAD_SHIFT = 6,
    INT8_WINOGRAD_INVERSE = 0x38e38e39, /* times 9 is 1 */
};

/* weights[3][3] as in struct kernels_int8, times INT8_WINOGRAD_UNIT or a part of that. */
void int8_winograd_transform(const int16_t *weights, int32_t ret[WINOGRAD_FREQUENCIES]);

/* Tiles at a time, in runs of nearly the same length, and vectors of channels: products go to
 * [WINOGRAD_FREQUENCIES][tiles][vectors][VECTOR_LANES], from one frequency to the next a
 * distance that is known here, and a line more than a power of two, as in winograd.c. */
enum {
    INT8_WINOGRAD_BLOCK = 16,
    INT8_WINOGRAD_VECTORS = 2,
    INT8_WINOGRAD_STEP =
        INT8_WINOGRAD_BLOCK * INT8_WINOGRAD_VECTORS * VECTOR_LANES + (int)KERNELS_LANES,
};

/* One frequency of a row of `width` tiles: in[width][in_step], of which `steps` groups of
 * WORDS_INPUTS count, to out[width][vectors][VECTOR_LANES]; weights:
 * [steps][vectors][WORDS_LEN].
 */
void LEVEL(int8_winograd_row)(size_t vectors, size_t width, size_t steps,
                              const int16_t *weights, const int16_t *in, size_t in_step,
                              int32_t *out);

/* Where a tile goes. */
struct int8_winograd_target {
    void *out;
    size_t row, pixel;    /* elements of the output */
    size_t height, width; /* what there is room for */
};

/* A vector of channels of one tile, the first of which is `channel`, to what the end makes of
 * it.
 */
void LEVEL(int8_winograd_output)(const struct kernels_conv *c,
                                 const struct kernels_int8_end *end, size_t channel,
                                 const int32_t *from, const struct int8_winograd_target *t);

#endif
