#include "model/cpu.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"

static const char *const names[] = {
    [CPU_GENERIC] = "generic",
    [CPU_X86_64_V2] = "x86-64-v2",
    [CPU_X86_64_V3] = "x86-64-v3",
    [CPU_X86_64_V4] = "x86-64-v4",
    [CPU_X86_64_VNNI] = "x86-64-v4-vnni",
    [CPU_NEON] = "neon",
};

enum { LEVELS = sizeof(names) / sizeof(names[0]) };

#if defined(__x86_64__)
/* __builtin_cpu_supports() also asks the operating system whether it saves the registers. Asked
 * for is exactly what model/meson.build compiles each level with. */
static bool has_v2(void)
{
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}

static bool has_v3(void)
{
    return has_v2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_v4(void)
{
    return has_v3() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static bool has_vnni(void)
{
    return has_v4() && __builtin_cpu_supports("avx512vnni");
}

static bool has(enum cpu_level level)
{
    switch (level) {
    case CPU_GENERIC:
        return true;
    case CPU_X86_64_V2:
        return has_v2();
    case CPU_X86_64_V3:
        return has_v3();
    case CPU_X86_64_V4:
        return has_v4();
    case CPU_X86_64_VNNI:
        return has_vnni();
    case CPU_NEON:
        break;
    }
    return false;
}
#elif defined(__aarch64__)
static bool has(enum cpu_level level)
{
    return level == CPU_GENERIC || level == CPU_NEON;
}
#else
static bool has(enum cpu_level level)
{
    return level == CPU_GENERIC;
}
#endif

enum cpu_level cpu_detect(void)
{
    enum cpu_level best = CPU_GENERIC;

    for (int i = 0; i < LEVELS; i++)
        if (has((enum cpu_level)i))
            best = (enum cpu_level)i;
    return best;
}

const char *cpu_name(enum cpu_level level)
{
    return names[level];
}

static int refuse(const char *name, struct error *err)
{
    char known[80] = "auto";

    for (int i = 0; i < LEVELS; i++) {
        size_t len = strlen(known);

        if (has((enum cpu_level)i))
            (void)snprintf(known + len, sizeof(known) - len, ", %s", names[i]);
    }
    return error_set(err, -EINVAL, "the processor level is '%.20s'; this processor has %s",
                     name, known);
}

int cpu_parse(const char *name, enum cpu_level *ret, struct error *err)
{
    if (strcmp(name, "auto") == 0) {
        *ret = cpu_detect();
        return 0;
    }
    for (int i = 0; i < LEVELS; i++)
        if (strcmp(name, names[i]) == 0 && has((enum cpu_level)i)) {
            *ret = (enum cpu_level)i;
            return 0;
        }
    return refuse(name, err);
}
