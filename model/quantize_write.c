#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/base64.h"
#include "model/error.h"
#include "model/model.h"
#include "model/onnx_write.h"
#include "model/quantize_parts.h"

enum {
    OPSET = 13,
    NAME_MAX_LEN = 64,
    PARTS_FOR_ONE = 16, /* nodes and initializers, at most, for one node of the graph */
    WEIGHT_TOP = 127,
};

struct writing {
    const struct quantize *q;
    const struct graph *g;
    struct onnx_writer *w;
    struct quantize_scale *scales; /* [values] */
    struct arena arena;
};

/* "v12_part"; the graph's input keeps its name. */
static const char *name_of(const struct writing *w, size_t value, const char *part,
                           char out[NAME_MAX_LEN])
{
    if (value == w->g->input && !*part)
        return w->g->values[value].name;
    (void)snprintf(out, NAME_MAX_LEN, "digitd/v%zu%s", value, part);
    return out;
}

static void write_scalar(const struct writing *w, const char *name, float x)
{
    onnx_write_tensor(w->w, name, ONNX_FLOAT, 0, NULL, &x, sizeof(x));
}

/* The value to bytes and back, which whoever reads it will read. */
static void write_bytes(const struct writing *w, size_t value)
{
    char scale[NAME_MAX_LEN], zero[NAME_MAX_LEN], bytes[NAME_MAX_LEN], back[NAME_MAX_LEN];
    char name[NAME_MAX_LEN];
    const struct quantize_scale *s = &w->scales[value];

    name_of(w, value, "_scale", scale);
    name_of(w, value, "_zero", zero);
    name_of(w, value, "_bytes", bytes);
    name_of(w, value, "_back", back);
    write_scalar(w, scale, s->scale);
    onnx_write_tensor(w->w, zero, ONNX_UINT8, 0, NULL, &s->zero, 1);
    onnx_write_node(w->w, "QuantizeLinear", bytes,
                    (const char *[]){name_of(w, value, "", name), scale, zero}, bytes);
    onnx_write_node(w->w, "DequantizeLinear", back, (const char *[]){bytes, scale, zero}, back);
}

/* One channel's scale: the largest weight is 127, unless the bias would not fit then. */
static float weight_scale(const struct graph_node *n, size_t o, size_t in, float x_scale)
{
    float top = 0;
    float least = fabsf(n->bias[o]) / x_scale / (float)(1 << 30);

    for (size_t i = 0; i < in; i++)
        top = fmaxf(top, fabsf(n->weights[o * in + i]));
    top /= (float)WEIGHT_TOP;
    top = fmaxf(top, least);
    return top > 0 && isnormal(top * x_scale) ? top : 1;
}

/* Initializers `name`_w, _ws, _b and _bs, and what makes them floats: `name`_wf and _bf. */
static int write_weights(struct writing *w, const struct graph_node *n, size_t rank,
                         const int64_t *dims)
{
    size_t out = n->n_bias;
    size_t in = n->n_weights / out;
    float x_scale = w->scales[n->in[0]].scale;
    int8_t *weights = arena_alloc(&w->arena, n->n_weights, 1);
    int32_t *bias = arena_alloc(&w->arena, out, sizeof(*bias));
    float *scale = arena_alloc(&w->arena, 2 * out, sizeof(*scale));
    int8_t *zeros = arena_alloc(&w->arena, out, 1); /* ONNX Runtime wants them */
    char names[7][NAME_MAX_LEN];
    const char *const parts[7] = {"_w", "_ws", "_wf", "_b", "_bs", "_bf", "_wz"};

    if (!weights || !bias || !scale || !zeros)
        return -ENOMEM;
    for (size_t o = 0; o < out; o++) {
        scale[o] = weight_scale(n, o, in, x_scale);
        scale[out + o] = x_scale * scale[o];
        bias[o] = (int32_t)rint((double)n->bias[o] / (double)scale[out + o]);
        for (size_t i = 0; i < in; i++)
            weights[o * in + i] = (int8_t)fmaxf(
                -WEIGHT_TOP, fminf(rintf(n->weights[o * in + i] / scale[o]), WEIGHT_TOP));
    }
    for (size_t i = 0; i < 7; i++)
        name_of(w, n->out, parts[i], names[i]);
    onnx_write_tensor(w->w, names[0], ONNX_INT8, rank, dims, weights, n->n_weights);
    onnx_write_tensor(w->w, names[1], ONNX_FLOAT, 1, dims, scale, out * sizeof(*scale));
    onnx_write_tensor(w->w, names[6], ONNX_INT8, 1, dims, zeros, out);
    onnx_write_tensor(w->w, names[3], ONNX_INT32, 1, dims, bias, out * sizeof(*bias));
    onnx_write_tensor(w->w, names[4], ONNX_FLOAT, 1, dims, scale + out, out * sizeof(*scale));
    onnx_write_node(w->w, "DequantizeLinear", names[2],
                    (const char *[]){names[0], names[1], names[6]}, names[2]);
    onnx_write_int(w->w, "axis", 0);
    onnx_write_node(w->w, "DequantizeLinear", names[5],
                    (const char *[]){names[3], names[4], NULL}, names[5]);
    onnx_write_int(w->w, "axis", 0);
    return 0;
}

static void write_window(const struct writing *w, const struct graph_node *n)
{
    const struct graph_window *v = &n->window;
    const struct graph_shape *in = &w->g->values[n->in[0]].shape;
    bool ceil_mode = false;

    onnx_write_ints(w->w, "kernel_shape", 2,
                    (int64_t[]){(int64_t)v->kernel[0], (int64_t)v->kernel[1]});
    onnx_write_ints(w->w, "strides", 2,
                    (int64_t[]){(int64_t)v->stride[0], (int64_t)v->stride[1]});
    onnx_write_ints(w->w, "pads", 4,
                    (int64_t[]){(int64_t)v->pad[0], (int64_t)v->pad[1], (int64_t)v->pad_end[0],
                                (int64_t)v->pad_end[1]});
    if (n->kind != GRAPH_AVERAGE_POOL)
        onnx_write_ints(w->w, "dilations", 2,
                        (int64_t[]){(int64_t)v->dilation[0], (int64_t)v->dilation[1]});
    for (size_t i = 0; i < 2 && in->rank == 3; i++) {
        size_t reach = (v->kernel[i] - 1) * v->dilation[i] + 1;
        size_t room = in->dims[1 + i] + v->pad[i] + v->pad_end[i];

        ceil_mode = ceil_mode || v->out[i] > (room - reach) / v->stride[i] + 1;
    }
    if (n->kind != GRAPH_CONV)
        onnx_write_int(w->w, "ceil_mode", ceil_mode);
    if (n->kind == GRAPH_AVERAGE_POOL)
        onnx_write_int(w->w, "count_include_pad", n->count_pad);
    if (n->kind == GRAPH_CONV)
        onnx_write_int(w->w, "group", (int64_t)n->groups);
}

/* Under the dimensions of `shape`, behind the batch. */
static void write_reshape(const struct writing *w, const char *from, const char *to,
                          const struct graph_shape *shape)
{
    int64_t dims[GRAPH_RANK_MAX + 1] = {0};
    char name[NAME_MAX_LEN + 8];

    for (size_t i = 0; i < shape->rank; i++)
        dims[i + 1] = (int64_t)shape->dims[i];
    (void)snprintf(name, sizeof(name), "%.*s_dims", NAME_MAX_LEN, to);
    onnx_write_tensor(w->w, name, ONNX_INT64, 1, (int64_t[]){(int64_t)shape->rank + 1}, dims,
                      (shape->rank + 1) * sizeof(dims[0]));
    onnx_write_node(w->w, "Reshape", to, (const char *[]){from, name, NULL}, to);
}

/* [out][in / groups][height][width] */
static int write_conv(struct writing *w, const struct graph_node *n, const char *in[3],
                      const char *to)
{
    const int64_t dims[] = {
        (int64_t)n->n_bias,
        (int64_t)(n->n_weights / n->n_bias / n->window.kernel[0] / n->window.kernel[1]),
        (int64_t)n->window.kernel[0], (int64_t)n->window.kernel[1]};
    int r = write_weights(w, n, 4, dims);

    onnx_write_node(w->w, "Conv", n->name, in, to);
    write_window(w, n);
    return r;
}

static int write_dense(struct writing *w, const struct graph_node *n, const char *in[3],
                       const char *to)
{
    const int64_t dims[] = {(int64_t)n->n_bias, (int64_t)(n->n_weights / n->n_bias)};
    int r = write_weights(w, n, 2, dims);

    onnx_write_node(w->w, "Gemm", n->name, in, to);
    onnx_write_int(w->w, "transB", 1);
    return r;
}

static void write_simple(const struct writing *w, const struct graph_node *n, const char *op,
                         const char *in[3], const char *to)
{
    onnx_write_node(w->w, op, n->name, in, to);
    if (n->kind == GRAPH_MAX_POOL || n->kind == GRAPH_AVERAGE_POOL)
        write_window(w, n);
}

static int write_node(struct writing *w, const struct graph_node *n)
{
    char a[NAME_MAX_LEN], b[NAME_MAX_LEN], c[NAME_MAX_LEN], plain[NAME_MAX_LEN];
    char made[NAME_MAX_LEN];
    bool weights = n->kind == GRAPH_CONV || n->kind == GRAPH_DENSE;
    bool relu = n->relu && n->kind != GRAPH_RELU;
    const char *to = name_of(w, n->out, relu ? "_plain" : "", plain);
    const char *in[3] = {name_of(w, n->in[0], "_back", a), NULL, NULL};
    int r = 0;

    if (weights) {
        in[1] = name_of(w, n->out, "_wf", b);
        in[2] = name_of(w, n->out, "_bf", c);
    }
    if (n->kind == GRAPH_CONV)
        r = write_conv(w, n, in, to);
    else if (n->kind == GRAPH_DENSE)
        r = write_dense(w, n, in, to);
    else if (n->kind == GRAPH_MAX_POOL)
        write_simple(w, n, "MaxPool", in, to);
    else if (n->kind == GRAPH_AVERAGE_POOL)
        write_simple(w, n, "AveragePool", in, to);
    else if (n->kind == GRAPH_RELU)
        write_simple(w, n, "Relu", in, to);
    else if (n->kind == GRAPH_RESHAPE)
        write_reshape(w, in[0], to, &w->g->values[n->out].shape);
    else if (n->kind == GRAPH_ADD)
        write_simple(w, n, "Add",
                     (const char *[]){in[0], name_of(w, n->in[1], "_back", b), NULL}, to);
    if (relu) {
        name_of(w, n->out, "", made);
        onnx_write_node(w->w, "Relu", made, (const char *[]){to, NULL, NULL}, made);
    }
    if (n->out != w->g->output || w->g->values[n->out].uses > 1)
        write_bytes(w, n->out);
    return r;
}

/* Grey is bytes already, and stays so if its paper or mean is one of them. */
static struct quantize_scale choose_input(const struct quantize *q)
{
    const struct metadata *m = &q->metadata;
    float zero = rintf(m->input_mean / m->input_scale);

    if (!(zero >= 0 && zero <= UINT8_MAX))
        return quantize_choose(&q->ranges[q->graph->input]);
    return (struct quantize_scale){.scale = m->input_scale / m->input_std,
                                   .zero = (uint8_t)zero};
}

/* What only moves keeps its scale. */
static void choose_scales(const struct writing *w)
{
    const struct graph *g = w->g;

    w->scales[g->input] = choose_input(w->q);
    for (size_t i = 0; i < g->n_nodes; i++) {
        const struct graph_node *n = &g->nodes[i];
        bool moves = n->kind == GRAPH_MAX_POOL || n->kind == GRAPH_RESHAPE;

        if (!n->dead)
            w->scales[n->out] =
                moves ? w->scales[n->in[0]] : quantize_choose(&w->q->ranges[n->out]);
    }
}

/* The classes in a row, and what the file had behind them. */
static void write_end(const struct writing *w)
{
    const struct graph *g = w->g;
    const char *output = w->q->onnx->outputs[g->output_at].name;
    const struct graph_shape list = {1, {MODEL_CLASSES}, MODEL_CLASSES, 0};
    char from[NAME_MAX_LEN], to[NAME_MAX_LEN];
    static const char *const ops[] = {[MODEL_END_LOG_SOFTMAX] = "LogSoftmax",
                                      [MODEL_END_SOFTMAX] = "Softmax",
                                      [MODEL_END_SIGMOID] = "Sigmoid"};
    const char *op = ops[g->end];

    name_of(w, g->output, "", from);
    write_reshape(w, from, op ? name_of(w, g->output, "_row", to) : output, &list);
    if (op) {
        onnx_write_node(w->w, op, output, (const char *[]){to, NULL, NULL}, output);
        if (g->end != MODEL_END_SIGMOID)
            onnx_write_int(w->w, "axis", -1);
    }
    onnx_write_output(w->w, output, 2, (int64_t[]){g->batch, MODEL_CLASSES});
}

static int write_golden(struct writing *w, const float *logits)
{
    const struct metadata *m = &w->q->metadata;
    size_t pictures = m->n_golden * MODEL_INPUT;
    size_t numbers = m->n_golden * MODEL_CLASSES * sizeof(*logits);
    char *text = arena_alloc(&w->arena, BASE64_ENCODED(pictures) + 1, 1);
    char *answers = arena_alloc(&w->arena, BASE64_ENCODED(numbers) + 1, 1);

    if (!text || !answers)
        return -ENOMEM;
    if (m->n_golden == 0)
        return 0;
    text[base64_encode(text, m->golden_inputs, pictures)] = '\0';
    answers[base64_encode(answers, logits, numbers)] = '\0';
    onnx_write_metadata(w->w, "digitd.golden_inputs", text);
    onnx_write_metadata(w->w, "digitd.golden_logits", answers);
    return 0;
}

/* What the model says of itself, but for what is no longer true. */
static void write_metadata(const struct writing *w, const char *accuracy)
{
    static const char *const stale[] = {"digitd.accuracy", "digitd.accuracy_pen",
                                        "digitd.weights_sha256", "digitd.golden_inputs",
                                        "digitd.golden_logits"};
    const struct onnx *o = w->q->onnx;

    for (size_t i = 0; i < o->n_metadata; i++) {
        bool keep = onnx_metadata(o, o->metadata[i].key) == o->metadata[i].value;

        for (size_t k = 0; k < sizeof(stale) / sizeof(stale[0]); k++)
            keep = keep && strcmp(o->metadata[i].key, stale[k]) != 0;
        if (keep)
            onnx_write_metadata(w->w, o->metadata[i].key, o->metadata[i].value);
    }
    if (accuracy)
        onnx_write_metadata(w->w, "digitd.accuracy", accuracy);
    onnx_write_sha256(w->w);
}

static void write_begin(const struct writing *w)
{
    const struct graph *g = w->g;
    const struct graph_shape *shape = &g->values[g->input].shape;
    int64_t dims[GRAPH_RANK_MAX + 1] = {g->batch};

    for (size_t i = 0; i < shape->rank; i++)
        dims[i + 1] = (int64_t)shape->dims[i];
    onnx_write_input(w->w, g->values[g->input].name, shape->rank + 1, dims);
    write_bytes(w, g->input);
}

int quantize_write(const struct quantize *q, const char *accuracy, const float *golden,
                   void **ret, size_t *len, struct error *err)
{
    struct writing w = {.q = q, .g = q->graph};
    int r = 0;

    w.w = onnx_writer_create(PARTS_FOR_ONE * (q->graph->n_nodes + 1));
    w.scales = arena_alloc(&w.arena, q->graph->n_values, sizeof(*w.scales));
    if (!w.w || !w.scales)
        r = -ENOMEM;
    if (r == 0) {
        choose_scales(&w);
        write_begin(&w);
    }
    for (size_t i = 0; r == 0 && i < q->graph->n_nodes; i++)
        if (!q->graph->nodes[i].dead)
            r = write_node(&w, &q->graph->nodes[i]);
    if (r == 0) {
        write_end(&w);
        write_metadata(&w, accuracy);
    }
    if (r == 0 && golden)
        r = write_golden(&w, golden);
    if (r == 0)
        r = onnx_write_finish(w.w, OPSET, ret, len);
    onnx_writer_destroy(w.w);
    arena_finish(&w.arena);
    return r < 0 ? error_set(err, r, "out of memory while writing the model") : 0;
}
