/* perf_analyzer asks for CUDA's library when it starts, and for what is in it only when told to
 * put tensors into a GPU's memory. Here is that library of a machine without a GPU. */

#include <stddef.h>

enum { NO_DEVICE = 100 };

int cudaSetDevice(int device);
int cudaMalloc(void **ret, size_t len);
int cudaFree(void *memory);
int cudaMemcpy(void *to, const void *from, size_t len, int kind);
int cudaIpcGetMemHandle(void *ret, void *memory);
const char *cudaGetErrorName(int error);
const char *cudaGetErrorString(int error);

int cudaSetDevice(int device)
{
    (void)device;
    return NO_DEVICE;
}

int cudaMalloc(void **ret, size_t len)
{
    (void)len;
    *ret = NULL;
    return NO_DEVICE;
}

int cudaFree(void *memory)
{
    (void)memory;
    return NO_DEVICE;
}

int cudaMemcpy(void *to, const void *from, size_t len, int kind)
{
    (void)to;
    (void)from;
    (void)len;
    (void)kind;
    return NO_DEVICE;
}

int cudaIpcGetMemHandle(void *ret, void *memory)
{
    (void)ret;
    (void)memory;
    return NO_DEVICE;
}

const char *cudaGetErrorName(int error)
{
    (void)error;
    return "cudaErrorNoDevice";
}

const char *cudaGetErrorString(int error)
{
    (void)error;
    return "there is no GPU";
}
