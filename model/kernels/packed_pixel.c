#include "model/kernels/nonzeros.h"
#include "model/kernels/packed.h"

enum { AHEAD = 8 };

/* Terms that are skipped confuse the processor's own foresight. */
VECTOR_INLINE void fetch(const float *weights, size_t vectors)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < vectors * VECTOR_LANES; i += KERNELS_LANES)
        __builtin_prefetch(weights + i);
}

/* sums[vectors * VECTOR_LANES] += value[i] * weights[term[i]][...] */
VECTOR_INLINE void add_terms(const struct nonzeros *l, const float *weights, float *sums,
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
            /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): below n, all are set */
            s[v] = vector_multiply_add(s[v], vector_load_aligned(w + v * VECTOR_LANES),
                                       l->value[i]);
    }
    VECTOR_UNROLL
    for (size_t v = 0; v < vectors; v++)
        vector_store(sums + v * VECTOR_LANES, s[v]);
}

static void add_block(const struct nonzeros *l, const float *weights, float *sums,
                      size_t vectors)
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
    struct nonzeros list;
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
    for (size_t i = 0; i < len; i += NONZEROS_STEP) {
        nonzeros_add(&p->list, (uint32_t)(term + i), in + i,
                     len - i < NONZEROS_STEP ? len - i : NONZEROS_STEP);
        if (p->list.n > NONZEROS_MAX - NONZEROS_STEP)
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
