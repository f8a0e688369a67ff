#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* Operators that move numbers without changing them. */

static int take(struct graph_builder *b, const struct onnx_node *n,
                const struct graph_symbol *s, const struct graph_view *v, struct error *err)
{
    struct graph_symbol result = {0};
    int r = graph_view_take(b, n, s, v, &result, err);

    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* Input 0, and a view of all of it. */
static int start(struct graph_builder *b, const struct onnx_node *n,
                 const struct graph_symbol **s, struct graph_view *v, struct error *err)
{
    int r = graph_input_any(b, n, 0, s, err);

    return r == 0 ? graph_view_all(b, n, *s, v, err) : r;
}

int graph_make_transpose(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct onnx_attribute *perm = graph_attribute(n, "perm");
    const struct graph_symbol *s = NULL;
    struct graph_view all = {0};
    struct graph_view v = {0};
    bool used[ONNX_RANK_MAX] = {0};
    int r = start(b, n, &s, &all, err);

    if (r == 0 && perm && perm->n != all.dims.rank)
        r = graph_refuse(n, err, -EBADMSG, "attribute 'perm' has %zu of %zu dimensions",
                         perm->n, all.dims.rank);
    v = all;
    for (size_t i = 0; r == 0 && i < v.dims.rank; i++) {
        size_t from = all.dims.rank - 1 - i;

        if (perm)
            r = graph_axis(n, perm->ints[i], all.dims.rank, &from, err);
        if (r == 0 && used[from])
            r = graph_refuse(n, err, -EBADMSG, "axis %zu is given twice", from);
        used[from] = true;
        v.dims.at[i] = all.dims.at[from];
        v.axis[i] = (int)from;
        v.at[i] = all.at[from];
    }
    return r == 0 ? take(b, n, s, &v, err) : r;
}

/* Keeps coordinates from, from + step, ... of an axis; `len` of them. */
static int keep(struct graph_builder *b, const struct onnx_node *n, struct graph_view *v,
                size_t axis, int64_t from, int64_t step, int64_t len, struct error *err)
{
    const int32_t *before = v->at[axis];
    int r = 0;

    r = graph_view_axis(b, n, v, axis, len, err);
    for (int64_t i = 0; r == 0 && i < len; i++)
        v->at[axis][i] = before[from + i * step];
    return r;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : (x > high ? high : x);
}

/* One axis of a Slice, with bounds that may be counted from the end, or far outside. */
static int slice_axis(struct graph_builder *b, const struct onnx_node *n, struct graph_view *v,
                      size_t axis, int64_t from, int64_t to, int64_t step, struct error *err)
{
    int64_t size = axis == 0 && v->batched ? graph_batch(b) : v->dims.at[axis];
    int64_t len = 0;

    if (step == 0 || step == INT64_MIN)
        return graph_refuse(n, err, -EBADMSG, "its step is %lld", (long long)step);
    from += from < 0 ? size : 0;
    to += to < 0 ? size : 0;
    from = clamp(from, 0, step > 0 ? size : size - 1);
    to = clamp(to, step > 0 ? 0 : -1, size);
    step = clamp(step, -size - 1, size + 1);
    len = step > 0 ? (to - from + step - 1) / step : (to - from + step + 1) / step;
    len = len < 0 ? 0 : len;
    if (axis == 0 && v->batched)
        return len == size && step == 1
                   ? 0
                   : graph_refuse(n, err, -ENOTSUP, "it takes some pictures of the batch");
    return keep(b, n, v, axis, from, step, len, err);
}

int graph_make_slice(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    int64_t lists[4][ONNX_RANK_MAX] = {0};
    size_t counts[4] = {0};
    static const char *const names[] = {"starts", "ends", "axes", "steps"};
    const struct graph_symbol *s = NULL;
    struct graph_view v = {0};
    int r = start(b, n, &s, &v, err);

    for (size_t i = 0; r == 0 && i < 4; i++)
        r = graph_list(b, n, names[i], i + 1, lists[i], &counts[i], err);
    for (size_t i = 1; r == 0 && i < 4; i++)
        if (counts[i] != counts[0] && (i == 1 || counts[i] > 0))
            r = graph_refuse(n, err, -EBADMSG, "it has %zu starts and %zu %s", counts[0],
                             counts[i], names[i]);
    for (size_t i = 0; r == 0 && i < counts[0]; i++) {
        size_t axis = 0;

        r = graph_axis(n, counts[2] ? lists[2][i] : (int64_t)i, v.dims.rank, &axis, err);
        if (r == 0)
            r = slice_axis(b, n, &v, axis, lists[0][i], lists[1][i],
                           counts[3] ? lists[3][i] : 1, err);
    }
    return r == 0 ? take(b, n, s, &v, err) : r;
}

/* The indexes may have any number of dimensions, which replace the axis. */
int graph_make_gather(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *index = graph_input(b, n, 1);
    const struct graph_symbol *s = NULL;
    struct graph_symbol picked = {0};
    struct graph_symbol result = {0};
    struct graph_view v = {0};
    struct graph_dims to = {0};
    const int32_t *before = NULL;
    size_t axis = 0;
    int r = start(b, n, &s, &v, err);

    if (r == 0 && (!index || !index->constant || !graph_is_whole(index->constant)))
        r = graph_refuse(n, err, -ENOTSUP, "input 1 must be constant whole numbers");
    if (r == 0)
        r = graph_axis(n, graph_int(n, "axis", 0), v.dims.rank, &axis, err);
    if (r == 0 && axis == 0 && v.batched)
        r = graph_refuse(n, err, -ENOTSUP, "it takes some pictures of the batch");
    if (r == 0 && v.dims.rank + index->constant->rank > ONNX_RANK_MAX + 1)
        r = graph_refuse(n, err, -ENOTSUP, "its result has over %d dimensions", ONNX_RANK_MAX);
    if (r != 0)
        return r;
    before = v.at[axis];
    to = v.dims;
    r = graph_view_axis(b, n, &v, axis, (int64_t)index->constant->count, err);
    for (size_t i = 0; r == 0 && i < index->constant->count; i++) {
        size_t at = 0;

        r = graph_axis(n, graph_whole(index->constant, i), (size_t)to.at[axis], &at, err);
        if (r == 0)
            v.at[axis][i] = before[at];
    }
    v.axis[axis] = axis == 0 ? -1 : v.axis[axis];
    if (r == 0)
        r = graph_view_take(b, n, s, &v, &picked, err);
    memmove(to.at + axis + index->constant->rank, v.dims.at + axis + 1,
            (v.dims.rank - axis - 1) * sizeof(to.at[0]));
    memcpy(to.at + axis, index->constant->dims, index->constant->rank * sizeof(to.at[0]));
    to.rank = v.dims.rank + index->constant->rank - 1;
    if (r == 0)
        r = graph_view_as(b, n, &picked, &to, graph_batched(b, &picked) && axis > 0, &result,
                          err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

int graph_make_expand(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    struct graph_dims from;
    struct graph_dims to = {0};
    int r = graph_input_any(b, n, 0, &s, err);

    if (r == 0)
        r = graph_input_ints(b, n, 1, to.at, &to.rank, err);
    if (r != 0)
        return r;
    from = graph_dims_of(b, s);
    if (to.rank > 0 && to.at[0] == graph_batch(b) && to.rank >= from.rank)
        to.at[0] = 1; /* what is the same for each picture is not repeated */
    while (to.rank < from.rank) {
        memmove(to.at + 1, to.at, to.rank * sizeof(to.at[0]));
        to.at[0] = 1;
        to.rank++;
    }
    for (size_t i = 0; i < from.rank; i++)
        if (to.at[i + to.rank - from.rank] == 1)
            to.at[i + to.rank - from.rank] = from.at[i];
    r = graph_view_spread(b, n, s, &to, graph_batched(b, s) && to.rank == from.rank, &result,
                          err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

int graph_make_tile(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    int64_t times[ONNX_RANK_MAX] = {0};
    const struct graph_symbol *s = NULL;
    struct graph_view v = {0};
    size_t count = 0;
    int r = start(b, n, &s, &v, err);

    if (r == 0)
        r = graph_input_ints(b, n, 1, times, &count, err);
    if (r == 0 && count != v.dims.rank)
        r = graph_refuse(n, err, -EBADMSG, "it has %zu counts for %zu dimensions", count,
                         v.dims.rank);
    for (size_t i = 0; r == 0 && i < count; i++) {
        const int32_t *before = v.at[i];
        int64_t size = v.dims.at[i];

        if (times[i] < 0 || times[i] > GRAPH_ELEMENTS_MAX)
            r = graph_refuse(n, err, -ENOTSUP, "it repeats %lld times", (long long)times[i]);
        else if (times[i] != 1)
            r = graph_view_axis(b, n, &v, i, size * times[i], err);
        for (int64_t c = 0; r == 0 && times[i] != 1 && c < v.dims.at[i]; c++)
            v.at[i][c] = before[c % size];
    }
    return r == 0 ? take(b, n, s, &v, err) : r;
}

/* The sizes of the parts, or else as many equal ones as there are outputs. */
int graph_make_split(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    int64_t sizes[ONNX_RANK_MAX] = {0};
    const struct graph_symbol *s = NULL;
    struct graph_view all = {0};
    size_t axis = 0;
    size_t count = 0;
    int64_t from = 0;
    int64_t part = 0;
    int r = start(b, n, &s, &all, err);

    if (r == 0)
        r = graph_axis(n, graph_int(n, "axis", 0), all.dims.rank, &axis, err);
    if (r != 0)
        return r;
    if (axis == 0 && all.batched)
        return graph_refuse(n, err, -ENOTSUP, "it takes some pictures of the batch");
    r = graph_list(b, n, "split", 1, sizes, &count, err);
    if (r == 0 && count > 0 && count != n->n_outputs)
        r = graph_refuse(n, err, -EBADMSG, "it has %zu sizes for %zu outputs", count,
                         n->n_outputs);
    part = (all.dims.at[axis] + (int64_t)n->n_outputs - 1) / (int64_t)n->n_outputs;
    for (size_t i = 0; r == 0 && i < n->n_outputs; i++) {
        struct graph_view v = all;
        struct graph_symbol result = {0};
        int64_t left = all.dims.at[axis] - from;
        int64_t len = count ? sizes[i] : clamp(part, 0, left);

        if (len != clamp(len, 0, left))
            return graph_refuse(n, err, -EBADMSG, "part %zu has %lld of %lld elements", i,
                                (long long)len, (long long)left);
        r = keep(b, n, &v, axis, from, 1, len, err);
        r = r ? r : graph_view_take(b, n, s, &v, &result, err);
        r = r ? r : graph_bind_output(b, n, i, result, err);
        from += len;
    }
    return r;
}

/* Under six dimensions, their order changed, and under four again. */
static int deal(struct graph_builder *b, const struct onnx_node *n, const int64_t split[6],
                const size_t order[ONNX_RANK_MAX], const int64_t to[4], struct error *err)
{
    struct graph_dims six = {.rank = 6};
    struct graph_dims four = {.rank = 4};
    const struct graph_symbol *s = NULL;
    struct graph_symbol parts = {0};
    struct graph_symbol dealt = {0};
    struct graph_symbol result = {0};
    int r = graph_input_any(b, n, 0, &s, err);

    memcpy(six.at, split, 6 * sizeof(split[0]));
    memcpy(four.at, to, 4 * sizeof(to[0]));
    if (r == 0)
        r = graph_view_as(b, n, s, &six, graph_batched(b, s), &parts, err);
    if (r == 0)
        r = graph_view_permute(b, n, &parts, order, &dealt, err);
    if (r == 0)
        r = graph_view_as(b, n, &dealt, &four, graph_batched(b, s), &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

/* [N, C, H, W] and the size of a block. */
static int read_blocks(struct graph_builder *b, const struct onnx_node *n,
                       struct graph_dims *ret, int64_t *size, struct error *err)
{
    const struct graph_symbol *s = NULL;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r != 0)
        return r;
    *ret = graph_dims_of(b, s);
    *size = graph_int(n, "blocksize", 0);
    return ret->rank == 4 && *size > 0
               ? 0
               : graph_refuse(n, err, -EBADMSG, "its blocks are %lld in %zu dimensions",
                              (long long)*size, ret->rank);
}

int graph_make_depth_to_space(struct graph_builder *b, const struct onnx_node *n,
                              struct error *err)
{
    static const size_t by_block[ONNX_RANK_MAX] = {0, 3, 4, 1, 5, 2};
    static const size_t by_channel[ONNX_RANK_MAX] = {0, 1, 4, 2, 5, 3};
    const struct onnx_attribute *mode = graph_attribute(n, "mode");
    bool crd = mode && strcmp(mode->s, "CRD") == 0;
    struct graph_dims d = {0};
    int64_t k = 0;
    int r = read_blocks(b, n, &d, &k, err);

    if (r == 0 && d.at[1] % (k * k) != 0)
        r = graph_refuse(n, err, -EBADMSG, "%lld channels for blocks of %lld",
                         (long long)d.at[1], (long long)k);
    if (r != 0)
        return r;
    int64_t c = d.at[1] / (k * k);
    const int64_t to[] = {d.at[0], c, d.at[2] * k, d.at[3] * k};

    return crd ? deal(b, n, (int64_t[]){d.at[0], c, k, k, d.at[2], d.at[3]}, by_channel, to,
                      err)
               : deal(b, n, (int64_t[]){d.at[0], k, k, c, d.at[2], d.at[3]}, by_block, to, err);
}

int graph_make_space_to_depth(struct graph_builder *b, const struct onnx_node *n,
                              struct error *err)
{
    static const size_t order[ONNX_RANK_MAX] = {0, 3, 5, 1, 2, 4};
    struct graph_dims d = {0};
    int64_t k = 0;
    int r = read_blocks(b, n, &d, &k, err);

    if (r == 0 && (d.at[2] % k != 0 || d.at[3] % k != 0))
        r = graph_refuse(n, err, -EBADMSG, "%lld by %lld pixels for blocks of %lld",
                         (long long)d.at[2], (long long)d.at[3], (long long)k);
    if (r != 0)
        return r;
    return deal(b, n, (int64_t[]){d.at[0], d.at[1], d.at[2] / k, k, d.at[3] / k, k}, order,
                (int64_t[]){d.at[0], d.at[1] * k * k, d.at[2] / k, d.at[3] / k}, err);
}
