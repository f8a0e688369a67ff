#ifndef TESTS_KERNELS_CHECK_INT8_H
#define TESTS_KERNELS_CHECK_INT8_H

#include "model/kernels_int8.h"

/* Random data for the kernels of quantised models, and what each is compared by. Memory is
 * taken with exactly the length that a kernel may touch, or the program ends. */
enum { INT8_GUARD = 64 };

void int8_seed(uint32_t seed);
uint32_t int8_next(void);
size_t int8_below(size_t n);
float int8_unit(void); /* -1 to 1 */

void *int8_allocate(size_t len);
void *int8_allocate_aligned(size_t len); /* to 64 bytes */
void *int8_copy(const void *x, size_t len);
uint8_t *int8_bytes(size_t count); /* many of them extreme */

size_t int8_pick(const size_t *of, size_t n);
#define INT8_PICK(...) \
    int8_pick((const size_t[]){__VA_ARGS__}, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t))

/* Says what differs first. */
bool int8_same(const char *what, const void *want, const void *got, size_t len);

/* One random convolution, or dense layer, at a level and by the reference; likewise by
 * Winograd's way; and that at the edge of what is exact. */
bool int8_check_conv(const struct kernels_int8 *level);
bool int8_check_winograd(const struct kernels_int8 *level);
bool int8_check_winograd_range(const struct kernels_int8 *level);

/* Measures the layers of known networks at each level. */
void int8_bench(void);

#endif
