#include "model/quantize_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while quantising");
}

/* Whether quantize_write() knows the node. */
static int check_node(const struct graph *g, const struct graph_node *n, struct error *err)
{
    switch (n->kind) {
    case GRAPH_CONV:
        if (g->values[n->in[0]].shape.rank != 3)
            break; /* what keeps the numbers of a list apart */
        return 0;
    case GRAPH_DENSE:
    case GRAPH_MAX_POOL:
    case GRAPH_AVERAGE_POOL:
    case GRAPH_ADD:
    case GRAPH_RELU:
    case GRAPH_RESHAPE:
        return 0;
    case GRAPH_QUANTIZE:
    case GRAPH_DEQUANTIZE:
    case GRAPH_REQUANTIZE:
        return error_set(err, -ENOTSUP, "node '%.40s' (%.24s): the model is quantised already",
                         n->name, n->op);
    case GRAPH_AFFINE:
    case GRAPH_UNARY:
    case GRAPH_BINARY:
    case GRAPH_MOVE:
    case GRAPH_ROWS:
    case GRAPH_PRODUCT:
    case GRAPH_RECURRENT:
    case GRAPH_CONSTANT:
        break;
    }
    return error_set(err, -ENOTSUP,
                     "node '%.40s' (%.24s): digitd quantises Conv, Gemm, MatMul, pools, Add, "
                     "Relu and reshapes",
                     n->name, n->op);
}

static int check(const struct quantize *q, struct error *err)
{
    const struct graph *g = q->graph;
    int r = 0;

    if (g->values[g->input].shape.alone)
        r = error_set(err, -ENOTSUP, "the input '%.60s' has no batch",
                      g->values[g->input].name);
    for (size_t i = 0; r == 0 && i < g->n_nodes; i++)
        if (!g->nodes[i].dead)
            r = check_node(g, &g->nodes[i], err);
    return r;
}

/* The graph is the file's own: what the metadata want done to pictures before is done in
 * quantize_show(), and by whoever loads the new file, which says so too. */
static int fill(struct quantize *q, const void *bytes, size_t len,
                const struct model_beside *beside, struct error *err)
{
    int r = onnx_parse_with(bytes, len, beside, &q->onnx, err);

    if (r == 0)
        r = metadata_read(q->onnx, &q->arena, &q->arena, &q->metadata, err);
    if (r == 0)
        q->onnx->input_layout = q->metadata.layout;
    if (r == 0)
        r = graph_build(q->onnx, &q->graph, err);
    if (r == 0)
        r = graph_fuse(q->graph, err);
    if (r == 0)
        r = check(q, err);
    if (r == 0)
        r = plan_build(q->graph, q->cpu, &q->plan, err);
    if (r < 0)
        return r;
    q->scratch = arena_alloc(&q->arena, plan_scratch(q->plan), 1);
    q->ranges = arena_alloc(&q->arena, q->graph->n_values, sizeof(*q->ranges));
    return q->scratch && q->ranges ? 0 : no_memory(err);
}

int quantize_create(const void *bytes, size_t len, const struct model_beside *beside,
                    enum cpu_level cpu, struct quantize **ret, struct error *err)
{
    struct arena arena = {0};
    struct quantize *q = arena_alloc(&arena, 1, sizeof(*q));
    int r = 0;

    if (!q)
        return no_memory(err);
    q->arena = arena;
    q->cpu = cpu;
    r = fill(q, bytes, len, beside, err);
    if (r == 0) {
        *ret = q;
        q = NULL;
    }
    quantize_destroy(q);
    return r;
}

void quantize_destroy(struct quantize *q)
{
    struct arena arena = {0};

    if (!q)
        return;
    plan_destroy(q->plan);
    graph_destroy(q->graph);
    onnx_destroy(q->onnx);
    arena = q->arena; /* which holds *q */
    arena_finish(&arena);
}

static void widen(struct quantize_range *r, const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        r->low = x[i] < r->low ? x[i] : r->low;
        r->high = x[i] > r->high ? x[i] : r->high;
    }
}

static void count_bins(const struct quantize_range *r, const float *x, size_t count)
{
    float per_unit = (float)QUANTIZE_BINS / (r->high - r->low);

    for (size_t i = 0; i < count && r->high > r->low; i++) {
        int bin = (int)((x[i] - r->low) * per_unit);

        r->bins[bin < 0 ? 0 : bin < QUANTIZE_BINS ? bin : QUANTIZE_BINS - 1]++;
    }
}

static void observe(void *to, size_t value, const float *x, size_t count)
{
    struct quantize *q = to;

    if (q->second)
        count_bins(&q->ranges[value], x, count);
    else
        widen(&q->ranges[value], x, count);
}

void quantize_show(struct quantize *q, const uint8_t *picture)
{
    const struct metadata *m = &q->metadata;
    float image[MODEL_INPUT];
    float logits[MODEL_CLASSES];

    for (size_t i = 0; i < MODEL_INPUT; i++)
        image[i] = (float)picture[i] * m->input_scale * m->input_factor + m->input_shift;
    observe(q, q->graph->input, image, MODEL_INPUT);
    plan_observe(q->plan, image, q->scratch, logits, observe, q);
}

int quantize_turn(struct quantize *q, struct error *err)
{
    for (size_t i = 0; i < q->graph->n_values; i++) {
        q->ranges[i].bins = arena_alloc(&q->arena, QUANTIZE_BINS, sizeof(*q->ranges[i].bins));
        if (!q->ranges[i].bins)
            return no_memory(err);
    }
    q->second = true;
    return 0;
}

/* What the model in `bytes` makes of the golden pictures. */
static int reproduce(const struct quantize *q, const void *bytes, size_t len, float *logits,
                     struct error *err)
{
    float probabilities[MODEL_CLASSES];
    float image[MODEL_INPUT];
    struct model *m = NULL;
    void *scratch = NULL;
    int r = model_load(bytes, len, q->cpu, &m, err);

    if (r < 0)
        return r;
    scratch = aligned_alloc(64, (model_scratch(m) + 63) / 64 * 64);
    for (size_t i = 0; i < q->metadata.n_golden && scratch; i++) {
        const uint8_t *picture = q->metadata.golden_inputs + i * MODEL_INPUT;

        for (size_t k = 0; k < MODEL_INPUT; k++)
            image[k] = (float)picture[k] * q->metadata.input_scale;
        model_predict(m, image, 1, scratch, logits + i * MODEL_CLASSES, probabilities);
    }
    r = scratch ? 0 : no_memory(err);
    free(scratch);
    model_destroy(m);
    return r;
}

int quantize_finish(struct quantize *q, const char *accuracy, void **ret, size_t *len,
                    struct error *err)
{
    float *logits =
        arena_alloc(&q->arena, q->metadata.n_golden * MODEL_CLASSES, sizeof(*logits));
    void *bytes = NULL;
    int r = logits ? quantize_write(q, accuracy, NULL, &bytes, len, err) : no_memory(err);

    if (r == 0)
        r = reproduce(q, bytes, *len, logits, err);
    free(bytes);
    bytes = NULL;
    if (r == 0)
        r = quantize_write(q, accuracy, logits, &bytes, len, err);
    if (r == 0)
        *ret = bytes;
    return r;
}
