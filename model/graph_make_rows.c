#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"
#include "model/model.h"

/* Operators over all numbers along some axes: those axes go last, and what lies there is a
 * row. */

enum { OPSET_SOFTMAX_OF_ONE_AXIS = 13 };

/* Beyond it a double skips whole numbers. */
#define WHOLE_MAX 9007199254740992.0

/* Axes that are not asked for first, the others behind them; `n_kept` of the former. */
static void reorder(const bool axes[ONNX_RANK_MAX], size_t rank, size_t order[ONNX_RANK_MAX],
                    size_t *n_kept)
{
    size_t at = 0;

    for (size_t i = 0; i < rank; i++)
        if (!axes[i])
            order[at++] = i;
    *n_kept = at;
    for (size_t i = 0; i < rank; i++)
        if (axes[i])
            order[at++] = i;
}

/* The mean and the maximum of each channel's pixels have kernels of their own. */
static int pool(struct graph_builder *b, const struct onnx_node *n, enum graph_rows rows,
                size_t value, struct graph_node **ret, struct error *err)
{
    const struct graph_shape in = b->graph->values[value].shape;
    struct graph_shape out = {0};
    int r = graph_shape_set(&out, n, 3, (size_t[]){in.dims[0], 1, 1}, err);

    if (r == 0)
        r = graph_insert(b, n, rows == GRAPH_ROWS_MAX ? GRAPH_MAX_POOL : GRAPH_AVERAGE_POOL,
                         value, &out, ret, err);
    if (r == 0)
        (*ret)->window = (struct graph_window){
            .kernel = {in.dims[1], in.dims[2]},
            .stride = {1,          1         },
            .dilation = {1,          1         },
            .out = {1,          1         }
        };
    return r;
}

static int reduce(struct graph_builder *b, const struct onnx_node *n, enum graph_rows rows,
                  const struct graph_symbol *moved, size_t n_kept, struct graph_symbol *ret,
                  struct error *err)
{
    const struct graph_shape in = b->graph->values[moved->value].shape;
    bool batched = graph_batched(b, moved);
    struct graph_dims dims = graph_dims_of(b, moved);
    struct graph_symbol made = {0};
    struct graph_node *node = NULL;
    struct graph_shape shape = {0};
    int r = 0;

    dims.rank = n_kept;
    if (!in.alone && in.rank == 3 && n_kept == 2 &&
        (rows == GRAPH_ROWS_MEAN || rows == GRAPH_ROWS_MAX)) {
        r = pool(b, n, rows, moved->value, &node, err);
        made.value = r == 0 ? node->out : 0;
        return r == 0 ? graph_view_as(b, n, &made, &dims, batched, ret, err) : r;
    }
    r = graph_shape_from(b, n, &dims, batched && n_kept > 0, &shape, err);
    if (r == 0)
        r = graph_insert(b, n, GRAPH_ROWS, moved->value, &shape, &node, err);
    if (r != 0)
        return r;
    node->rows = rows;
    node->row = in.count / shape.count;
    *ret = (struct graph_symbol){.value = node->out};
    return 0;
}

int graph_over_rows(struct graph_builder *b, const struct onnx_node *n, enum graph_rows rows,
                    const struct graph_symbol *s, const bool axes[ONNX_RANK_MAX], float epsilon,
                    struct graph_symbol *ret, struct error *err)
{
    struct graph_dims dims = graph_dims_of(b, s);
    size_t order[ONNX_RANK_MAX] = {0};
    size_t back[ONNX_RANK_MAX] = {0};
    struct graph_symbol moved = {0};
    struct graph_symbol made = {0};
    struct graph_node *node = NULL;
    size_t row = 1;
    size_t n_kept = 0;
    int r = 0;

    reorder(axes, dims.rank, order, &n_kept);
    if (s->constant)
        return graph_refuse(n, err, -ENOTSUP, "input 0 must depend on the picture");
    if (graph_batched(b, s) && axes[0])
        return graph_refuse(n, err, -ENOTSUP, "it mixes the pictures of the batch");
    r = graph_view_permute(b, n, s, order, &moved, err);
    if (r != 0 || rows >= GRAPH_ROWS_SUM)
        return r != 0 ? r : reduce(b, n, rows, &moved, n_kept, ret, err);
    r = graph_insert(b, n, GRAPH_ROWS, moved.value, &b->graph->values[moved.value].shape, &node,
                     err);
    if (r != 0)
        return r;
    for (size_t i = 0; i < dims.rank; i++) {
        back[order[i]] = i;
        row *= axes[i] ? (size_t)dims.at[i] : 1;
    }
    node->rows = rows;
    node->row = row;
    node->epsilon = epsilon;
    made.value = node->out;
    return graph_view_permute(b, n, &made, back, ret, err);
}

/* Before opset 13, all dimensions from the axis on are one row. */
int graph_make_softmax(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    enum graph_rows rows = *n->op == 'L' ? GRAPH_ROWS_LOG_SOFTMAX : GRAPH_ROWS_SOFTMAX;
    bool one_axis = b->onnx->opset >= OPSET_SOFTMAX_OF_ONE_AXIS;
    const struct graph_symbol *s = NULL;
    struct graph_symbol result = {0};
    bool axes[ONNX_RANK_MAX] = {0};
    size_t axis = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    if (r != 0)
        return r;
    struct graph_dims dims = graph_dims_of(b, s);

    r = graph_axis(n, graph_int(n, "axis", one_axis ? -1 : 1), dims.rank, &axis, err);
    for (size_t i = axis; r == 0 && i < dims.rank; i++)
        axes[i] = i == axis || !one_axis;
    if (r == 0)
        r = graph_over_rows(b, n, rows, s, axes, 0, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}

static const struct {
    const char *op;
    enum graph_rows rows;
} reductions[] = {
    {"ReduceL1",        GRAPH_ROWS_L1         },
    {"ReduceL2",        GRAPH_ROWS_L2         },
    {"ReduceLogSum",    GRAPH_ROWS_LOG_SUM    },
    {"ReduceLogSumExp", GRAPH_ROWS_LOG_SUM_EXP},
    {"ReduceMax",       GRAPH_ROWS_MAX        },
    {"ReduceMean",      GRAPH_ROWS_MEAN       },
    {"ReduceMin",       GRAPH_ROWS_MIN        },
    {"ReduceProd",      GRAPH_ROWS_PRODUCT    },
    {"ReduceSum",       GRAPH_ROWS_SUM        },
    {"ReduceSumSquare", GRAPH_ROWS_SUM_SQUARE },
};

/* Which axes, all if none are named, and the dimensions of the result with them as 1 or gone.
 */
static int read_axes(const struct graph_builder *b, const struct onnx_node *n,
                     struct graph_dims dims, bool axes[ONNX_RANK_MAX], struct graph_dims *to,
                     struct error *err)
{
    int64_t list[ONNX_RANK_MAX] = {0};
    size_t count = 0;
    int r = graph_list(b, n, "axes", 1, list, &count, err);

    for (size_t i = 0; r == 0 && i < count; i++) {
        size_t axis = 0;

        r = graph_axis(n, list[i], dims.rank, &axis, err);
        axes[axis] = true;
    }
    for (size_t i = 0; i < dims.rank; i++) {
        axes[i] = axes[i] || (count == 0 && !graph_int(n, "noop_with_empty_axes", 0));
        if (!axes[i] || graph_int(n, "keepdims", 1))
            to->at[to->rank++] = axes[i] ? 1 : dims.at[i];
    }
    return r;
}

/* One more number of a constant's row. */
static double gather(enum graph_rows rows, double so_far, double x)
{
    switch ((int)rows) {
    case GRAPH_ROWS_PRODUCT:
        return so_far * x;
    case GRAPH_ROWS_MAX:
        return x > so_far ? x : so_far;
    case GRAPH_ROWS_MIN:
        return x < so_far ? x : so_far;
    case GRAPH_ROWS_L1:
        return so_far + fabs(x);
    case GRAPH_ROWS_L2:
    case GRAPH_ROWS_SUM_SQUARE:
        return so_far + x * x;
    default: /* sum and mean */
        return so_far + x;
    }
}

/* What gather() begins with for each row. */
static double beginning(enum graph_rows rows)
{
    return rows == GRAPH_ROWS_PRODUCT ? 1
           : rows == GRAPH_ROWS_MAX   ? -HUGE_VAL
           : rows == GRAPH_ROWS_MIN   ? HUGE_VAL
                                      : 0;
}

/* The row of element `k`. */
static size_t row_of(const struct onnx_tensor *t, const bool axes[ONNX_RANK_MAX], size_t k)
{
    size_t ret = 0;
    size_t step = 1;

    for (size_t i = t->rank; i-- > 0; k /= (size_t)t->dims[i])
        if (!axes[i]) {
            ret += k % (size_t)t->dims[i] * step;
            step *= (size_t)t->dims[i];
        }
    return ret;
}

/* Of constants: weights, and dimensions, such as the product of some. */
static int fold(struct graph_builder *b, const struct onnx_node *n, enum graph_rows rows,
                const struct onnx_tensor *from, const bool axes[ONNX_RANK_MAX],
                const struct graph_dims *to, struct error *err)
{
    struct onnx_tensor *t = NULL;
    double *rest = NULL;
    void *data = NULL;
    bool large = false;
    int r = 0;

    if (onnx_element_len(from->type) == 0 || from->count == 0 || rows == GRAPH_ROWS_LOG_SUM ||
        rows == GRAPH_ROWS_LOG_SUM_EXP)
        return graph_refuse(n, err, -ENOTSUP, "input 0 must depend on the picture");
    r = graph_constant(b, n, from->type, to, &t, &data, err);
    if (r == 0)
        r = graph_table(b, n, t->count, sizeof(*rest), &rest, err);
    for (size_t i = 0; r == 0 && i < t->count; i++)
        rest[i] = beginning(rows);
    for (size_t k = 0; r == 0 && k < from->count; k++) {
        double *row = &rest[row_of(from, axes, k)];

        *row = gather(rows, *row, graph_number(from, k));
    }
    for (size_t i = 0; r == 0 && i < t->count; i++) {
        if (rows == GRAPH_ROWS_MEAN)
            rest[i] *= (double)t->count / (double)from->count;
        rest[i] = rows == GRAPH_ROWS_L2 ? sqrt(rest[i]) : rest[i];
        large = large || !(fabs(rest[i]) < WHOLE_MAX);
        graph_store(t, data, i, large ? 0 : (int64_t)rest[i], rest[i]);
    }
    if (r == 0 && large && graph_is_whole(t))
        r = graph_refuse(n, err, -EBADMSG, "its numbers are too large");
    return r == 0 ? graph_bind(b, n, (struct graph_symbol){.constant = t}, err) : r;
}

int graph_make_reduce(struct graph_builder *b, const struct onnx_node *n, struct error *err)
{
    const struct graph_symbol *s = NULL;
    struct graph_symbol made = {0};
    struct graph_symbol result = {0};
    struct graph_dims to = {0};
    bool axes[ONNX_RANK_MAX] = {0};
    bool batched = false;
    size_t i = 0;
    int r = graph_input_any(b, n, 0, &s, err);

    while (strcmp(reductions[i].op, n->op) != 0)
        i++;
    if (r == 0)
        r = read_axes(b, n, graph_dims_of(b, s), axes, &to, err);
    if (r == 0 && s->constant)
        return fold(b, n, reductions[i].rows, s->constant, axes, &to, err);
    if (r == 0)
        r = graph_over_rows(b, n, reductions[i].rows, s, axes, 0, &made, err);
    batched = r == 0 && graph_batched(b, s) && !axes[0];
    if (r == 0)
        r = graph_view_as(b, n, &made, &to, batched, &result, err);
    return r == 0 ? graph_bind(b, n, result, err) : r;
}
