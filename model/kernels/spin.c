#include "model/kernels/level.h"
#include "model/kernels/vector.h"

/* As many sums in flight as two units of five cycles take. */
enum { SUMS = 12 };

size_t LEVEL(spin)(size_t steps)
{
    vector sums[SUMS] = {{0}}, w = {0};
    float x = 0;

    __asm__ volatile("" : "+m"(w), "+m"(x));
    for (size_t i = 0; i < steps; i++) {
        VECTOR_UNROLL
        for (size_t k = 0; k < SUMS; k++)
            sums[k] = vector_multiply_add(sums[k], w, x);
    }
    for (size_t k = 1; k < SUMS; k++)
        sums[0] += sums[k];
    __asm__ volatile("" : : "m"(sums[0])); /* the sums are wanted */
    return SUMS * VECTOR_LANES * steps;
}
