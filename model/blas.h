#ifndef MODEL_BLAS_H
#define MODEL_BLAS_H

/* OpenBLAS, loaded when it is first asked for and never linked: it costs memory and start-up
 * time, and few models need it. */
struct blas {
    /* cblas_sgemm() */
    void (*sgemm)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                  const float *a, int lda, const float *b, int ldb, float beta, float *c,
                  int ldc);
    const char *core; /* the processor that its kernels were written for: "SkylakeX" */
};

enum { BLAS_ROW_MAJOR = 101, BLAS_NO_TRANS = 111, BLAS_TRANS = 112 };

/* Sets the environment variables that OpenBLAS reads while it is loaded: one thread, and the
 * kernels for AVX-512 where the processor has it, which Debian's version misses on processors
 * newer than itself. What the user has set stays. To be called before the first thread starts;
 * later, nothing may change the environment. */
void blas_prepare(void);

/* NULL if the library is not installed, or is a build that gives wrong results when two threads
 * call it (openblas_get_parallel() says 0). Loads it when first called; from any thread. */
const struct blas *blas_get(void);

#endif
