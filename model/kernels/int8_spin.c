#include "model/kernels/int8_dot.h"
#include "model/kernels/int8_level.h"

/* As spin.c. */
enum { SUMS = 12 };

size_t LEVEL(int8_spin)(size_t steps)
{
    static const uint8_t four[DOT_INPUTS];
    dot_weight weights[DOT_LEN] __attribute__((aligned(64))) = {0};
    ints sums[SUMS];
    dot_weights w;
    dot_inputs x;

    __asm__ volatile("" : : "m"(weights) : "memory");
    w = dot_load(weights);
    x = dot_take(four);
    VECTOR_UNROLL
    for (int32_t k = 0; k < SUMS; k++)
        sums[k] = ints_splat(k); /* or one would do for all of them */
    for (size_t i = 0; i < steps; i++) {
        VECTOR_UNROLL
        for (size_t k = 0; k < SUMS; k++) {
            DOT_KEEP(x);
            sums[k] = dot(sums[k], x, w);
        }
    }
    for (size_t k = 1; k < SUMS; k++)
        sums[0] += sums[k];
    __asm__ volatile("" : : "m"(sums[0])); /* the sums are wanted */
    return (size_t)SUMS * DOT_LEN * steps;
}
