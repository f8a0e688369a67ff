#include "server/api.h"

#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "server/answer.h"
#include "server/app.h"
#include "server/batch.h"
#include "server/metrics.h"
#include "server/protocol.h"
#include "server/registry.h"
#include "server/routes.h"
#include "server/settings.h"
#include "server/shadow.h"
#include "server/statistics.h"

static void count_images(const struct worker *w)
{
    const struct batch *b = &w->batch;
    const float scale = model_info(b->served->model)->input_scale;

    for (size_t i = 0; i < b->n; i++) {
        enum preprocess_verdict verdict = answer_verdict(b, i);

        metrics_prediction(w->metrics, verdict == PREPROCESS_DIGIT ? answer_digit(b, i) : -1,
                           verdict);
        if (!b->seen)
            metrics_oddity(w->metrics, pixels_judge(scale, b->images + i * MODEL_INPUT));
    }
}

static void count(const struct worker *w, int r)
{
    const struct batch *b = &w->batch;
    const struct statistics_request one = {
        .answered = r == 0,
        .images = b->n,
        .ns = {[STATISTICS_INPUT] =
                   w->stage_ns[METRICS_PARSE] + w->stage_ns[METRICS_PREPROCESS],
               [STATISTICS_INFER] = w->stage_ns[METRICS_PREDICT],
               [STATISTICS_OUTPUT] = w->stage_ns[METRICS_ENCODE]},
    };

    if (!b->served)
        return;
    metrics_model(w->metrics, b->served, &one);
    if (r == 0)
        count_images(w);
}

static void stage(struct worker *w, enum metrics_stage which, uint64_t ns)
{
    w->stage_ns[which] = ns;
    metrics_stage(w->metrics, which, ns);
}

/* Whether the query says ?number=true. */
static int read_number(const struct request *req, bool *ret, struct error *err)
{
    const char *value = req->query ? req->query(req, "number") : NULL;

    *ret = value && strcmp(value, "true") == 0;
    if (value && !*ret && strcmp(value, "false") != 0)
        return error_set(err, -EINVAL, "number is '%.40s'; expected true or false", value);
    return 0;
}

int api_batch(struct worker *w, const struct request *req, struct error *err)
{
    struct batch *b = &w->batch;

    batch_reset(b);
    b->begin_ns = metrics_now();
    b->max = (size_t)w->app->settings->images_max;
    b->json_depth_max = (size_t)w->app->settings->json_depth_max;
    b->picture_budget = (size_t)w->app->settings->pictures_max;
    b->pixels = PIXELS_MODEL;
    b->v1_named = w->app->settings->v1_named;
    b->served = NULL;
    int r = api_acquire(w, req, &b->served, err);

    if (r == 0)
        b->pixels = pixels_named(model_info(b->served->model)->pixels);
    return r;
}

void api_batch_end(struct worker *w)
{
    registry_release(w->batch.served);
    w->batch.served = NULL;
}

static int find_and_decode(struct worker *w, const struct request *req, size_t most,
                           uint64_t *at, struct error *err)
{
    struct batch *b = &w->batch;
    int r = api_batch(w, req, err);

    if (most < b->max)
        b->max = most;
    if (r == 0)
        r = read_number(req, &b->number, err);
    if (r == 0)
        r = req->route->protocol->decode(req, b, err);
    if (r == 0 && !b->seen && !b->wish.scaled)
        pixels_scale(b->pixels, model_info(b->served->model)->input_scale, b->images, b->n);
    *at = metrics_now();
    stage(w, METRICS_PARSE, *at - b->begin_ns - b->preprocess_ns);
    if (b->seen)
        stage(w, METRICS_PREPROCESS, b->preprocess_ns);
    return r;
}

static void pass(struct worker *w, enum metrics_stage which, uint64_t *at)
{
    uint64_t now = metrics_now();

    stage(w, which, now - *at);
    *at = now;
}

static int predict(struct worker *w, uint64_t *at, struct error *err)
{
    int r = batch_predict(&w->batch, err);

    if (r == 0)
        pass(w, METRICS_PREDICT, at);
    return r;
}

static int write(struct worker *w, api_encode_fn *encode, struct response *res, uint64_t *at,
                 struct error *err)
{
    int r = encode(&w->batch, res, err);

    if (r == 0)
        pass(w, METRICS_ENCODE, at);
    return r;
}

int api_infer_as(struct worker *w, const struct request *req, struct response *res,
                 api_encode_fn *encode, size_t most)
{
    struct error err = {0};
    uint64_t at;
    int r = find_and_decode(w, req, most, &at, &err);

    if (r == 0)
        r = predict(w, &at, &err);
    if (r == 0)
        r = write(w, encode, res, &at, &err);
    if (encode == req->route->protocol->encode)
        count(w, r);
    if (r == 0 && encode == req->route->protocol->encode)
        shadow_choose(w->shadow, w->batch.served, &w->batch);
    if (r == 0)
        metrics_answer(w->metrics, w->batch.served, w->batch.n);
    api_batch_end(w);
    if (r < 0)
        return api_fail(res, &err);
    res->compressible = true;
    return 200;
}

int api_infer(struct worker *w, const struct request *req, struct response *res)
{
    return api_infer_as(w, req, res, req->route->protocol->encode, SIZE_MAX);
}
