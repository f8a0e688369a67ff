#include "model/kernels.h"

#include <assert.h>
#include <math.h>

#include "model/kernels/level.h"

static const struct kernels *const tables[] = {
    [CPU_GENERIC] = &kernels_generic,
#if defined(__x86_64__)
    [CPU_X86_64_V2] = &kernels_v2,    [CPU_X86_64_V3] = &kernels_v3,
    [CPU_X86_64_V4] = &kernels_v4,    [CPU_X86_64_VNNI] = &kernels_v4,
#elif defined(__aarch64__)
    [CPU_NEON] = &kernels_neon,
#endif
};

const struct kernels *kernels_get(enum cpu_level level)
{
    size_t i = level;

    if (i >= sizeof(tables) / sizeof(tables[0]) || !tables[i])
        i = CPU_GENERIC;
    return tables[i];
}

static void softmax_row(const float *logits, size_t width, double temperature, float *ret)
{
    double terms[KERNELS_CLASSES_MAX];
    double top = (double)logits[0];
    double sum = 0;

    assert(width <= KERNELS_CLASSES_MAX);
    for (size_t i = 1; i < width; i++)
        top = (double)logits[i] > top ? (double)logits[i] : top;
    for (size_t i = 0; i < width; i++)
        terms[i] = exp(((double)logits[i] - top) / temperature); /* at most 1 */
    for (size_t i = 0; i < width; i++)
        sum += terms[i];
    for (size_t i = 0; i < width; i++)
        ret[i] = (float)(terms[i] / sum);
}

void kernels_softmax(const float *logits, size_t n, size_t width, float temperature,
                     float *probabilities)
{
    for (size_t i = 0; i < n; i++)
        softmax_row(logits + i * width, width, (double)temperature, probabilities + i * width);
}

void kernels_sigmoid(const float *logits, size_t count, float temperature, float *probabilities)
{
    for (size_t i = 0; i < count; i++)
        probabilities[i] = (float)(1 / (1 + exp(-(double)logits[i] / (double)temperature)));
}
