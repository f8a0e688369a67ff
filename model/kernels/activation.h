#ifndef MODEL_KERNELS_ACTIVATION_H
#define MODEL_KERNELS_ACTIVATION_H

/* Functions of one number, as ONNX defines them. */
enum kernels_function {
    KERNELS_ABS,
    KERNELS_CEIL,
    KERNELS_CELU, /* alpha */
    KERNELS_CLIP, /* alpha to beta */
    KERNELS_ELU,  /* alpha */
    KERNELS_ERF,
    KERNELS_EXP,
    KERNELS_FLOOR,
    KERNELS_GELU,
    KERNELS_GELU_TANH,    /* its approximation by tanh */
    KERNELS_HARD_SIGMOID, /* alpha x + beta, in 0 to 1 */
    KERNELS_HARD_SWISH,
    KERNELS_LEAKY_RELU, /* alpha */
    KERNELS_LINEAR,     /* alpha x + beta */
    KERNELS_LOG,
    KERNELS_MISH,
    KERNELS_NEGATIVE,
    KERNELS_RECIPROCAL,
    KERNELS_ROUND, /* halves to even */
    KERNELS_SELU,  /* alpha, and beta is gamma */
    KERNELS_SIGMOID,
    KERNELS_SIGN,
    KERNELS_SOFTPLUS,
    KERNELS_SOFTSIGN,
    KERNELS_SQRT,
    KERNELS_SWISH, /* x sigmoid(alpha x) */
    KERNELS_TANH,
    KERNELS_THRESHOLDED_RELU, /* alpha */
};

struct kernels_activation {
    enum kernels_function function;
    float alpha, beta;
};

/* Functions of two numbers. */
enum kernels_pair {
    KERNELS_ADD,
    KERNELS_SUBTRACT,
    KERNELS_MULTIPLY,
    KERNELS_DIVIDE,
    KERNELS_MAXIMUM,
    KERNELS_MINIMUM,
    KERNELS_POWER,
    KERNELS_EQUAL, /* 1 or 0, as the two that follow */
    KERNELS_LESS,
    KERNELS_GREATER,
    KERNELS_MASK,  /* a where b is not 0, else 0 */
    KERNELS_PRELU, /* a, or where it is negative, a times b */
};

/* One number at a time, with the C library's functions: what the vectorised kernels are held
 * to, and what does the functions that they lack. */
float activation_one_generic(const struct kernels_activation *f, float x);
float activation_pair_generic(enum kernels_pair f, float a, float b);

#endif
