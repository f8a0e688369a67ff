#include "model/blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernels.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct blas loaded;

void blas_prepare(void)
{
    (void)setenv("OPENBLAS_NUM_THREADS", "1", 0);
    if (kernels_get(cpu_detect())->cpu == CPU_X86_64_V4)
        (void)setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
}

/* A function's address. POSIX promises that it fits an object pointer; ISO C has no cast. */
static bool find(void *library, const char *name, void *ret)
{
    void *symbol = dlsym(library, name);

    memcpy(ret, &symbol, sizeof(symbol));
    return symbol != NULL;
}

/* Whether several threads may call it at once. */
static bool is_parallel(void *library)
{
    int (*get_parallel)(void);

    return find(library, "openblas_get_parallel", &get_parallel) && get_parallel() != 0;
}

static void load(void)
{
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    void (*set_threads)(int);
    char *(*core)(void);

    if (!library)
        return;
    if (is_parallel(library) && find(library, "openblas_set_num_threads", &set_threads) &&
        find(library, "openblas_get_corename", &core) &&
        find(library, "cblas_sgemm", &loaded.sgemm)) {
        set_threads(1); /* its own threads spin between calls */
        loaded.core = core();
    } else {
        loaded.sgemm = NULL;
        (void)dlclose(library);
    }
}

const struct blas *blas_get(void)
{
    (void)pthread_once(&once, load);
    return loaded.sgemm ? &loaded : NULL;
}
