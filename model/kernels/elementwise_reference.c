/* What the kernels without neighbours are: readable, not fast. */
#include "model/kernels/level.h"

void LEVEL(add)(const float *a, const float *b, size_t count, bool relu, float *y)
{
    for (size_t i = 0; i < count; i++) {
        float sum = a[i] + b[i];

        y[i] = relu && !(sum > 0) ? 0 : sum;
    }
}

void LEVEL(relu)(const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
}

size_t LEVEL(spin)(size_t steps)
{
    (void)steps;
    return 0;
}
