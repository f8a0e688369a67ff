#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/kernels/check.h"

static const size_t channels[] = {1, 6, 15, 16, 17, 32, 48, 100};

enum { CHANNELS = sizeof(channels) / sizeof(channels[0]) };

static void print_shape(const struct kernels_pool *p, const char *level)
{
    printf("# pool %s: channels %zu, out %zux%zu, kernel %zux%zu, stride %zux%zu\n", level,
           p->channels, p->out_height, p->out_width, p->kernel_height, p->kernel_width,
           p->stride_y, p->stride_x);
}

/* Channels behind the last one are zero; a border of -inf is as large as the window allows. */
static void prepare(const struct kernels_pool *p, float *in, size_t len, bool border)
{
    for (size_t i = 0; i < len; i++)
        if (i % p->in_row % p->in_pixel >= p->channels)
            in[i] = 0;
        else if (border && i < p->in_row * (p->kernel_height - 1))
            in[i] = -INFINITY;
}

static void check_shape(const struct kernels_pool *p)
{
    const struct kernels *reference = kernels_get(CPU_GENERIC);
    size_t y = (p->out_height - 1) * p->stride_y + p->kernel_height - 1;
    size_t x = (p->out_width - 1) * p->stride_x + p->kernel_width;
    size_t n_in = y * p->in_row + x * p->in_pixel;
    size_t n_out = p->out_height * p->out_row + CHECK_GUARD;
    float *in = check_floats(n_in);
    float *before = check_floats(n_out);
    float *max = check_copy(before, n_out);
    float *average = check_copy(before, n_out);
    float *got = check_copy(before, n_out);

    prepare(p, in, n_in, false);
    reference->average_pool(p, 0.25F, in, average);
    for (size_t i = 0; i < check_n_levels; i++) {
        const struct kernels *level = check_levels[i];

        level->average_pool(p, 0.25F, in, got);
        if (!check_bits(average, got, n_out)) {
            print_shape(p, cpu_name(level->cpu));
            check_failed[i] = true;
        }
    }
    prepare(p, in, n_in, true);
    reference->max_pool(p, in, max);
    for (size_t i = 0; i < check_n_levels; i++) {
        const struct kernels *level = check_levels[i];

        level->max_pool(p, in, got);
        if (!check_bits(max, got, n_out)) {
            print_shape(p, cpu_name(level->cpu));
            check_failed[i] = true;
        }
    }
    free(in);
    free(before);
    free(max);
    free(average);
    free(got);
}

void check_pool(void)
{
    for (size_t c = 0; c < CHANNELS; c++)
        for (size_t width = 1; width <= 14; width++) {
            struct kernels_pool p = {
                .channels = channels[c],
                .in_pixel = KERNELS_ROUND(channels[c]),
                .out_pixel = KERNELS_ROUND(channels[c]),
                .out_height = check_random(4) + 1,
                .out_width = width,
                .kernel_height = check_random(2) ? 2 : check_random(4) + 1,
                .kernel_width = check_random(2) ? 2 : check_random(4) + 1,
                .stride_y = check_random(3) + 1,
                .stride_x = check_random(3) + 1,
            };

            p.in_row = ((width - 1) * p.stride_x + p.kernel_width) * p.in_pixel;
            p.in_row += check_random(4);
            p.out_row = width * p.out_pixel + check_random(4);
            check_shape(&p);
        }
}
