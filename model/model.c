#include "model/model.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/graph.h"
#include "model/metadata.h"
#include "model/onnx.h"
#include "model/plan.h"

/* Golden logits may differ by this much times the logit or 1: other summation orders. */
#define GOLDEN_TOLERANCE 1e-4F

/* How near to 1 probabilities sum, for that many pictures of noise, the first one blank. */
#define SHARES_TOLERANCE 1e-3F
enum { SHARES_PICTURES = 8 };

/* Multiply-adds that reproducing golden pictures may cost, so that loading ends. */
#define GOLDEN_MACS_MAX 20000000000ULL

struct model {
    struct arena arena; /* holds this struct and the strings of `info` */
    struct plan *plan;
    struct model_info info;
};

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while loading the model");
}

static int describe(struct model *m, const struct onnx *o, const struct graph *g,
                    const struct metadata *meta, struct error *err)
{
    const struct graph_value *input = &g->values[g->input];
    struct model_info *info = &m->info;
    struct model_step step;
    uint64_t of_bytes = 0;

    info->input_name = arena_print(&m->arena, "%s", input->name);
    info->output_name = arena_print(&m->arena, "%s", o->outputs[g->output_at].name);
    info->producer = arena_print(&m->arena, "%s%s%s", o->producer_name,
                                 *o->producer_version ? " " : "", o->producer_version);
    if (!info->input_name || !info->output_name || !info->producer)
        return no_memory(err);
    if (!input->shape.alone)
        info->input_shape[info->input_rank++] = g->batch;
    for (size_t i = 0; i < input->shape.rank; i++)
        info->input_shape[info->input_rank++] = (int64_t)input->shape.dims[i];
    info->end = g->end;
    info->other_outputs = "";
    for (size_t i = 0; i < o->n_outputs && info->other_outputs; i++)
        if (i != g->output_at)
            info->other_outputs =
                arena_print(&m->arena, "%s%s%s", info->other_outputs,
                            *info->other_outputs ? ", " : "", o->outputs[i].name);
    if (!info->other_outputs)
        return no_memory(err);
    info->input_layout = g->layout;
    memcpy(info->sources, meta->sources, sizeof(info->sources));
    info->input_mean = meta->input_mean;
    info->input_std = meta->input_std;
    info->input_paper_high = meta->paper_high;
    info->opset = o->opset;
    info->input_scale = meta->input_scale;
    info->temperature = meta->temperature;
    info->pixels = meta->pixels;
    info->accuracy = meta->accuracy;
    info->training_data = meta->training_data;
    memcpy(info->labels, meta->labels, sizeof(info->labels));
    for (size_t i = 0; i < plan_steps(m->plan); i++) {
        plan_step(m->plan, i, &step);
        info->parameters += step.parameters;
        info->macs += step.macs;
        of_bytes += strncmp(step.kernel, "int8 ", 5) == 0 ? step.macs : 0;
    }
    info->int8 = of_bytes > info->macs / 2;
    info->memory = plan_memory(m->plan);
    return 0;
}

static int check_golden_row(const float *got, const float *want, size_t picture,
                            struct error *err)
{
    for (size_t i = 0; i < MODEL_CLASSES; i++) {
        float allowed = GOLDEN_TOLERANCE * fmaxf(1, fabsf(want[i]));

        if (!isfinite(want[i]) || !(fabsf(got[i] - want[i]) <= allowed))
            return error_set(err, -EDOM,
                             "golden picture %zu is not reproduced: logit %zu is %g, not %g",
                             picture, i, (double)got[i], (double)want[i]);
    }
    return 0;
}

static int check_golden(struct model *m, const struct metadata *meta, struct error *err)
{
    size_t scratch_len = (model_scratch(m) + 63) / 64 * 64;
    void *scratch = aligned_alloc(64, scratch_len);
    float probabilities[MODEL_CLASSES];
    float logits[MODEL_CLASSES];
    float image[MODEL_INPUT];
    int r = scratch ? 0 : no_memory(err);

    if (r == 0 && meta->n_golden * m->info.macs > GOLDEN_MACS_MAX)
        r = error_set(err, -ENOTSUP, "%zu golden pictures are too many for so large a model",
                      meta->n_golden);
    for (size_t i = 0; r == 0 && i < meta->n_golden; i++) {
        for (size_t k = 0; k < MODEL_INPUT; k++)
            image[k] = (float)meta->golden_inputs[i * MODEL_INPUT + k] * meta->input_scale;
        model_predict(m, image, 1, scratch, logits, probabilities);
        r = check_golden_row(logits, meta->golden_logits + i * MODEL_CLASSES, i, err);
    }
    free(scratch);
    m->info.golden = meta->n_golden;
    return r;
}

static bool is_share(const float *row)
{
    float sum = 0;

    for (size_t i = 0; i < MODEL_CLASSES; i++) {
        if (!(row[i] >= 0))
            return false;
        sum += row[i];
    }
    return fabsf(sum - 1) <= SHARES_TOLERANCE;
}

/* Means of several networks' answers, votes, a Softmax step by step: no graph ends in all the
 * ways there are to make probabilities. Ten numbers that sum to 1, none of them negative,
 * whatever the picture, are that. */
static int find_shares(struct model *m, float scale, struct error *err)
{
    void *scratch = aligned_alloc(64, (model_scratch(m) + 63) / 64 * 64);
    float image[MODEL_INPUT];
    float row[MODEL_CLASSES];
    uint32_t state = 1;
    bool all = true;

    if (!scratch)
        return no_memory(err);
    for (size_t i = 0; i < SHARES_PICTURES && all; i++) {
        for (size_t k = 0; k < MODEL_INPUT; k++) {
            state = state * 1664525 + 1013904223;
            image[k] = (state >> 24) % SHARES_PICTURES < i ? scale * (float)(state >> 24) : 0;
        }
        plan_run(m->plan, image, 1, scratch, row);
        all = is_share(row);
    }
    free(scratch);
    m->info.end = all ? MODEL_END_SHARES : m->info.end;
    return 0;
}

static int fill(struct model *m, struct onnx *o, enum cpu_level cpu, struct error *err)
{
    struct metadata meta = {0};
    struct arena golden = {0};
    struct graph *g = NULL;
    int r = metadata_read(o, &m->arena, &golden, &meta, err);

    o->input_factor = meta.input_factor;
    o->input_shift = meta.input_shift;
    o->input_layout = meta.layout;
    if (r == 0)
        r = graph_build(o, &g, err);
    if (r == 0)
        r = graph_fuse(g, err);
    if (r == 0)
        r = plan_build(g, cpu, &m->plan, err);
    if (r == 0)
        r = describe(m, o, g, &meta, err);
    graph_destroy(g);
    if (r == 0 && m->info.end == MODEL_END_LOGITS)
        r = find_shares(m, meta.input_scale, err);
    if (r == 0)
        r = check_golden(m, &meta, err);
    arena_finish(&golden);
    return r;
}

int model_load(const void *bytes, size_t len, enum cpu_level cpu, struct model **ret,
               struct error *err)
{
    return model_load_with(bytes, len, &(struct model_beside){0}, cpu, ret, err);
}

int model_load_with(const void *bytes, size_t len, const struct model_beside *beside,
                    enum cpu_level cpu, struct model **ret, struct error *err)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx sha;
    struct arena arena = {0};
    struct model *m = arena_alloc(&arena, 1, sizeof(*m));
    struct onnx *o = NULL;
    int r = 0;

    if (!m)
        return no_memory(err);
    m->arena = arena;
    r = onnx_parse_with(bytes, len, beside, &o, err);
    if (r == 0) {
        m->info.cpu = cpu;
        sha256_init(&sha);
        sha256_update(&sha, len, bytes);
        sha256_digest(&sha, sizeof(digest), digest);
        metadata_hex(digest, sizeof(digest), m->info.sha256);
        r = fill(m, o, cpu, err);
    }
    onnx_destroy(o);
    if (r == 0) {
        *ret = m;
        m = NULL;
    }
    model_destroy(m);
    return r;
}

void model_destroy(struct model *m)
{
    struct arena arena = {0};

    if (!m)
        return;
    plan_destroy(m->plan);
    arena = m->arena; /* which holds *m */
    arena_finish(&arena);
}

const struct model_info *model_info(const struct model *m)
{
    return &m->info;
}

const char *model_end_name(enum model_end end)
{
    static const char *const names[] = {
        [MODEL_END_LOGITS] = "logits",
        [MODEL_END_LOG_SOFTMAX] = "log-probabilities",
        [MODEL_END_SOFTMAX] = "probabilities",
        [MODEL_END_SIGMOID] = "independent probabilities",
        [MODEL_END_SHARES] = "probabilities",
    };

    return names[end];
}

size_t model_steps(const struct model *m)
{
    return plan_steps(m->plan);
}

void model_step(const struct model *m, size_t i, struct model_step *ret)
{
    plan_step(m->plan, i, ret);
}

size_t model_scratch(const struct model *m)
{
    return plan_scratch(m->plan);
}

/* What a LogSoftmax makes of logits, which are that too. */
static void take_log(float *logits, size_t n)
{
    for (float *row = logits; row < logits + n * MODEL_CLASSES; row += MODEL_CLASSES) {
        float most = row[0];
        float sum = 0;

        for (size_t i = 1; i < MODEL_CLASSES; i++)
            most = fmaxf(most, row[i]);
        for (size_t i = 0; i < MODEL_CLASSES; i++)
            sum += expf(row[i] - most);
        most += logf(sum);
        for (size_t i = 0; i < MODEL_CLASSES; i++)
            row[i] -= most;
    }
}

void model_predict(const struct model *m, const float *images, size_t n, void *scratch,
                   float *logits, float *probabilities)
{
    plan_run(m->plan, images, n, scratch, logits);
    if (m->info.end == MODEL_END_LOG_SOFTMAX)
        take_log(logits, n);
    for (size_t i = 0; i < n * MODEL_CLASSES && m->info.end == MODEL_END_SHARES; i++)
        logits[i] = logf(fmaxf(logits[i], FLT_MIN));
    if (m->info.end == MODEL_END_SIGMOID)
        kernels_sigmoid(logits, n * MODEL_CLASSES, m->info.temperature, probabilities);
    else
        kernels_softmax(logits, n, MODEL_CLASSES, m->info.temperature, probabilities);
}

void model_profile(const struct model *m, const float *images, size_t n, void *scratch,
                   float *logits, uint64_t *step_ns)
{
    plan_profile(m->plan, images, n, scratch, logits, step_ns);
}
