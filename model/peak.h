#ifndef MODEL_PEAK_H
#define MODEL_PEAK_H

#include "model/cpu.h"

/* Multiply-adds of float32 in GFLOP/s that one core reaches with the instructions of a level,
 * measured in a few milliseconds; 0 for a level that this build or processor lacks. */
double peak_gflops(enum cpu_level level);

/* Likewise those of bytes, in sums of 32 bits. */
double peak_int8_gops(enum cpu_level level);

#endif
