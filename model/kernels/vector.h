#ifndef MODEL_KERNELS_VECTOR_H
#define MODEL_KERNELS_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a level is made of; model/meson.build sets both: VECTOR_LANES floats fit a register, and
 * there are VECTOR_REGISTERS of them. */
#ifndef VECTOR_LANES
#define VECTOR_LANES     4
#define VECTOR_REGISTERS 16
#endif

typedef float vector __attribute__((vector_size(4 * VECTOR_LANES)));
typedef int32_t vector_mask __attribute__((vector_size(4 * VECTOR_LANES)));

/* Functions that take a count which is a constant where they are inlined. */
#define VECTOR_INLINE static inline __attribute__((always_inline))

/* Before a loop with such a count: arrays of vectors become registers only if it is unrolled.
 */
#ifdef __clang__
#define VECTOR_UNROLL _Pragma("clang loop unroll(full)")
#else
#define VECTOR_UNROLL _Pragma("GCC unroll 32")
#endif

/* No load moves across it: clang would take the operands of all steps of a loop ahead, for
 * which there are not enough registers. */
#define VECTOR_KEEP_ORDER __asm__ volatile("" ::: "memory")

VECTOR_INLINE vector vector_load(const float *from)
{
    vector v;

    memcpy(&v, from, sizeof(v));
    return v;
}

/* From a multiple of the vector's size, which SSE can use as an operand. */
VECTOR_INLINE vector vector_load_aligned(const float *from)
{
    return vector_load(__builtin_assume_aligned(from, sizeof(vector)));
}

VECTOR_INLINE void vector_store(float *to, vector v)
{
    memcpy(to, &v, sizeof(v));
}

/* One FMA where there is one. Its own function, so that nothing comes between the product and
 * the sum that would keep a compiler from joining them: all kernels have to round alike. */
VECTOR_INLINE vector vector_multiply_add(vector sum, vector w, float x)
{
    return sum + w * x;
}

/* a > b ? a : b, lane by lane: b where either is NaN, as in the references. */
VECTOR_INLINE vector vector_max(vector a, vector b)
{
    vector_mask more = a > b;

    return (vector)((more & (vector_mask)a) | (~more & (vector_mask)b));
}

/* Each lane changes places with its neighbour. */
VECTOR_INLINE vector vector_swap(vector v)
{
#if VECTOR_LANES == 4
    return __builtin_shufflevector(v, v, 1, 0, 3, 2);
#elif VECTOR_LANES == 8
    return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
#else
    return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
#endif
}

/* Lane 0 of a, lane 1 of b, lane 2 of a, and so on. */
VECTOR_INLINE vector vector_alternate(vector a, vector b)
{
#if VECTOR_LANES == 4
    return __builtin_shufflevector(a, b, 0, 5, 2, 7);
#elif VECTOR_LANES == 8
    return __builtin_shufflevector(a, b, 0, 9, 2, 11, 4, 13, 6, 15);
#else
    return __builtin_shufflevector(a, b, 0, 17, 2, 19, 4, 21, 6, 23, 8, 25, 10, 27, 12, 29, 14,
                                   31);
#endif
}

/* The end of a sum. Without relu, -0 becomes +0: whether terms that are zero were added or
 * skipped could otherwise be seen in the sign. */
VECTOR_INLINE vector vector_finish(vector sum, int relu)
{
    return relu ? vector_max(sum, (vector){0}) : sum + (vector){0};
}

#endif
