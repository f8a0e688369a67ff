#ifndef MODEL_KERNELS_INT8_DOT_H
#define MODEL_KERNELS_INT8_DOT_H

#include "model/kernels/vector.h"

/* The step that all sums are made of: four neighbouring inputs times four weights of each lane,
 * by the instruction that a level has for it. One of them sits in an intrinsic and one in
 * assembly: gcc 12 spills the sums around its own intrinsic for that. */
typedef int32_t ints __attribute__((vector_size(4 * VECTOR_LANES)));
typedef uint8_t bytes __attribute__((vector_size(VECTOR_LANES)));

enum { DOT_INPUTS = 4 };

VECTOR_INLINE ints ints_splat(int32_t x)
{
    return x - (ints){0};
}

VECTOR_INLINE int32_t dot_read(const uint8_t *from)
{
    int32_t four;

    memcpy(&four, from, sizeof(four));
    return four;
}

#if defined(__AVX512VNNI__)

typedef int8_t dot_weight;
typedef ints dot_weights; /* of one vector of channels */
typedef ints dot_inputs;

enum { DOT_WEIGHT_MIN = INT8_MIN, DOT_WEIGHT_MAX = INT8_MAX };

/* Where the weight of input `i` for a lane is. */
VECTOR_INLINE size_t dot_place(size_t lane, size_t i)
{
    return lane * DOT_INPUTS + i;
}

VECTOR_INLINE dot_inputs dot_take(const uint8_t *from)
{
    return ints_splat(dot_read(from));
}

/* The inputs may be others from here on: what was made of them is made again. */
#define DOT_KEEP(x) __asm__ volatile("" : "+v"(x))

VECTOR_INLINE ints dot(ints sum, dot_inputs x, dot_weights w)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
}

#else

typedef int16_t dot_weight;
enum { DOT_WEIGHT_MIN = -255, DOT_WEIGHT_MAX = 255 };

#if defined(__aarch64__)
#include <arm_neon.h>

typedef int16x4_t dot_inputs;
typedef struct {
    int16x4_t of[DOT_INPUTS];
} dot_weights;

VECTOR_INLINE size_t dot_place(size_t lane, size_t i)
{
    return i * VECTOR_LANES + lane;
}

VECTOR_INLINE dot_inputs dot_take(const uint8_t *from)
{
    const uint8x8_t four = vreinterpret_u8_s32(vdup_n_s32(dot_read(from)));

    return vreinterpret_s16_u16(vget_low_u16(vmovl_u8(four)));
}

#define DOT_KEEP(x) __asm__ volatile("" : "+w"(x))

VECTOR_INLINE ints dot(ints sum, dot_inputs x, dot_weights w)
{
    int32x4_t s = (int32x4_t)sum;

    s = vmlal_lane_s16(s, w.of[0], x, 0);
    s = vmlal_lane_s16(s, w.of[1], x, 1);
    s = vmlal_lane_s16(s, w.of[2], x, 2);
    s = vmlal_lane_s16(s, w.of[3], x, 3);
    return (ints)s;
}
#else
#include <immintrin.h>

typedef uint16_t words __attribute__((vector_size(4 * VECTOR_LANES)));

/* Inputs 0 and 2, and 1 and 3, as pairs of 16 bits: splitting bytes takes a mask and a shift.
 */
typedef struct {
    ints even, odd;
} dot_inputs;
typedef dot_inputs dot_weights;

VECTOR_INLINE size_t dot_place(size_t lane, size_t i)
{
    return i % 2 * 2 * VECTOR_LANES + lane * 2 + i / 2;
}

VECTOR_INLINE dot_inputs dot_take(const uint8_t *from)
{
    ints four = ints_splat(dot_read(from));

    /* In the vector already: else gcc splits the bytes first, and moves each part. */
    __asm__("" : "+v"(four));
    return (dot_inputs){four & 0x00ff00ff, (ints)((words)four >> 8)};
}

#define DOT_KEEP(x) __asm__ volatile("" : "+v"((x).even), "+v"((x).odd))

VECTOR_INLINE ints dot_pairs(ints x, ints w)
{
#if VECTOR_LANES == 16
    return (ints)_mm512_madd_epi16((__m512i)x, (__m512i)w);
#elif VECTOR_LANES == 8
    return (ints)_mm256_madd_epi16((__m256i)x, (__m256i)w);
#else
    return (ints)_mm_madd_epi16((__m128i)x, (__m128i)w);
#endif
}

VECTOR_INLINE ints dot(ints sum, dot_inputs x, dot_weights w)
{
    sum += dot_pairs(x.even, w.even);
    sum += dot_pairs(x.odd, w.odd);
    /* In its register now: else gcc makes a tree of the sums of several steps, and spills. */
    __asm__("" : "+v"(sum));
    return sum;
}
#endif
#endif

enum { DOT_LEN = DOT_INPUTS * VECTOR_LANES }; /* weights of one vector of channels */

VECTOR_INLINE dot_weights dot_load(const dot_weight *from)
{
    dot_weights w;

    memcpy(&w, __builtin_assume_aligned(from, sizeof(ints)), sizeof(w));
    return w;
}

#endif
