#ifndef MODEL_KERNELS_INT8_END_H
#define MODEL_KERNELS_INT8_END_H

#include "model/kernels/int8_dot.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* How floats become bytes. Adding 1.5 * 2^23 leaves the integer that a small float is nearest
 * to, half to even, in the low bits. */
#define INT8_MAGIC      12582912.0F
#define INT8_MAGIC_BITS 0x4b400000

/* a > b ? a : b, of numbers and of integers, a < b ? a : b, and the low bytes of integers from
 * 0 to 255. x86 has instructions for them that gcc 12 does not find in what the other levels
 * get. */
#if defined(__x86_64__) && VECTOR_LANES == 16
VECTOR_INLINE vector int8_max(vector a, vector b)
{
    return (vector)_mm512_max_ps((__m512)a, (__m512)b);
}

VECTOR_INLINE ints int8_larger(ints a, ints b)
{
    return (ints)_mm512_max_epi32((__m512i)a, (__m512i)b);
}

VECTOR_INLINE vector int8_min(vector a, vector b)
{
    return (vector)_mm512_min_ps((__m512)a, (__m512)b);
}

VECTOR_INLINE void int8_narrow(uint8_t *to, ints x)
{
    bytes narrow = __builtin_convertvector(x, bytes);

    memcpy(to, &narrow, sizeof(narrow));
}
#elif defined(__x86_64__) && VECTOR_LANES == 8
VECTOR_INLINE vector int8_max(vector a, vector b)
{
    return (vector)_mm256_max_ps((__m256)a, (__m256)b);
}

VECTOR_INLINE ints int8_larger(ints a, ints b)
{
    return (ints)_mm256_max_epi32((__m256i)a, (__m256i)b);
}

VECTOR_INLINE vector int8_min(vector a, vector b)
{
    return (vector)_mm256_min_ps((__m256)a, (__m256)b);
}

VECTOR_INLINE void int8_narrow(uint8_t *to, ints x)
{
    __m128i low = _mm256_castsi256_si128((__m256i)x);
    __m128i halves = _mm_packus_epi32(low, _mm256_extracti128_si256((__m256i)x, 1));
    __m128i narrow = _mm_packus_epi16(halves, halves);

    memcpy(to, &narrow, VECTOR_LANES);
}
#elif defined(__x86_64__)
VECTOR_INLINE vector int8_max(vector a, vector b)
{
    return (vector)_mm_max_ps((__m128)a, (__m128)b);
}

VECTOR_INLINE ints int8_larger(ints a, ints b)
{
    return (ints)_mm_max_epi32((__m128i)a, (__m128i)b);
}

VECTOR_INLINE vector int8_min(vector a, vector b)
{
    return (vector)_mm_min_ps((__m128)a, (__m128)b);
}

VECTOR_INLINE void int8_narrow(uint8_t *to, ints x)
{
    __m128i halves = _mm_packus_epi32((__m128i)x, (__m128i)x);
    __m128i narrow = _mm_packus_epi16(halves, halves);

    memcpy(to, &narrow, VECTOR_LANES);
}
#else
VECTOR_INLINE vector int8_max(vector a, vector b)
{
    return vector_max(a, b);
}

VECTOR_INLINE ints int8_larger(ints a, ints b)
{
    ints more = a > b;

    return (more & a) | (~more & b);
}

VECTOR_INLINE vector int8_min(vector a, vector b)
{
    vector_mask less = a < b;

    return (vector)((less & (vector_mask)a) | (~less & (vector_mask)b));
}

VECTOR_INLINE void int8_narrow(uint8_t *to, ints x)
{
    bytes narrow = __builtin_convertvector(x, bytes);

    memcpy(to, &narrow, sizeof(narrow));
}
#endif

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
    vector y = int8_min(int8_max(x, b->low), b->high) + INT8_MAGIC;

    int8_narrow(to, (ints)y + b->zero);
}

VECTOR_INLINE vector int8_load(const uint8_t *from, int32_t zero)
{
    bytes narrow;

    memcpy(&narrow, from, sizeof(narrow));
    return __builtin_convertvector(__builtin_convertvector(narrow, ints) - zero, vector);
}

#endif
