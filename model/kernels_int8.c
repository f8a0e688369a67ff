#include "model/kernels_int8.h"

#include "model/kernels/int8_level.h"

static const struct kernels_int8 *const tables[] = {
    [CPU_GENERIC] = &kernels_int8_generic,
#if defined(__x86_64__)
    [CPU_X86_64_V2] = &kernels_int8_v2,    [CPU_X86_64_V3] = &kernels_int8_v3,
    [CPU_X86_64_V4] = &kernels_int8_v4,    [CPU_X86_64_VNNI] = &kernels_int8_vnni,
#elif defined(__aarch64__)
    [CPU_NEON] = &kernels_int8_neon,
#endif
};

const struct kernels_int8 *kernels_int8_get(enum cpu_level level)
{
    size_t i = level;

    if (i >= sizeof(tables) / sizeof(tables[0]) || !tables[i])
        i = CPU_GENERIC;
    return tables[i];
}

const struct kernels_int8 *
kernels_int8_fitting(enum cpu_level level, const struct kernels_conv *c, const int16_t *weights)
{
    for (size_t i = level; i > CPU_GENERIC; i--)
        if (i < sizeof(tables) / sizeof(tables[0]) && tables[i] && tables[i]->fits(c, weights))
            return tables[i];
    return tables[CPU_GENERIC];
}
