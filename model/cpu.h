#ifndef MODEL_CPU_H
#define MODEL_CPU_H

#include <stddef.h>

struct error;

/* Instruction-set levels that kernels are compiled for, lowest first. A level implies those
 * below it on the same architecture. CPU_GENERIC is plain C and runs anywhere. */
enum cpu_level {
    CPU_GENERIC,
    CPU_X86_64_V2,   /* SSE4.2 */
    CPU_X86_64_V3,   /* AVX2 and FMA */
    CPU_X86_64_V4,   /* AVX-512 F, BW, CD, DQ, VL */
    CPU_X86_64_VNNI, /* and AVX-512 VNNI: sums of four products of bytes */
    CPU_NEON,
};

/* The best level that this processor and its operating system can run. */
enum cpu_level cpu_detect(void);

/* "generic", "x86-64-v2", ... ; a string constant. */
const char *cpu_name(enum cpu_level level);

/* Reads a level by name; "auto" is cpu_detect(). Returns 0; -EINVAL for an unknown name or a
 * level that this processor lacks, with `err` naming those it has. */
int cpu_parse(const char *name, enum cpu_level *ret, struct error *err);

#endif
