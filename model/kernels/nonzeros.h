#ifndef MODEL_KERNELS_NONZEROS_H
#define MODEL_KERNELS_NONZEROS_H

#include "model/kernels/vector.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

/* The inputs that are not zero, in the order of the terms, with room to write a step more than
 * there are. */
enum { NONZEROS_MAX = 512, NONZEROS_STEP = 16 };

struct nonzeros {
    size_t n;
    float value[NONZEROS_MAX + NONZEROS_STEP];
    uint32_t term[NONZEROS_MAX + NONZEROS_STEP];
};

#if defined(__AVX2__) && !defined(__AVX512F__)
#define NONZEROS_PLACE(set, i) \
    ((set) >> (i)&1 ? (uint32_t)(i) << 4 * __builtin_popcount((set) & ((1U << (i)) - 1)) : 0U)
#define NONZEROS_PLACES(set)                                                       \
    NONZEROS_PLACE(set, 0) | NONZEROS_PLACE(set, 1) | NONZEROS_PLACE(set, 2) |     \
        NONZEROS_PLACE(set, 3) | NONZEROS_PLACE(set, 4) | NONZEROS_PLACE(set, 5) | \
        NONZEROS_PLACE(set, 6) | NONZEROS_PLACE(set, 7)
#define NONZEROS_SETS_4(set)                                                      \
    NONZEROS_PLACES(set), NONZEROS_PLACES((set) + 1), NONZEROS_PLACES((set) + 2), \
        NONZEROS_PLACES((set) + 3)
#define NONZEROS_SETS_16(set)                                                     \
    NONZEROS_SETS_4(set), NONZEROS_SETS_4((set) + 4), NONZEROS_SETS_4((set) + 8), \
        NONZEROS_SETS_4((set) + 12)
#define NONZEROS_SETS_64(set)                                                          \
    NONZEROS_SETS_16(set), NONZEROS_SETS_16((set) + 16), NONZEROS_SETS_16((set) + 32), \
        NONZEROS_SETS_16((set) + 48)

/* The members of each set of eight lanes, four bits for each, the first lowest. */
static const uint32_t nonzeros_members[256] = {NONZEROS_SETS_64(0U), NONZEROS_SETS_64(64U),
                                               NONZEROS_SETS_64(128U), NONZEROS_SETS_64(192U)};

/* Adds what of in[8] is not zero. */
VECTOR_INLINE void nonzeros_add_eight(struct nonzeros *l, uint32_t term, const float *in)
{
    const __m256i order = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256 x = _mm256_loadu_ps(in);
    const __m256 some = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NEQ_UQ);
    const unsigned set = (unsigned)_mm256_movemask_ps(some);
    /* vpermps heeds three bits of each. */
    const __m256i lanes = _mm256_srlv_epi32(_mm256_set1_epi32((int)nonzeros_members[set]),
                                            _mm256_slli_epi32(order, 2));
    const __m256i terms = _mm256_add_epi32(_mm256_and_si256(lanes, _mm256_set1_epi32(7)),
                                           _mm256_set1_epi32((int)term));

    _mm256_storeu_ps(l->value + l->n, _mm256_permutevar8x32_ps(x, lanes));
    _mm256_storeu_si256((__m256i *)(void *)(l->term + l->n), terms);
    l->n += (size_t)__builtin_popcount(set);
}
#endif

/* Adds what of in[count], at most NONZEROS_STEP, is not zero; the first is `term`. Without a
 * branch: which pixels are zero cannot be foreseen. */
VECTOR_INLINE void nonzeros_add(struct nonzeros *l, uint32_t term, const float *in,
                                size_t count)
{
#ifdef __AVX512F__
    const __m512i order =
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512 x = _mm512_maskz_loadu_ps((__mmask16)((1U << count) - 1), in);
    const __mmask16 some = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    const __m512i terms = _mm512_add_epi32(order, _mm512_set1_epi32((int)term));

    _mm512_storeu_ps(l->value + l->n, _mm512_maskz_compress_ps(some, x));
    _mm512_storeu_si512(l->term + l->n, _mm512_maskz_compress_epi32(some, terms));
    l->n += (size_t)__builtin_popcount(some);
#else
    size_t i = 0;
#ifdef __AVX2__
    for (; i + 8 <= count; i += 8)
        nonzeros_add_eight(l, term + (uint32_t)i, in + i);
#endif
    size_t n = l->n;

    for (; i < count; i++) {
        l->value[n] = in[i];
        l->term[n] = term + (uint32_t)i;
        n += in[i] != 0;
    }
    l->n = n;
#endif
}

#endif
