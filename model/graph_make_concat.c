#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* One value after another along an axis. */

/* The dimensions of the whole, and whether all that depends on the picture has it first. */
static int measure(struct graph_builder *b, const struct onnx_node *n, size_t *axis,
                   struct graph_dims *ret, bool *constant, bool *batched, struct error *err)
{
    int64_t along = 0;
    int r = 0;

    *constant = true;
    *batched = false;
    for (size_t i = 0; r == 0 && i < n->n_inputs; i++) {
        const struct graph_symbol *s = NULL;
        struct graph_dims dims = {0};

        r = graph_input_any(b, n, i, &s, err);
        if (r != 0)
            return r;
        dims = graph_dims_of(b, s);
        *ret = i == 0 ? dims : *ret;
        if (i == 0)
            r = graph_axis(n, graph_int(n, "axis", b->onnx->opset < 4 ? 1 : 0), dims.rank, axis,
                           err);
        if (r != 0)
            return r;
        along += dims.rank > *axis ? dims.at[*axis] : 0;
        ret->at[*axis] = dims.at[*axis];
        if (memcmp(&dims, ret, sizeof(dims)) != 0)
            return graph_refuse(n, err, -EBADMSG, "its inputs have different shapes");
        *constant &= s->constant != NULL;
        *batched |= graph_batched(b, s);
    }
    ret->at[*axis] = along;
    if (*batched && *axis == 0)
        return graph_refuse(n, err, -ENOTSUP, "it joins pictures of the batch");
    return along > GRAPH_ELEMENTS_MAX
               ? graph_refuse(n, err, -ENOTSUP, "dimension %zu of its result is %lld", *axis,
                              (long long)along)
               : 0;
}

static int join_constants(struct graph_builder *b, const struct onnx_node *n, size_t axis,
                          const struct graph_dims *dims, struct error *err)
{
    int32_t type = graph_input(b, n, 0)->constant->type;
    size_t len = onnx_element_len(type);
    struct onnx_tensor *t = NULL;
    uint8_t *to = NULL;
    size_t rows = 1;
    int r = 0;

    for (size_t i = 0; i < axis; i++)
        rows *= (size_t)dims->at[i];
    for (size_t i = 0; i < n->n_inputs; i++)
        if (graph_input(b, n, i)->constant->type != type || len == 0)
            return graph_refuse(n, err, -ENOTSUP, "input %zu has element type %d", i,
                                (int)graph_input(b, n, i)->constant->type);
    r = graph_constant(b, n, type, dims, &t, &to, err);
    for (size_t row = 0; r == 0 && row < rows; row++)
        for (size_t i = 0; i < n->n_inputs; i++) {
            const struct onnx_tensor *from = graph_input(b, n, i)->constant;
            size_t part = from->count / rows * len;

            if (part > 0)
                memcpy(to, (const uint8_t *)from->data + row * part, part);
            to += part;
        }
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.constant = t}, err) : r;
}

/* Rows of `left` and `right` numbers by turns, the second behind all of the first. */
static void interleave(int32_t *index, size_t rows, size_t left, size_t right)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t k = 0; k < left; k++)
            *index++ = (int32_t)(row * left + k);
        for (size_t k = 0; k < right; k++)
            *index++ = (int32_t)(rows * left + row * right + k);
    }
}

static int join_two(struct graph_builder *b, const struct onnx_node *n, size_t *sum,
                    size_t second, size_t axis, struct graph_dims *dims, bool batched,
                    struct error *err)
{
    size_t first = *sum;
    const struct graph_shape *shapes[2] = {&b->graph->values[first].shape,
                                           &b->graph->values[second].shape};
    struct graph_symbol s = {.value = second};
    struct graph_shape shape = {0};
    struct graph_node *node = NULL;
    int32_t *index = NULL;
    size_t rows = 1;
    size_t left = shapes[0]->count;
    size_t right = shapes[1]->count;
    int r = 0;

    for (size_t i = 0; i < axis; i++)
        rows *= (size_t)dims->at[i];
    dims->at[axis] += graph_dims_of(b, &s).at[axis];
    r = graph_shape_from(b, n, dims, batched, &shape, err);
    if (r == 0)
        r = graph_table(b, n, shape.count, sizeof(*index), &index, err);
    if (r == 0)
        r = graph_insert(b, n, GRAPH_MOVE, first, &shape, &node, err);
    if (r != 0)
        return r;
    interleave(index, rows, left / rows, right / rows);
    node->in[1] = second;
    node->n_in = 2;
    node->index = index;
    *sum = node->out;
    return 0;
}

int graph_make_concat(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    struct graph_dims dims = {0};
    bool constant = false;
    bool batched = false;
    size_t axis = 0;
    size_t sum = 0;
    int r = measure(b, n, &axis, &dims, &constant, &batched, err);

    if (r != 0 || constant)
        return r != 0 ? r : join_constants(b, n, axis, &dims, err);
    for (size_t i = 0; r == 0 && i < n->n_inputs; i++) {
        const struct graph_symbol *s = graph_input(b, n, i);
        size_t next = 0;

        if (s->constant && s->constant->count == 0)
            continue;
        r = graph_value_of(b, n, s, &next, err);
        if (i == 0) {
            dims = graph_dims_of(b, s);
            sum = next;
        } else if (r == 0) {
            r = join_two(b, n, &sum, next, axis, &dims, batched, err);
        }
    }
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.value = sum}, err) : r;
}
