/* What is done to bytes one by one. */
#include "model/kernels/int8_end.h"
#include "model/kernels/int8_level.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* All pixels are a multiple of KERNELS_LANES wide. */
typedef uint8_t lanes __attribute__((vector_size(KERNELS_LANES)));

VECTOR_INLINE lanes load(const uint8_t *from)
{
    lanes v;

    memcpy(&v, from, sizeof(v));
    return v;
}

VECTOR_INLINE lanes larger(lanes a, lanes b)
{
#if defined(__x86_64__)
    return (lanes)_mm_max_epu8((__m128i)a, (__m128i)b);
#elif defined(__aarch64__)
    return (lanes)vmaxq_u8((uint8x16_t)a, (uint8x16_t)b);
#endif
}

/* The window's height and width are constants where the usual ones are inlined. */
VECTOR_INLINE void window_max(const struct kernels_pool *p, size_t height, size_t width,
                              const uint8_t *in, uint8_t *out)
{
    lanes top = load(in);

    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            top = larger(top, load(in + y * p->in_row + x * p->in_pixel));
    memcpy(out, &top, sizeof(top));
}

void LEVEL(int8_max_pool)(const struct kernels_pool *p, const uint8_t *in, uint8_t *out)
{
    bool halves = p->kernel_height == 2 && p->kernel_width == 2;

    for (size_t y = 0; y < p->out_height; y++)
        for (size_t x = 0; x < p->out_width; x++) {
            const uint8_t *from =
                in + y * p->stride_y * p->in_row + x * p->stride_x * p->in_pixel;
            uint8_t *to = out + y * p->out_row + x * p->out_pixel;

            for (size_t c = 0; c < p->out_pixel; c += KERNELS_LANES)
                if (halves)
                    window_max(p, 2, 2, from + c, to + c);
                else
                    window_max(p, p->kernel_height, p->kernel_width, from + c, to + c);
        }
}

void LEVEL(int8_add)(const struct kernels_int8_add *add, const uint8_t *a, const uint8_t *b,
                     size_t count, uint8_t *y)
{
    struct int8_bounds bounds = int8_bounds(add->zero[2], add->low, add->high);
    uint8_t rest[3][VECTOR_LANES] = {{0}};

    for (; count >= VECTOR_LANES; count -= VECTOR_LANES) {
        vector sum = int8_load(a, add->zero[0]) * add->scale[0] +
                     int8_load(b, add->zero[1]) * add->scale[1];

        int8_store(y, sum / add->scale[2], &bounds);
        a += VECTOR_LANES;
        b += VECTOR_LANES;
        y += VECTOR_LANES;
    }
    if (count > 0) {
        memcpy(rest[0], a, count);
        memcpy(rest[1], b, count);
        LEVEL(int8_add)(add, rest[0], rest[1], VECTOR_LANES, rest[2]);
        memcpy(y, rest[2], count);
    }
}

void LEVEL(int8_quantize)(const float *x, float scale, int32_t zero, size_t count, uint8_t *y)
{
    struct int8_bounds bounds = int8_bounds(zero, 0, UINT8_MAX);
    float rest[VECTOR_LANES] = {0};
    uint8_t rounded[VECTOR_LANES];

    for (size_t i = 0; i + VECTOR_LANES <= count; i += VECTOR_LANES)
        int8_store(y + i, vector_load(x + i) / scale, &bounds);
    if (count >= VECTOR_LANES) { /* some a second time */
        size_t last = count - VECTOR_LANES;

        int8_store(y + last, vector_load(x + last) / scale, &bounds);
    } else {
        memcpy(rest, x, count * sizeof(*x));
        int8_store(rounded, vector_load(rest) / scale, &bounds);
        memcpy(y, rounded, count);
    }
}

void LEVEL(int8_dequantize)(const uint8_t *x, float scale, int32_t zero, size_t count, float *y)
{
    for (; count >= VECTOR_LANES; count -= VECTOR_LANES) {
        vector_store(y, int8_load(x, zero) * scale);
        x += VECTOR_LANES;
        y += VECTOR_LANES;
    }
    for (size_t i = 0; i < count; i++)
        y[i] = (float)(x[i] - zero) * scale;
}

void LEVEL(int8_map)(const uint8_t *x, const uint8_t table[256], size_t count, uint8_t *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = table[x[i]];
}
