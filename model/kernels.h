#ifndef MODEL_KERNELS_H
#define MODEL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/cpu.h"
#include "model/kernels/activation.h"

/* The inner loops of inference. Activations are float32, NHWC: one pixel's channels lie
 * together, `pixel` floats apart from the next pixel's, `row` floats apart from the next row's.
 * `pixel` is a multiple of KERNELS_LANES; the channels between the real count and `pixel` are
 * zero in every input and are written as zero. One exception: the input of a convolution with
 * one channel may have `pixel` 1 (a picture as the caller has it, at any address; also faster).
 * Buffers are 64-byte aligned, do not overlap, and need no room behind their end. Every kernel
 * has a plain C reference (CPU_GENERIC) that defines its result; tests/kernels compares each
 * level with it. An image's result never depends on its neighbours in a batch. */
enum { KERNELS_LANES = 16, KERNELS_CLASSES_MAX = 64 };

#define KERNELS_ROUND(channels) \
    (((size_t)(channels) + KERNELS_LANES - 1) / KERNELS_LANES * KERNELS_LANES)

/* One convolution of one image. The input already has its zero border: output (y, x) reads rows
 * y * stride_y + ky * dilation_y, columns x * stride_x + kx * dilation_x. */
struct kernels_conv {
    size_t in_channels, in_pixel, in_row;
    size_t out_channels, out_pixel, out_row, out_height, out_width;
    size_t kernel_height, kernel_width;
    size_t stride_y, stride_x, dilation_y, dilation_x;
    size_t groups;
    bool relu;
    /* Where the kernel does that: the largest of each 2x2. out_row is that of the halved
     * picture; out_height and out_width are as before. */
    bool pool;
};

/* One window of a pooling layer over an input with its border (-inf or zero) in place. */
struct kernels_pool {
    size_t channels, in_pixel, in_row;
    size_t out_pixel, out_row, out_height, out_width;
    size_t kernel_height, kernel_width;
    size_t stride_y, stride_x;
};

/* y[n][out_stride] = x[n][in_stride] . w[out][in]^T + bias */
struct kernels_dense {
    size_t in, in_stride;
    size_t out, out_stride; /* out_stride is a multiple of KERNELS_LANES */
    bool relu;
};

struct kernels {
    enum cpu_level cpu;

    /* Whether conv() of this level can do the shape; else the caller takes
     * model/kernels/im2col.h, or without BLAS the reference's conv(), which can do every shape.
     * Only some groups of few channels do not fit. */
    bool (*conv_fits)(const struct kernels_conv *c);
    /* Whether conv() does the pool that c->pool asks for. */
    bool (*conv_pools)(const struct kernels_conv *c);
    /* Weights [out_channels][in_channels / groups][kernel_height][kernel_width] into this
     * level's own order; conv_packed() is the room in floats. */
    size_t (*conv_packed)(const struct kernels_conv *c);
    void (*conv_pack)(const struct kernels_conv *c, const float *weights, float *packed);
    /* bias[out_pixel], zero behind out_channels. */
    void (*conv)(const struct kernels_conv *c, const float *packed, const float *bias,
                 const float *in, float *out);

    /* The same by Winograd's F(4x4,3x3), F(2x2,5x5) or, with few channels, F(2x1,5x1), where
     * that is faster: stride 1, one group. Rounds a little more. The input must have zeros as
     * far as whole tiles of winograd_tile() squared outputs reach. transformed: by
     * winograd_transform(), both of model/kernels/winograd.h; work: floats, for the time of the
     * call. */
    bool (*winograd_pays)(const struct kernels_conv *c);
    size_t (*winograd_packed)(const struct kernels_conv *c);
    void (*winograd_pack)(const struct kernels_conv *c, const float *transformed,
                          float *packed);
    size_t (*winograd_work)(const struct kernels_conv *c);
    void (*winograd)(const struct kernels_conv *c, const float *packed, const float *bias,
                     const float *in, float *work, float *out);

    size_t (*dense_packed)(const struct kernels_dense *d);
    void (*dense_pack)(const struct kernels_dense *d, const float *weights, float *packed);
    void (*dense)(const struct kernels_dense *d, const float *packed, const float *bias,
                  const float *x, size_t n, float *y);

    void (*max_pool)(const struct kernels_pool *p, const float *in, float *out);
    /* Sums each window, times `scale`: the caller divides by the window, or by what is inside.
     */
    void (*average_pool)(const struct kernels_pool *p, float scale, const float *in,
                         float *out);

    /* y[i] = a[i] + b[i], then max(0, y[i]) if `relu`; in place is allowed. */
    void (*add)(const float *a, const float *b, size_t count, bool relu, float *y);
    void (*relu)(const float *x, size_t count, float *y);

    /* For measuring: as many multiply-adds at a time as the processor can begin, `steps` times.
     * Returns how many that were; 0 from the reference, which keeps nothing busy. */
    size_t (*spin)(size_t steps);
    /* y[i] = f(x[i]) and y[i] = f(a[i], b[i]); in place is allowed. Within a few units in the
     * last place of the reference, and the same wherever in a list a number is. */
    void (*activate)(const struct kernels_activation *f, const float *x, size_t count,
                     float *y);
    void (*combine)(enum kernels_pair f, const float *a, const float *b, size_t count,
                    float *y);
};

/* The kernels of one level. All levels that the build knows can be asked for; running one that
 * the processor lacks is the caller's mistake. Never NULL: a level without kernels of its own
 * gives the best one below it. */
const struct kernels *kernels_get(enum cpu_level level);

/* probabilities[n][width] = softmax(logits[n][width] / temperature), in double, the same at
 * every level; width is at most KERNELS_CLASSES_MAX; each row sums to 1 within rounding. */
void kernels_softmax(const float *logits, size_t n, size_t width, float temperature,
                     float *probabilities);
/* probabilities[count] = 1 / (1 + exp(-logits[count] / temperature)), likewise */
void kernels_sigmoid(const float *logits, size_t count, float temperature,
                     float *probabilities);

#endif
