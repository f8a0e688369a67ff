#include "model/kernels.h"

#include <math.h>

#include "model/kernels/level.h"

const struct kernels *kernels_get(enum cpu_level level)
{
    (void)level;
    return &kernels_generic;
}

static void softmax_row(const float *logits, size_t width, double temperature, float *ret)
{
    double top = (double)logits[0];
    double sum = 0;

    for (size_t i = 1; i < width; i++)
        top = fmax(top, (double)logits[i]);
    for (size_t i = 0; i < width; i++)
        sum += exp(((double)logits[i] - top) / temperature); /* terms <= 1: cannot overflow */
    for (size_t i = 0; i < width; i++)
        ret[i] = (float)(exp(((double)logits[i] - top) / temperature) / sum);
}

void kernels_softmax(const float *logits, size_t n, size_t width, float temperature,
                     float *probabilities)
{
    for (size_t i = 0; i < n; i++)
        softmax_row(logits + i * width, width, (double)temperature, probabilities + i * width);
}
