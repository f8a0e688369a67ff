#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Constants, and what is known of them before there is a picture. */

int graph_constant(struct graph_builder *b, const struct onnx_node *n, int32_t type,
                   const struct graph_dims *dims, struct onnx_tensor **ret, void *data,
                   struct error *err)
{
    struct onnx_tensor *t = NULL;
    void *room = NULL;
    size_t count = 1;
    int r = graph_table(b, n, 1, sizeof(*t), &t, err);

    for (size_t i = 0; r == 0 && i < dims->rank; i++)
        if (dims->at[i] < 0 || __builtin_mul_overflow(count, (size_t)dims->at[i], &count))
            r = graph_refuse(n, err, -EBADMSG, "dimension %zu of its result is %lld", i,
                             (long long)dims->at[i]);
    if (r == 0 && count > GRAPH_ELEMENTS_MAX)
        r = graph_refuse(n, err, -ENOTSUP, "its result has over %d elements",
                         GRAPH_ELEMENTS_MAX);
    if (r == 0)
        r = graph_table(b, n, count, onnx_element_len(type), &room, err);
    if (r != 0)
        return r;
    *t = (struct onnx_tensor){.name = n->outputs[0],
                              .type = type,
                              .rank = dims->rank,
                              .count = count,
                              .data = count ? room : NULL};
    memcpy(t->dims, dims->at, sizeof(t->dims));
    memcpy(data, &room, sizeof(room));
    *ret = t;
    return 0;
}

bool graph_is_whole(const struct onnx_tensor *t)
{
    return onnx_element_len(t->type) > 0 && t->type != ONNX_FLOAT && t->type != ONNX_DOUBLE;
}

int64_t graph_whole(const struct onnx_tensor *t, size_t i)
{
    switch (t->type) {
    case ONNX_INT64:
        return ((const int64_t *)t->data)[i];
    case ONNX_INT32:
        return ((const int32_t *)t->data)[i];
    case ONNX_INT8:
        return ((const int8_t *)t->data)[i];
    case ONNX_UINT8:
    case ONNX_BOOL:
        return ((const uint8_t *)t->data)[i];
    default:
        return 0;
    }
}

double graph_number(const struct onnx_tensor *t, size_t i)
{
    if (t->type == ONNX_FLOAT)
        return (double)((const float *)t->data)[i];
    if (t->type == ONNX_DOUBLE)
        return ((const double *)t->data)[i];
    return (double)graph_whole(t, i);
}

void graph_store(const struct onnx_tensor *t, void *data, size_t i, int64_t whole,
                 double number)
{
    switch (t->type) {
    case ONNX_FLOAT:
        ((float *)data)[i] = (float)number;
        break;
    case ONNX_DOUBLE:
        ((double *)data)[i] = number;
        break;
    case ONNX_INT64:
        ((int64_t *)data)[i] = whole;
        break;
    case ONNX_INT32:
        ((int32_t *)data)[i] = (int32_t)whole;
        break;
    case ONNX_BOOL:
        ((uint8_t *)data)[i] = whole != 0;
        break;
    default:
        ((uint8_t *)data)[i] = (uint8_t)whole;
        break;
    }
}

int graph_floats(struct graph_builder *b, const struct onnx_node *n,
                 const struct onnx_tensor *t, const float **ret, struct error *err)
{
    float *numbers = NULL;
    int r = 0;

    if (t->type != ONNX_FLOAT && t->type != ONNX_DOUBLE)
        return graph_refuse(n, err, -ENOTSUP, "its constant has element type %d, not float32",
                            (int)t->type);
    for (size_t i = 0; i < t->count; i++)
        if (!isfinite(graph_number(t, i)))
            return graph_refuse(n, err, -EBADMSG,
                                "its constant holds a number that is not finite");
    *ret = t->data;
    if (t->type == ONNX_FLOAT)
        return 0;
    r = graph_table(b, n, t->count, sizeof(*numbers), &numbers, err);
    for (size_t i = 0; r == 0 && i < t->count; i++)
        numbers[i] = (float)graph_number(t, i);
    *ret = numbers;
    return r;
}
