#ifndef TESTS_KERNELS_CHECK_H
#define TESTS_KERNELS_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "model/kernels.h"

/* What the checks of the kernels share. Memory is taken with exactly the length that a kernel
 * may touch, so that a sanitizer sees reads behind it, and CHECK_GUARD more for outputs, whose
 * random content must survive. Running out of memory ends the program. */
enum { CHECK_GUARD = 64 };

/* The levels that are compared with CPU_GENERIC: those that this processor has. */
extern const struct kernels *check_levels[];
extern size_t check_n_levels;
extern bool check_failed[]; /* by the index in check_levels */
extern bool check_im2col_failed;

void check_seed(unsigned seed);
size_t check_random(size_t below);
/* Random floats: many zeros, some large, some tiny, both signs. */
void check_fill(float *x, size_t count);
float *check_floats(size_t count); /* 64-byte aligned, filled with check_fill() */
float *check_copy(const float *x, size_t count);
float *check_absolute(const float *x, size_t count);

/* Whether got[i] is what a sum of `terms` products may be if want[i] is another order of it;
 * magnitude[i] is the sum of the absolute products. Says where not. */
bool check_sums(const float *want, const float *got, const float *magnitude, size_t count,
                size_t terms);
bool check_bits(const float *want, const float *got, size_t count);

/* One family each, at all levels; a failure prints its shape and sets check_failed. */
void check_conv(void);
void check_winograd(void);
void check_dense(void);
void check_pool(void);
void check_elementwise(void);
void check_activation(void);

/* Prints GFLOP/s by shape and level. */
void bench(void);

#endif
