/* What the functions of one and two numbers are: readable, not fast. */
#include "model/kernels/activation.h"

#include <math.h>

#include "model/kernels/level.h"

static float clip(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static float softplus(float x)
{
    return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
}

static float gelu(float x)
{
    return 0.5F * x * (1 + erff(x * 0.70710678F));
}

static float gelu_tanh(float x)
{
    return 0.5F * x * (1 + tanhf(0.79788456F * (x + 0.044715F * x * x * x)));
}

/* Those that have no exponential in them. */
static float simple(const struct kernels_activation *f, float x)
{
    switch ((int)f->function) {
    case KERNELS_ABS:
        return fabsf(x);
    case KERNELS_CEIL:
        return ceilf(x);
    case KERNELS_CLIP:
        return clip(x, f->alpha, f->beta);
    case KERNELS_FLOOR:
        return floorf(x);
    case KERNELS_HARD_SIGMOID:
        return clip(f->alpha * x + f->beta, 0, 1);
    case KERNELS_HARD_SWISH:
        return x * clip(x * (1 / 6.0F) + 0.5F, 0, 1);
    case KERNELS_LEAKY_RELU:
        return x < 0 ? f->alpha * x : x;
    case KERNELS_LINEAR:
        return f->alpha * x + f->beta;
    case KERNELS_NEGATIVE:
        return -x;
    case KERNELS_RECIPROCAL:
        return 1 / x;
    case KERNELS_ROUND:
        return nearbyintf(x);
    case KERNELS_SIGN:
        return x > 0 ? 1.0F : (x < 0 ? -1.0F : 0.0F);
    case KERNELS_SOFTSIGN:
        return x / (1 + fabsf(x));
    case KERNELS_SQRT:
        return sqrtf(x);
    default: /* KERNELS_THRESHOLDED_RELU */
        return x > f->alpha ? x : 0;
    }
}

float activation_one_generic(const struct kernels_activation *f, float x)
{
    switch ((int)f->function) {
    case KERNELS_CELU:
        return x > 0 ? x : f->alpha * expm1f(x / f->alpha);
    case KERNELS_ELU:
        return x > 0 ? x : f->alpha * expm1f(x);
    case KERNELS_ERF:
        return erff(x);
    case KERNELS_EXP:
        return expf(x);
    case KERNELS_GELU:
        return gelu(x);
    case KERNELS_GELU_TANH:
        return gelu_tanh(x);
    case KERNELS_LOG:
        return logf(x);
    case KERNELS_MISH:
        return x * tanhf(softplus(x));
    case KERNELS_SELU:
        return f->beta * (x > 0 ? x : f->alpha * expm1f(x));
    case KERNELS_SIGMOID:
        return sigmoid(x);
    case KERNELS_SOFTPLUS:
        return softplus(x);
    case KERNELS_SWISH:
        return x * sigmoid(f->alpha * x);
    case KERNELS_TANH:
        return tanhf(x);
    default:
        return simple(f, x);
    }
}

float activation_pair_generic(enum kernels_pair f, float a, float b)
{
    switch (f) {
    case KERNELS_ADD:
        return a + b;
    case KERNELS_SUBTRACT:
        return a - b;
    case KERNELS_MULTIPLY:
        return a * b;
    case KERNELS_DIVIDE:
        return a / b;
    case KERNELS_MAXIMUM:
        return a > b ? a : b;
    case KERNELS_MINIMUM:
        return a < b ? a : b;
    case KERNELS_POWER:
        return powf(a, b);
    case KERNELS_EQUAL:
        return a == b ? 1.0F : 0;
    case KERNELS_LESS:
        return a < b ? 1.0F : 0;
    case KERNELS_GREATER:
        return a > b ? 1.0F : 0;
    case KERNELS_MASK:
        return b != 0 ? a : 0;
    case KERNELS_PRELU:
        return a < 0 ? a * b : a;
    }
    return 0;
}

void LEVEL(activate)(const struct kernels_activation *f, const float *from, size_t count,
                     float *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = activation_one_generic(f, from[i]);
}

void LEVEL(combine)(enum kernels_pair f, const float *left, const float *right, size_t count,
                    float *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = activation_pair_generic(f, left[i], right[i]);
}
