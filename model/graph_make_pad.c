#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Margins, of which negative ones cut off. */

enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP };

static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};

static int read_mode(const struct onnx_node *n, enum pad_mode *ret, struct error *err)
{
    const struct onnx_attribute *a = graph_attribute(n, "mode");
    size_t i = 0;

    while (a && *a->s && i < sizeof(modes) / sizeof(modes[0]) && strcmp(modes[i], a->s) != 0)
        i++;
    if (i == sizeof(modes) / sizeof(modes[0]))
        return graph_refuse(n, err, -ENOTSUP, "attribute 'mode' is '%.24s'", a->s);
    *ret = (enum pad_mode)i;
    return 0;
}

/* What is put around: input 2, or an attribute. */
static int read_filler(const struct graph_builder *b, const struct onnx_node *n, float *ret,
                       struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, 2);

    *ret = graph_float(n, "value", 0);
    if (s && (!s->constant || s->constant->count != 1))
        return graph_refuse(n, err, -ENOTSUP, "input 2 must be one constant number");
    if (s)
        *ret = (float)graph_number(s->constant, 0);
    return 0;
}

/* The margins before and after each dimension, from where the operator set keeps them. */
static int read_pads(const struct graph_builder *b, const struct onnx_node *n, size_t rank,
                     int64_t before[ONNX_RANK_MAX], int64_t after[ONNX_RANK_MAX],
                     struct error *err)
{
    const struct onnx_attribute *a =
        graph_attribute(n, graph_attribute(n, "pads") ? "pads" : "paddings");
    const struct graph_symbol *s = graph_input(b, n, 1);
    int64_t axes[ONNX_RANK_MAX] = {0};
    size_t n_axes = 0;
    int r = graph_input_ints(b, n, 3, axes, &n_axes, err);
    size_t count = 0;

    if (r != 0)
        return r;
    if (!a && (!s || !s->constant || !graph_is_whole(s->constant)))
        return graph_refuse(n, err, -ENOTSUP, "its margins must be constant");
    count = a ? a->n : s->constant->count;
    for (size_t i = n_axes ? rank : 0; i < rank; i++)
        axes[i] = (int64_t)i;
    n_axes = n_axes ? n_axes : rank;
    if (count != 2 * n_axes)
        return graph_refuse(n, err, -ENOTSUP, "it has %zu margins for %zu dimensions", count,
                            n_axes);
    for (size_t i = 0; r == 0 && i < count; i++) {
        int64_t margin = a ? a->ints[i] : graph_whole(s->constant, i);
        size_t axis = 0;

        r = graph_axis(n, axes[i % n_axes], rank, &axis, err);
        if (r == 0 && (uint64_t)margin + GRAPH_PAD_MAX > 2 * (uint64_t)GRAPH_PAD_MAX)
            r = graph_refuse(n, err, -ENOTSUP, "a margin is %lld; digitd does at most %d",
                             (long long)margin, GRAPH_PAD_MAX);
        (i < n_axes ? before : after)[axis] = margin;
    }
    return r;
}

/* Where coordinate `c`, which may be outside, is taken from; negative for nowhere. */
static int64_t source(enum pad_mode mode, int64_t c, int64_t size)
{
    if (c >= 0 && c < size)
        return c;
    if (mode == PAD_EDGE)
        return c < 0 ? 0 : size - 1;
    if (mode == PAD_WRAP)
        return ((c % size) + size) % size;
    if (mode == PAD_REFLECT && size > 1) {
        c = (c < 0 ? -c : c) % (2 * size - 2);
        return c < size ? c : 2 * size - 2 - c;
    }
    return -1;
}

static int pad_axis(struct graph_builder *b, const struct onnx_node *n, enum pad_mode mode,
                    struct graph_view *v, size_t axis, int64_t before, int64_t after,
                    struct error *err)
{
    const int32_t *from = v->at[axis];
    int64_t size = v->dims.at[axis];
    int r = 0;

    if (axis == 0 && v->batched)
        return graph_refuse(n, err, -ENOTSUP, "it puts a margin around the batch");
    r = graph_view_axis(b, n, v, axis, size + before + after, err);
    for (int64_t c = 0; r == 0 && c < v->dims.at[axis]; c++) {
        int64_t at = source(mode, c - before, size);

        v->at[axis][c] = at < 0 ? GRAPH_NOWHERE : from[at];
    }
    return r;
}

int graph_make_pad(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    int64_t before[ONNX_RANK_MAX] = {0};
    int64_t after[ONNX_RANK_MAX] = {0};
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    enum pad_mode mode = PAD_CONSTANT;
    struct graph_view v = {0};
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = graph_view_all(b, n, s, &v, err);
    if (r == 0)
        r = read_mode(n, &mode, err);
    if (r == 0)
        r = read_filler(b, n, &v.filler, err);
    if (r == 0)
        r = read_pads(b, n, v.dims.rank, before, after, err);
    for (size_t i = 0; r == 0 && i < v.dims.rank; i++)
        if (before[i] != 0 || after[i] != 0)
            r = pad_axis(b, n, mode, &v, i, before[i], after[i], err);
    if (r == 0)
        r = graph_view_take(b, n, s, &v, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}
