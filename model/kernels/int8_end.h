#ifndef MODEL_KERNELS_INT8_END_H
#define MODEL_KERNELS_INT8_END_H

#include "model/kernels/int8_dot.h"

/* How floats become bytes. Adding 1.5 * 2^23 leaves the integer that a small float is nearest
 * to, half to even, in the low bits. */
#define INT8_MAGIC      12582912.0F
#define INT8_MAGIC_BITS 0x4b400000

VECTOR_INLINE vector int8_min(vector a, vector b)
{
    vector_mask less = a < b;

    return (vector)((less & (vector_mask)a) | (~less & (vector_mask)b));
}

VECTOR_INLINE vector int8_splat(float x)
{
    return x - (vector){0};
}

/* The bounds of bytes around their zero. */
struct int8_bounds {
    vector low, high;
    ints zero;
};

VECTOR_INLINE struct int8_bounds int8_bounds(int32_t zero, int32_t low, int32_t high)
{
    return (struct int8_bounds){
        .low = int8_splat((float)(low - zero)),
        .high = int8_splat((float)(high - zero)),
        .zero = ints_splat(zero - INT8_MAGIC_BITS),
    };
}

VECTOR_INLINE void int8_store(uint8_t *to, vector x, const struct int8_bounds *b)
{
    vector y = int8_min(vector_max(x, b->low), b->high) + INT8_MAGIC;
    bytes narrow = __builtin_convertvector((ints)y + b->zero, bytes);

    memcpy(to, &narrow, sizeof(narrow));
}

VECTOR_INLINE vector int8_load(const uint8_t *from, int32_t zero)
{
    bytes narrow;

    memcpy(&narrow, from, sizeof(narrow));
    return __builtin_convertvector(__builtin_convertvector(narrow, ints) - zero, vector);
}

#endif
