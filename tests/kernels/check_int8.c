/* Compares the kernels of quantised models at every level that this processor has with the
 * reference, bit for bit, on random data of awkward sizes. `check_int8 SEED` repeats a failing
 * run; `check_int8 --bench` measures instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kernels/check_int8.h"

enum { SHAPES = 1500, COUNT_MAX = 200 };

static bool check_pool(const struct kernels_int8 *level)
{
    struct kernels_pool p = {
        .channels = int8_below(60) + 1,
        .out_height = int8_below(4) + 1,
        .out_width = int8_below(5) + 1,
        .kernel_height = INT8_PICK(2, 2, 1, 3),
        .kernel_width = INT8_PICK(2, 2, 1, 3),
        .stride_y = int8_below(3) + 1,
        .stride_x = int8_below(3) + 1,
    };
    size_t width = (p.out_width - 1) * p.stride_x + p.kernel_width;

    p.in_pixel = p.out_pixel = KERNELS_ROUND(p.channels);
    p.in_row = width * p.in_pixel;
    p.out_row = p.out_width * p.out_pixel;
    size_t in_len = ((p.out_height - 1) * p.stride_y + p.kernel_height) * p.in_row;
    size_t out_len = p.out_height * p.out_row + INT8_GUARD;
    uint8_t *in = int8_bytes(in_len);
    uint8_t *want = int8_bytes(out_len);
    uint8_t *got = int8_copy(want, out_len);

    kernels_int8_get(CPU_GENERIC)->max_pool(&p, in, want);
    level->max_pool(&p, in, got);
    bool ok = int8_same("max_pool", want, got, out_len);

    free(in);
    free(want);
    free(got);
    return ok;
}

/* Many near the middle between two bytes, some far outside, some not numbers. */
static float *random_floats(size_t count, float scale)
{
    float *x = int8_allocate(count * sizeof(*x));

    for (size_t i = 0; i < count; i++) {
        x[i] = int8_unit() * 300 * scale;
        if (int8_below(3) == 0)
            x[i] = ((float)int8_below(400) - 200.5F) * scale;
        else if (int8_below(20) == 0)
            x[i] = int8_unit() * 1e30F;
        else if (int8_below(20) == 0)
            x[i] = __builtin_nanf("");
    }
    return x;
}

static bool check_rounding(const struct kernels_int8 *level)
{
    const struct kernels_int8 *reference = kernels_int8_get(CPU_GENERIC);
    size_t count = int8_below(COUNT_MAX) + 1;
    float scale = int8_below(2) ? 0.25F : int8_unit() + 1.01F;
    int32_t zero = (int32_t)int8_below(256);
    float *x = random_floats(count, scale);
    uint8_t *want = int8_bytes(count + INT8_GUARD);
    uint8_t *got = int8_copy(want, count + INT8_GUARD);

    reference->quantize(x, scale, zero, count, want);
    level->quantize(x, scale, zero, count, got);
    bool ok = int8_same("quantize", want, got, count + INT8_GUARD);
    float *back = random_floats(count + 1, 1);
    float *again = int8_copy(back, (count + 1) * sizeof(*back));

    reference->dequantize(want, scale, zero, count, back);
    level->dequantize(want, scale, zero, count, again);
    ok = int8_same("dequantize", back, again, (count + 1) * sizeof(*back)) && ok;
    free(x);
    free(want);
    free(got);
    free(back);
    free(again);
    return ok;
}

static bool check_bytes(const struct kernels_int8 *level)
{
    const struct kernels_int8 *reference = kernels_int8_get(CPU_GENERIC);
    size_t count = int8_below(COUNT_MAX) + 1;
    struct kernels_int8_add add = {
        .scale = {int8_unit() + 1.5F,       int8_below(2) ? 0.5F : 0.3F, 2  },
        .zero = {(int32_t)int8_below(256), (int32_t)int8_below(256),    128},
        .low = (int32_t)int8_below(100),
        .high = 200 + (int32_t)int8_below(56),
    };
    uint8_t *a = int8_bytes(count);
    uint8_t *b = int8_bytes(count);
    uint8_t *table = int8_bytes(256);
    uint8_t *want = int8_bytes(count + INT8_GUARD);
    uint8_t *got = int8_copy(want, count + INT8_GUARD);

    reference->add(&add, a, b, count, want);
    level->add(&add, a, b, count, got);
    bool ok = int8_same("add", want, got, count + INT8_GUARD);

    reference->map(a, table, count, want);
    level->map(a, table, count, got);
    ok = int8_same("map", want, got, count + INT8_GUARD) && ok;
    free(a);
    free(b);
    free(table);
    free(want);
    free(got);
    return ok;
}

static bool check_level(const struct kernels_int8 *level)
{
    bool ok = int8_check_winograd_range(level);

    for (size_t i = 0; i < SHAPES && ok; i++)
        ok = int8_check_conv(level) && (i % 4 > 0 || int8_check_winograd(level)) &&
             check_pool(level) && check_rounding(level) && check_bytes(level);
    return ok;
}

/* One line of TAP for each level; those that are missing pass. */
int main(int argc, char **argv)
{
    static const enum cpu_level all[] = {CPU_X86_64_V2, CPU_X86_64_V3, CPU_X86_64_V4,
                                         CPU_X86_64_VNNI, CPU_NEON};
    const size_t levels = sizeof(all) / sizeof(all[0]);
    uint32_t seed = 0x9e3779b9;
    bool ok = true;

    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        int8_bench();
        return EXIT_SUCCESS;
    }
    if (argc > 1)
        seed = (uint32_t)strtoul(argv[1], NULL, 0);
    int8_seed(seed);
    printf("# seed 0x%x\n1..%zu\n", (unsigned)seed, levels);
    for (size_t i = 0; i < levels; i++) {
        const struct kernels_int8 *level = kernels_int8_get(all[i]);
        bool runs = level->cpu == all[i] && cpu_detect() >= all[i];
        bool good = !runs || check_level(level);

        printf("%s %zu int8 %s%s\n", good ? "ok" : "not ok", i + 1, cpu_name(all[i]),
               runs ? "" : " # SKIP not on this machine");
        ok = ok && good;
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
