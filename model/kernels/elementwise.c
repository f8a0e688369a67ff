#include "model/kernels/level.h"
#include "model/kernels/vector.h"

static float positive(float x)
{
    return x > 0 ? x : 0;
}

void LEVEL(add)(const float *a, const float *b, size_t count, bool relu, float *y)
{
    size_t i = 0;

    for (; i + VECTOR_LANES <= count; i += VECTOR_LANES) {
        vector sum = vector_load(a + i) + vector_load(b + i);

        vector_store(y + i, relu ? vector_max(sum, (vector){0}) : sum);
    }
    for (; i < count; i++)
        y[i] = relu ? positive(a[i] + b[i]) : a[i] + b[i];
}

void LEVEL(relu)(const float *x, size_t count, float *y)
{
    size_t i = 0;

    for (; i + VECTOR_LANES <= count; i += VECTOR_LANES)
        vector_store(y + i, vector_max(vector_load(x + i), (vector){0}));
    for (; i < count; i++)
        y[i] = positive(x[i]);
}
