#include "model/kernels/int8_level.h"

#ifndef KERNELS_CPU
#define KERNELS_CPU CPU_GENERIC
#endif

const struct kernels_int8 LEVEL(kernels_int8) = {
    .cpu = KERNELS_CPU,
    .fits = LEVEL(int8_fits),
    .packed = LEVEL(int8_packed),
    .pack = LEVEL(int8_pack),
    .conv = LEVEL(int8_conv),
    .winograd_pays = LEVEL(int8_winograd_pays),
    .winograd_packed = LEVEL(int8_winograd_packed),
    .winograd_pack = LEVEL(int8_winograd_pack),
    .winograd_work = LEVEL(int8_winograd_work),
    .winograd = LEVEL(int8_winograd),
    .max_pool = LEVEL(int8_max_pool),
    .add = LEVEL(int8_add),
    .quantize = LEVEL(int8_quantize),
    .dequantize = LEVEL(int8_dequantize),
    .map = LEVEL(int8_map),
    .spin = LEVEL(int8_spin),
};
