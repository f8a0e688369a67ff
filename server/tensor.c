#include "server/tensor.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/model.h"

int tensor_pictures(const struct scan_shape *shape, struct tensor_pictures *ret)
{
    size_t dims[SCAN_RANK_MAX], rank = 0;

    assert(shape->rank <= SCAN_RANK_MAX);
    for (size_t i = 0; i < shape->rank; i++)
        if (shape->dims[i] != 1)
            dims[rank++] = shape->dims[i];
    if (rank >= 1 && dims[rank - 1] == MODEL_INPUT)
        rank -= 1;
    else if (rank >= 2 && dims[rank - 1] == MODEL_SIDE && dims[rank - 2] == MODEL_SIDE)
        rank -= 2;
    else
        return -EINVAL;
    if (rank > 1)
        return -EINVAL;
    *ret = (struct tensor_pictures){.n = rank ? dims[0] : 1, .counted = rank > 0};
    return 0;
}

bool tensor_equal(const struct scan_shape *a, const struct scan_shape *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof(a->dims[0])) == 0;
}

const char *tensor_text(const struct scan_shape *shape, char out[TENSOR_TEXT_MAX])
{
    size_t len = 0;

    out[len++] = '[';
    for (size_t i = 0; i < shape->rank && len < TENSOR_TEXT_MAX - 24; i++)
        len += (size_t)snprintf(out + len, TENSOR_TEXT_MAX - len, "%s%zu", i ? "," : "",
                                shape->dims[i]);
    out[len++] = ']';
    out[len] = '\0';
    return out;
}
