#include "model/kernels/packed.h"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* The inputs that are not zero, in the order of the terms. */
enum { LIST = 512, STEP = 16, AHEAD = 8 };

struct list {
    size_t n;
    float value[LIST + STEP];
    uint32_t term[LIST + STEP];
};

/* Lists in[count], at most STEP, the first of which is `term`. Without a branch: which pixels
 * are zero cannot be foreseen. */
VECTOR_INLINE void list_step(struct list *l, uint32_t term, const float *in, size_t count)
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
    size_t n = l->n;

    for (size_t i = 0; i < count; i++) {
        l->value[n] = in[i];
        l->term[n] = term + (uint32_t)i;
        n += in[i] != 0;
    }
    l->n = n;
#endif
}

/* Terms that are skipped confuse the processor's own foresight. */
VECTOR_INLINE void fetch(const float *weights, size_t vectors)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < vectors * VECTOR_LANES; i += KERNELS_LANES)
        __builtin_prefetch(weights + i);
}

/* sums[vectors * VECTOR_LANES] += value[i] * weights[term[i]][...] */
VECTOR_INLINE void add_terms(const struct list *l, const float *weights, float *sums,
                             size_t vectors)
{
    vector s[TILE_VECTORS];

    VECTOR_UNROLL
    for (size_t v = 0; v < vectors; v++)
        s[v] = vector_load(sums + v * VECTOR_LANES);
    for (size_t i = 0; i < l->n; i++) {
        const float *w = weights + l->term[i] * vectors * VECTOR_LANES;

        fetch(weights + l->term[i + AHEAD] * vectors * VECTOR_LANES, vectors);
        VECTOR_UNROLL
        for (size_t v = 0; v < vectors; v++)
            s[v] = vector_multiply_add(s[v], vector_load_aligned(w + v * VECTOR_LANES),
                                       l->value[i]);
    }
    VECTOR_UNROLL
    for (size_t v = 0; v < vectors; v++)
        vector_store(sums + v * VECTOR_LANES, s[v]);
}

static void add_block(const struct list *l, const float *weights, float *sums, size_t vectors)
{
    switch (vectors) {
    case 1:
        add_terms(l, weights, sums, 1);
        break;
    case 2:
        add_terms(l, weights, sums, 2);
        break;
    case 3:
        add_terms(l, weights, sums, 3);
        break;
    case 4:
        add_terms(l, weights, sums, 4);
        break;
    default:
        add_terms(l, weights, sums, TILE_VECTORS);
        break;
    }
}

struct pixel {
    size_t terms, vectors;
    const float *packed;
    float *out;
    struct list list;
};

/* Adds what is listed to the sums, which wait in the output, and empties the list. */
static void flush(struct pixel *p)
{
    size_t block = (size_t)p->packed[0];
    size_t left = p->vectors;
    const float *weights = p->packed + KERNELS_LANES;
    float *sums = p->out;

    memset(p->list.term + p->list.n, 0, AHEAD * sizeof(*p->list.term));
    while (left > 0) {
        size_t vectors = LEVEL(tile_next)(block, left);

        add_block(&p->list, weights, sums, vectors);
        weights += vectors * VECTOR_LANES * p->terms;
        sums += vectors * VECTOR_LANES;
        left -= vectors;
    }
    p->list.n = 0;
}

static void list_run(struct pixel *p, size_t term, const float *in, size_t len)
{
    for (size_t i = 0; i < len; i += STEP) {
        list_step(&p->list, (uint32_t)(term + i), in + i, len - i < STEP ? len - i : STEP);
        if (p->list.n > LIST - STEP)
            flush(p);
    }
}

void LEVEL(packed_pixel)(const struct tile *t, size_t channels, const float *packed,
                         const float *bias, const float *in, float *out)
{
    struct pixel p;
    size_t term = 0;

    p.terms = t->rows * t->runs * t->run;
    p.vectors = (channels + VECTOR_LANES - 1) / VECTOR_LANES;
    p.packed = packed;
    p.out = out;
    p.list.n = 0;
    memcpy(out, bias, p.vectors * sizeof(vector));
    for (size_t y = 0; y < t->rows; y++)
        for (size_t x = 0; x < t->runs; x++, term += t->run)
            list_run(&p, term, in + y * t->row_step + x * t->run_step, t->run);
    flush(&p);
    for (size_t v = 0; v < p.vectors; v++, out += VECTOR_LANES)
        vector_store(out, vector_finish(vector_load(out), t->relu));
}
