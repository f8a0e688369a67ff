/* What a convolution is: readable, any shape, not fast. */
#include <string.h>

#include "model/kernels/level.h"

bool LEVEL(conv_fits)(const struct kernels_conv *c)
{
    (void)c;
    return true;
}

bool LEVEL(conv_pools)(const struct kernels_conv *c)
{
    (void)c;
    return false;
}

size_t LEVEL(conv_packed)(const struct kernels_conv *c)
{
    return c->out_channels * (c->in_channels / c->groups) * c->kernel_height * c->kernel_width;
}

void LEVEL(conv_pack)(const struct kernels_conv *c, const float *weights, float *packed)
{
    memcpy(packed, weights, LEVEL(conv_packed)(c) * sizeof(*packed));
}

/* in: the window's first channel of this group; w: [in_channels / groups][height][width] */
static float window_sum(const struct kernels_conv *c, const float *w, float sum,
                        const float *in)
{
    for (size_t ic = 0; ic < c->in_channels / c->groups; ic++)
        for (size_t ky = 0; ky < c->kernel_height; ky++)
            for (size_t kx = 0; kx < c->kernel_width; kx++)
                sum +=
                    *w++ *
                    in[ky * c->dilation_y * c->in_row + kx * c->dilation_x * c->in_pixel + ic];
    return sum;
}

/* in: the window's first channel; out: [out_pixel] */
static void pixel(const struct kernels_conv *c, const float *w, const float *bias,
                  const float *in, float *out)
{
    size_t group_in = c->in_channels / c->groups;
    size_t group_out = c->out_channels / c->groups;

    for (size_t oc = 0; oc < c->out_channels; oc++) {
        float sum = window_sum(c, w + oc * group_in * c->kernel_height * c->kernel_width,
                               bias[oc], in + oc / group_out * group_in);

        out[oc] = c->relu && !(sum > 0) ? 0 : sum;
    }
    for (size_t oc = c->out_channels; oc < c->out_pixel; oc++)
        out[oc] = 0;
}

void LEVEL(conv)(const struct kernels_conv *c, const float *packed, const float *bias,
                 const float *in, float *out)
{
    for (size_t y = 0; y < c->out_height; y++)
        for (size_t x = 0; x < c->out_width; x++)
            pixel(c, packed, bias,
                  in + y * c->stride_y * c->in_row + x * c->stride_x * c->in_pixel,
                  out + y * c->out_row + x * c->out_pixel);
}
