/* Functions of one and two numbers, a vector at a time. The end of a list goes through a whole
 * vector too, so that a number's result does not depend on where it lies. */
#include "model/kernels/activation.h"

#include <math.h>

#include "model/kernels/level.h"
#include "model/kernels/vector.h"

VECTOR_INLINE vector all(float x)
{
    return x - (vector){0};
}

VECTOR_INLINE vector choose(vector_mask mask, vector a, vector b)
{
    return (vector)((mask & (vector_mask)a) | (~mask & (vector_mask)b));
}

VECTOR_INLINE vector clip(vector x, vector low, vector high)
{
    x = choose(x < low, low, x);
    return choose(x > high, high, x);
}

VECTOR_INLINE vector absolute(vector x)
{
    return (vector)((vector_mask)x & 0x7fffffff);
}

/* 2 to the n. */
VECTOR_INLINE vector power_of_two(vector_mask n)
{
    return (vector)((n + 127) << 23);
}

/* exp(x) = 2^n exp(r) with |r| <= ln(2) / 2, where a polynomial is within 4e-9. */
VECTOR_INLINE vector exponential(vector x)
{
    const float magic = 12582912; /* 1.5 * 2^23: adding it rounds to a whole number */
    vector in = clip(x, all(-104), all(89));
    vector shifted = in * 1.44269504F + magic;
    vector whole = shifted - magic;
    vector r = in - whole * 0.693359375F + whole * 2.12194440e-4F;
    vector_mask n = (vector_mask)shifted - (vector_mask)all(magic);
    vector p = 0.00139517173F * r + 0.00836959841F;

    p = p * r + 0.0416661873F;
    p = p * r + 0.166665129F;
    p = p * r + 0.5F;
    p = p * (r * r) + r + 1;
    /* In two steps, since 2^n alone may be no number. */
    p = p * power_of_two(n >> 1) * power_of_two(n - (n >> 1));
    return choose(absolute(x) <= INFINITY, p, x);
}

/* exp(x) - 1 for x <= 0, without the difference of two numbers near 1. */
VECTOR_INLINE vector exponential_less_one(vector x)
{
    vector p = 0.00139517173F * x + 0.00836959841F;

    p = p * x + 0.0416661873F;
    p = p * x + 0.166665129F;
    p = p * x + 0.5F;
    return choose(x > -0.34F, p * (x * x) + x, exponential(x) - 1);
}

VECTOR_INLINE vector sigmoid(vector x)
{
    return 1 / (1 + exponential(-x));
}

VECTOR_INLINE vector with_sign_of(vector x, vector sign)
{
    return (vector)((vector_mask)x | ((vector_mask)sign & (int32_t)0x80000000));
}

VECTOR_INLINE vector tangent(vector x)
{
    vector z = x * x;
    vector far = 1 - 2 / (exponential(2 * absolute(x)) + 1);
    vector p = -0.00560390547F * z + 0.0205517107F;

    p = p * z - 0.0537141042F;
    p = p * z + 0.133311528F;
    p = p * z - 0.333332721F;
    return choose(absolute(x) < 0.625F, p * z * x + x, with_sign_of(far, x));
}

/* Near 0 a polynomial; else 1 - exp(-|x| q(|x|)). */
VECTOR_INLINE vector error_function(vector x)
{
    vector z = x * x;
    vector a = clip(absolute(x), all(0), all(4));
    vector q = 1.04331144e-5F * a - 3.14858114e-4F;
    vector p = -0.000590796143F * z + 0.00497683262F;

    q = q * a + 0.00361034195F;
    q = q * a - 0.0236945659F;
    q = q * a + 0.106159049F;
    q = q * a + 0.635198034F;
    q = q * a + 1.12863708F;
    p = p * z - 0.0267554372F;
    p = p * z + 0.112815077F;
    p = p * z - 0.376124643F;
    p = p * z + 1.12837915F;
    p = choose(a < 0.92F, p * x, with_sign_of(1 - exponential(-a * q), x));
    return choose(absolute(x) <= INFINITY, p, x);
}

VECTOR_INLINE vector gelu_tanh(vector x)
{
    return 0.5F * x * (1 + tangent(0.79788456F * (x + 0.044715F * x * x * x)));
}

VECTOR_INLINE vector elu(vector x, float alpha)
{
    return choose(x > 0, x, alpha * exponential_less_one(clip(x, all(-104), all(0))));
}

/* The functions that digit classifiers are made of; what is constant in the loop is decided
 * outside of it. */
#define EACH_ACTIVATION(DO)                                               \
    DO(KERNELS_ABS, absolute(x))                                          \
    DO(KERNELS_CLIP, clip(x, all(f->alpha), all(f->beta)))                \
    DO(KERNELS_ELU, elu(x, f->alpha))                                     \
    DO(KERNELS_ERF, error_function(x))                                    \
    DO(KERNELS_EXP, exponential(x))                                       \
    DO(KERNELS_GELU, 0.5F * x * (1 + error_function(x * 0.70710678F)))    \
    DO(KERNELS_GELU_TANH, gelu_tanh(x))                                   \
    DO(KERNELS_HARD_SIGMOID, clip(f->alpha *x + f->beta, all(0), all(1))) \
    DO(KERNELS_HARD_SWISH, x *clip(x *(1 / 6.0F) + 0.5F, all(0), all(1))) \
    DO(KERNELS_LEAKY_RELU, choose(x < 0, f->alpha * x, x))                \
    DO(KERNELS_LINEAR, f->alpha *x + f->beta)                             \
    DO(KERNELS_NEGATIVE, -x)                                              \
    DO(KERNELS_SELU, f->beta *elu(x, f->alpha))                           \
    DO(KERNELS_SIGMOID, sigmoid(x))                                       \
    DO(KERNELS_SWISH, x *sigmoid(f->alpha *x))                            \
    DO(KERNELS_TANH, tangent(x))

#define EACH_PAIR(DO)                        \
    DO(KERNELS_ADD, a + b)                   \
    DO(KERNELS_SUBTRACT, a - b)              \
    DO(KERNELS_MULTIPLY, a *b)               \
    DO(KERNELS_DIVIDE, a / b)                \
    DO(KERNELS_MAXIMUM, choose(a > b, a, b)) \
    DO(KERNELS_MINIMUM, choose(a < b, a, b)) \
    DO(KERNELS_PRELU, choose(a < 0, a * b, a))

VECTOR_INLINE vector load_part(const float *from, size_t count)
{
    vector v = all(1);

    memcpy(&v, from, count * sizeof(*from));
    return v;
}

#define LOOP_OF_ONE(name, result)                              \
    case name:                                                 \
        for (; i + VECTOR_LANES <= count; i += VECTOR_LANES) { \
            vector x = vector_load(from + i);                  \
                                                               \
            vector_store(to + i, result);                      \
        }                                                      \
        if (i < count) {                                       \
            vector x = load_part(from + i, count - i);         \
            vector y = result;                                 \
                                                               \
            memcpy(to + i, &y, (count - i) * sizeof(*to));     \
        }                                                      \
        break;

/* The loops are one and the same, written out for each function. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity) */
void LEVEL(activate)(const struct kernels_activation *f, const float *from, size_t count,
                     float *to)
{
    size_t i = 0;

    switch ((int)f->function) {
        EACH_ACTIVATION(LOOP_OF_ONE)
    default:
        for (; i < count; i++)
            to[i] = activation_one_generic(f, from[i]);
    }
}

#define LOOP_OF_TWO(name, result)                              \
    case name:                                                 \
        for (; i + VECTOR_LANES <= count; i += VECTOR_LANES) { \
            vector a = vector_load(left + i);                  \
            vector b = vector_load(right + i);                 \
                                                               \
            vector_store(to + i, result);                      \
        }                                                      \
        if (i < count) {                                       \
            vector a = load_part(left + i, count - i);         \
            vector b = load_part(right + i, count - i);        \
            vector y = result;                                 \
                                                               \
            memcpy(to + i, &y, (count - i) * sizeof(*to));     \
        }                                                      \
        break;

/* NOLINTNEXTLINE(readability-function-cognitive-complexity): as above */
void LEVEL(combine)(enum kernels_pair f, const float *left, const float *right, size_t count,
                    float *to)
{
    size_t i = 0;

    switch ((int)f) {
        EACH_PAIR(LOOP_OF_TWO)
    default:
        for (; i < count; i++)
            to[i] = activation_pair_generic(f, left[i], right[i]);
    }
}
