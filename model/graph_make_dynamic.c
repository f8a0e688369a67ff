#include <errno.h>
#include <float.h>

#include "model/error.h"
#include "model/graph_quant.h"

/* Bytes whose scale is that of the picture at hand, in floats. ONNX takes one scale for all
 * pictures of a batch; here each has its own, as if it came alone: an answer does not depend on
 * its company. */

struct dynamic {
    struct graph_builder *b;
    const struct onnx_node *n;
    struct error *err;
    int r; /* of the first that failed */
};

static struct graph_symbol number(struct dynamic *d, float x)
{
    const struct graph_dims one = {0};
    struct graph_symbol s = {0};
    struct onnx_tensor *t = NULL;
    float *data = NULL;

    if (d->r == 0)
        d->r = graph_constant(d->b, d->n, ONNX_FLOAT, &one, &t, &data, d->err);
    if (d->r == 0)
        *data = x;
    s.constant = t;
    return s;
}

static struct graph_symbol combine(struct dynamic *d, enum kernels_pair pair,
                                   struct graph_symbol left, struct graph_symbol right)
{
    struct graph_symbol s = {0};

    if (d->r == 0)
        d->r = graph_combine(d->b, d->n, pair, &left, &right, &s, d->err);
    return s;
}

static struct graph_symbol apply(struct dynamic *d, struct kernels_activation f,
                                 struct graph_symbol x)
{
    struct graph_symbol s = {0};

    if (d->r == 0)
        d->r = graph_apply(d->b, d->n, &f, &x, &s, d->err);
    return s;
}

/* The least or largest of a picture's numbers, or 0; with as many dimensions as it has. */
static struct graph_symbol extreme(struct dynamic *d, const struct graph_symbol *x, bool least)
{
    const struct graph_dims dims = graph_dims_of(d->b, x);
    bool batched = graph_batched(d->b, x);
    struct graph_dims ones = {.rank = dims.rank};
    bool axes[ONNX_RANK_MAX] = {false};
    struct graph_symbol s = {0};

    for (size_t i = 0; i < dims.rank; i++) {
        axes[i] = i > 0 || !batched;
        ones.at[i] = 1;
    }
    if (d->r == 0)
        d->r = graph_over_rows(d->b, d->n, least ? GRAPH_ROWS_MIN : GRAPH_ROWS_MAX, x, axes, 0,
                               &s, d->err);
    if (d->r == 0)
        d->r = graph_view_as(d->b, d->n, &s, &ones, batched, &s, d->err);
    return combine(d, least ? KERNELS_MINIMUM : KERNELS_MAXIMUM, s, number(d, 0));
}

int graph_make_dynamic_quantize(struct graph_builder *b, const struct onnx_node *n,
                                struct error *err)
{
    const struct kernels_activation to_bytes = {KERNELS_CLIP, 0, UINT8_MAX};
    const struct kernels_activation to_whole = {.function = KERNELS_ROUND};
    struct dynamic d = {.b = b, .n = n, .err = err};
    const struct graph_symbol *x = NULL;
    struct graph_symbol low, scale, zero, y;

    d.r = graph_input_any(b, n, 0, &x, err);
    if (d.r == 0 && x->constant)
        d.r = graph_refuse(n, err, -ENOTSUP, "input 0 must depend on the picture");
    if (d.r < 0)
        return d.r;
    low = extreme(&d, x, true);
    scale = combine(&d, KERNELS_SUBTRACT, extreme(&d, x, false), low);
    scale = combine(&d, KERNELS_DIVIDE, scale, number(&d, UINT8_MAX));
    scale = combine(&d, KERNELS_MAXIMUM, scale, number(&d, FLT_MIN)); /* of nothing but 0 */
    zero = combine(&d, KERNELS_DIVIDE, low, scale);
    zero = apply(&d, (struct kernels_activation){.function = KERNELS_NEGATIVE}, zero);
    zero = apply(&d, to_whole, apply(&d, to_bytes, zero));
    y = apply(&d, to_whole, combine(&d, KERNELS_DIVIDE, *x, scale));
    y = apply(&d, to_bytes, combine(&d, KERNELS_ADD, y, zero));
    if (d.r == 0)
        d.r = graph_bind_output(b, n, 0, y, err);
    if (d.r == 0)
        d.r = graph_bind_output(b, n, 1, scale, err);
    return d.r == 0 ? graph_bind_output(b, n, 2, zero, err) : d.r;
}
