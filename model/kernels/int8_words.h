#ifndef MODEL_KERNELS_INT8_WORDS_H
#define MODEL_KERNELS_INT8_WORDS_H

#include "model/kernels/int8_dot.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* As int8_dot.h, of numbers of 16 bits: a few neighbouring inputs times as many weights of each
 * lane. Sums wrap around; no two products together overflow, which pmaddwd would not like. */
#if defined(__AVX512VNNI__)

enum { WORDS_INPUTS = 2 };
typedef ints words_weights;
typedef ints words_inputs;

VECTOR_INLINE ints words_dot(ints sum, words_inputs x, words_weights w)
{
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
}

#elif defined(__aarch64__)

enum { WORDS_INPUTS = 4 };
typedef dot_weights words_weights;
typedef dot_inputs words_inputs;

VECTOR_INLINE ints words_dot(ints sum, words_inputs x, words_weights w)
{
    return dot(sum, x, w);
}

#else

enum { WORDS_INPUTS = 2 };
typedef ints words_weights;
typedef ints words_inputs;

VECTOR_INLINE ints words_dot(ints sum, words_inputs x, words_weights w)
{
    sum += dot_pairs(x, w);
    __asm__("" : "+v"(sum)); /* as in dot() */
    return sum;
}

#endif

/* Bytes as words. gcc 12 knows of no instruction for a whole vector of them. */
enum { WORDS_WIDE = 2 * VECTOR_LANES };
typedef int16_t words_vector __attribute__((vector_size(2 * WORDS_WIDE)));
typedef uint8_t words_bytes __attribute__((vector_size(WORDS_WIDE)));

VECTOR_INLINE words_vector words_widen(const uint8_t *from)
{
    words_bytes x;

    memcpy(&x, from, sizeof(x));
#if defined(__x86_64__) && VECTOR_LANES == 16
    return (words_vector)_mm512_cvtepu8_epi16((__m256i)x);
#elif defined(__x86_64__) && VECTOR_LANES == 8
    return (words_vector)_mm256_cvtepu8_epi16((__m128i)x);
#elif defined(__x86_64__)
    return (words_vector)_mm_cvtepu8_epi16(_mm_cvtsi64_si128((int64_t)x));
#else
    return __builtin_convertvector(x, words_vector);
#endif
}

/* The same where there are only KERNELS_LANES bytes, as in the last vector of some pixels. */
VECTOR_INLINE words_vector words_widen_half(const uint8_t *from)
{
#if VECTOR_LANES == 16
    __m128i x = _mm_loadu_si128((const void *)from);

    return (words_vector)_mm512_cvtepu8_epi16(_mm256_zextsi128_si256(x));
#else
    return words_widen(from); /* there are none */
#endif
}

enum { WORDS_LEN = WORDS_INPUTS * VECTOR_LANES }; /* weights of one vector of channels */

/* Where the weight of input `i` for a lane is. */
VECTOR_INLINE size_t words_place(size_t lane, size_t i)
{
#if defined(__aarch64__)
    return i * VECTOR_LANES + lane;
#else
    return lane * WORDS_INPUTS + i;
#endif
}

VECTOR_INLINE words_inputs words_take(const int16_t *from)
{
#if defined(__aarch64__)
    return vld1_s16(from);
#else
    int32_t both;

    memcpy(&both, from, sizeof(both));
    return ints_splat(both);
#endif
}

VECTOR_INLINE words_weights words_load(const int16_t *from)
{
    words_weights w;

    memcpy(&w, __builtin_assume_aligned(from, sizeof(ints)), sizeof(w));
    return w;
}

#endif
