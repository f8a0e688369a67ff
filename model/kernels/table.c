#include "model/kernels/level.h"

#ifndef KERNELS_CPU
#define KERNELS_CPU CPU_GENERIC
#endif

const struct kernels LEVEL(kernels) = {
    .cpu = KERNELS_CPU,
    .conv_fits = LEVEL(conv_fits),
    .conv_pools = LEVEL(conv_pools),
    .conv_packed = LEVEL(conv_packed),
    .conv_pack = LEVEL(conv_pack),
    .conv = LEVEL(conv),
    .winograd_pays = LEVEL(winograd_pays),
    .winograd_packed = LEVEL(winograd_packed),
    .winograd_pack = LEVEL(winograd_pack),
    .winograd_work = LEVEL(winograd_work),
    .winograd = LEVEL(winograd),
    .dense_packed = LEVEL(dense_packed),
    .dense_pack = LEVEL(dense_pack),
    .dense = LEVEL(dense),
    .max_pool = LEVEL(max_pool),
    .average_pool = LEVEL(average_pool),
    .add = LEVEL(add),
    .relu = LEVEL(relu),
    .spin = LEVEL(spin),
    .activate = LEVEL(activate),
    .combine = LEVEL(combine),
};
