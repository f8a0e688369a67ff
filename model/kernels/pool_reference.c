/* What pooling is: readable, not fast. */
#include "model/kernels/level.h"

/* in: one channel of the window's first pixel */
static float window_max(const struct kernels_pool *p, const float *in)
{
    float top = *in;

    for (size_t ky = 0; ky < p->kernel_height; ky++)
        for (size_t kx = 0; kx < p->kernel_width; kx++) {
            float x = in[ky * p->in_row + kx * p->in_pixel];

            top = x > top ? x : top;
        }
    return top;
}

static float window_sum(const struct kernels_pool *p, const float *in)
{
    float sum = 0;

    for (size_t ky = 0; ky < p->kernel_height; ky++)
        for (size_t kx = 0; kx < p->kernel_width; kx++)
            sum += in[ky * p->in_row + kx * p->in_pixel];
    return sum;
}

void LEVEL(max_pool)(const struct kernels_pool *p, const float *in, float *out)
{
    for (size_t y = 0; y < p->out_height; y++)
        for (size_t x = 0; x < p->out_width; x++) {
            const float *from =
                in + y * p->stride_y * p->in_row + x * p->stride_x * p->in_pixel;
            float *to = out + y * p->out_row + x * p->out_pixel;

            for (size_t c = 0; c < p->out_pixel; c++)
                to[c] = c < p->channels ? window_max(p, from + c) : 0;
        }
}

void LEVEL(average_pool)(const struct kernels_pool *p, float scale, const float *in, float *out)
{
    for (size_t y = 0; y < p->out_height; y++)
        for (size_t x = 0; x < p->out_width; x++) {
            const float *from =
                in + y * p->stride_y * p->in_row + x * p->stride_x * p->in_pixel;
            float *to = out + y * p->out_row + x * p->out_pixel;

            for (size_t c = 0; c < p->out_pixel; c++)
                to[c] = c < p->channels ? window_sum(p, from + c) * scale : 0;
        }
}
