#include "model/kernels/level.h"
#include "model/kernels/vector.h"

/* All pixels are a multiple of KERNELS_LANES wide, so channels are taken KERNELS_LANES at a
 * time. Those that do not exist are zero in the input, and come out as zero of themselves. */
enum { VECTORS = KERNELS_LANES / VECTOR_LANES };

VECTOR_INLINE void load(const float *from, vector *v)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < VECTORS; i++)
        v[i] = vector_load(from + i * VECTOR_LANES);
}

VECTOR_INLINE void store(float *to, const vector *v)
{
    VECTOR_UNROLL
    for (size_t i = 0; i < VECTORS; i++)
        vector_store(to + i * VECTOR_LANES, v[i]);
}

/* The window's height and width are constants where the usual ones are inlined. */
VECTOR_INLINE void window_max(const struct kernels_pool *p, size_t height, size_t width,
                              const float *in, float *out)
{
    vector top[VECTORS];

    load(in, top);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            vector v[VECTORS];

            load(in + y * p->in_row + x * p->in_pixel, v);
            VECTOR_UNROLL
            for (size_t i = 0; i < VECTORS; i++)
                top[i] = vector_max(v[i], top[i]);
        }
    store(out, top);
}

static void pixel_max(const struct kernels_pool *p, const float *in, float *out)
{
    bool halves = p->kernel_height == 2 && p->kernel_width == 2;

    for (size_t c = 0; c < p->out_pixel; c += KERNELS_LANES)
        if (halves)
            window_max(p, 2, 2, in + c, out + c);
        else
            window_max(p, p->kernel_height, p->kernel_width, in + c, out + c);
}

void LEVEL(max_pool)(const struct kernels_pool *p, const float *in, float *out)
{
    for (size_t y = 0; y < p->out_height; y++)
        for (size_t x = 0; x < p->out_width; x++)
            pixel_max(p, in + y * p->stride_y * p->in_row + x * p->stride_x * p->in_pixel,
                      out + y * p->out_row + x * p->out_pixel);
}

static void window_sum(const struct kernels_pool *p, float scale, const float *in, float *out)
{
    vector sum[VECTORS] = {{0}};

    for (size_t y = 0; y < p->kernel_height; y++)
        for (size_t x = 0; x < p->kernel_width; x++) {
            vector v[VECTORS];

            load(in + y * p->in_row + x * p->in_pixel, v);
            VECTOR_UNROLL
            for (size_t i = 0; i < VECTORS; i++)
                sum[i] += v[i];
        }
    VECTOR_UNROLL
    for (size_t i = 0; i < VECTORS; i++)
        sum[i] *= scale;
    store(out, sum);
}

void LEVEL(average_pool)(const struct kernels_pool *p, float scale, const float *in, float *out)
{
    for (size_t y = 0; y < p->out_height; y++)
        for (size_t x = 0; x < p->out_width; x++) {
            const float *from =
                in + y * p->stride_y * p->in_row + x * p->stride_x * p->in_pixel;
            float *to = out + y * p->out_row + x * p->out_pixel;

            for (size_t c = 0; c < p->out_pixel; c += KERNELS_LANES)
                window_sum(p, scale, from + c, to + c);
        }
}
