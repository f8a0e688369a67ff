#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Pools whose windows have gaps, for which there is no kernel: each place of the window is a
 * picture of its own, and they are combined one after the other. */

/* Pixels (y0 + i * stride, x0 + k * stride) of a picture with margins. */
static int place(struct graph_builder *b, const struct onnx_node *n, size_t value,
                 const struct graph_window *w, const size_t at[2], float filler,
                 struct graph_symbol *ret, struct error *err)
{
    struct graph_symbol s = {.value = value};
    struct graph_view v = {0};
    int r = graph_view_all(b, n, &s, &v, err);

    v.filler = filler;
    for (size_t i = 0; r == 0 && i < 2; i++) {
        const int32_t *before = v.at[2 + i];
        int64_t size = v.dims.at[2 + i];

        r = graph_view_axis(b, n, &v, 2 + i, (int64_t)w->out[i], err);
        for (size_t k = 0; r == 0 && k < w->out[i]; k++) {
            int64_t c =
                (int64_t)(at[i] * w->dilation[i] + k * w->stride[i]) - (int64_t)w->pad[i];

            v.at[2 + i][k] = c >= 0 && c < size ? before[c] : GRAPH_NOWHERE;
        }
    }
    return r == 0 ? graph_view_take(b, n, &s, &v, ret, err) : r;
}

/* How many places of window `at` are inside, or in a margin that counts. */
static size_t inside(const struct onnx_node *n, const struct graph_window *w, size_t axis,
                     size_t size, size_t at)
{
    bool margin = graph_int(n, "count_include_pad", 0) != 0;
    size_t first = margin ? 0 : w->pad[axis];
    size_t end = w->pad[axis] + size + (margin ? w->pad_end[axis] : 0);
    size_t ret = 0;

    for (size_t k = 0; k < w->kernel[axis]; k++) {
        size_t c = at * w->stride[axis] + k * w->dilation[axis];

        ret += c >= first && c < end;
    }
    return ret;
}

/* The sums of windows to averages. */
static int divide(struct graph_builder *b, const struct onnx_node *n,
                  const struct graph_shape *in, const struct graph_window *w,
                  struct graph_symbol *s, struct error *err)
{
    const struct graph_dims dims = {
        2, {(int64_t)w->out[0], (int64_t)w->out[1]}
    };
    struct graph_symbol counts = {0};
    struct graph_symbol sums = *s;
    struct onnx_tensor *t = NULL;
    float *data = NULL;
    int r = graph_constant(b, n, ONNX_FLOAT, &dims, &t, &data, err);

    for (size_t y = 0; r == 0 && y < w->out[0]; y++)
        for (size_t x = 0; x < w->out[1]; x++)
            *data++ =
                (float)(inside(n, w, 0, in->dims[1], y) * inside(n, w, 1, in->dims[2], x));
    counts.constant = t;
    return r == 0 ? graph_combine(b, n, KERNELS_DIVIDE, &sums, &counts, s, err) : r;
}

int graph_dilated_pool(struct graph_builder *b, const struct onnx_node *n, enum graph_kind kind,
                       size_t value, const struct graph_window *w, struct graph_node **ret,
                       struct error *err)
{
    const struct graph_shape in = b->graph->values[value].shape;
    bool largest = kind == GRAPH_MAX_POOL;
    struct graph_symbol all = {0};
    int r = 0;

    for (size_t k = 0; r == 0 && k < w->kernel[0] * w->kernel[1]; k++) {
        const size_t at[2] = {k / w->kernel[1], k % w->kernel[1]};
        struct graph_symbol before = all;
        struct graph_symbol one = {0};

        r = place(b, n, value, w, at, largest ? -INFINITY : 0, &one, err);
        if (k == 0)
            all = one;
        else if (r == 0)
            r = graph_combine(b, n, largest ? KERNELS_MAXIMUM : KERNELS_ADD, &before, &one,
                              &all, err);
    }
    if (r == 0 && !largest)
        r = divide(b, n, &in, w, &all, err);
    *ret = &b->graph->nodes[b->graph->n_nodes - 1];
    return r;
}
