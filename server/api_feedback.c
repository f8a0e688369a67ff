#include "server/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/error.h"
#include "server/app.h"
#include "server/feedback.h"
#include "server/later.h"
#include "server/log.h"
#include "server/member.h"
#include "server/picture.h"
#include "server/registry.h"
#include "server/scan.h"
#include "server/settings.h"
#include "server/strokes_json.h"

enum {
    CREATED = 201,
    NOT_FOUND = 404,
    WRONG_TYPE = 415,
    UNAVAILABLE = 503,
    FULL = 507,
    VERSION_MAX = 999999999,
};

/* The JSON body while it is read, in any order of its keys. */
struct body {
    struct batch *batch;
    int truth, prediction;
    int64_t version; /* 0: not said */
    const char *source_type;
    const char *source; /* in the body */
    size_t source_len;
};

/* Work for the disk: storing one row, or summing up those of a model. */
struct job {
    struct later_job later; /* first */
    struct feedback *feedback;
    struct error err;
    int r;
    char model[REQUEST_NAME_MAX + 1];
    struct feedback_entry entry;
    uint8_t pixels[MODEL_INPUT];
    int64_t id;
    struct feedback_summary summary;
    char source[]; /* of entry */
};

static int read_strokes(struct scan *s, void *to, struct error *err)
{
    struct body *b = to;

    (void)scan_peek(s); /* past white space */
    b->source_type = "strokes";
    b->source = s->at;
    int r = strokes_json_read(s, b->batch, err);

    b->source_len = (size_t)(s->at - b->source);
    return r;
}

static int read_picture(struct scan *s, void *to, struct error *err)
{
    struct body *b = to;
    struct scan_text text;

    if (scan_peek(s) != '"')
        return scan_expected(s, "a PNG in base64 as picture", err);
    int r = scan_string(s, &text, err);

    if (r < 0)
        return r;
    b->source_type = "image/png;base64";
    b->source = text.at;
    b->source_len = text.len;
    return picture_add_text(b->batch, text, err);
}

/* 0..9, or "none". */
static int read_class(struct scan *s, const char *what, int *ret, struct error *err)
{
    struct scan_text text = {0};
    int64_t value = -1;
    int r = scan_peek(s) == '"' ? scan_string(s, &text, err) : scan_integer(s, &value, err);

    if (r < 0)
        return r;
    if (text.at && scan_equals(text, "none"))
        value = FEEDBACK_NONE;
    else if (text.at || value < 0 || value >= FEEDBACK_NONE)
        return error_set(err, -EINVAL, "%s should be 0 to 9, or \"none\" for no digit", what);
    *ret = (int)value;
    return 0;
}

static int read_truth(struct scan *s, void *to, struct error *err)
{
    return read_class(s, "truth", &((struct body *)to)->truth, err);
}

static int read_prediction(struct scan *s, void *to, struct error *err)
{
    return read_class(s, "prediction", &((struct body *)to)->prediction, err);
}

/* As answers give it: a string of digits. */
static int read_version(struct scan *s, void *to, struct error *err)
{
    struct scan_text text;
    int64_t version = 0;

    if (scan_peek(s) != '"')
        return scan_expected(s, "a string as model_version", err);
    int r = scan_string(s, &text, err);

    for (size_t i = 0; r == 0 && i < text.len && version <= VERSION_MAX; i++)
        version = text.at[i] >= '0' && text.at[i] <= '9' ? 10 * version + text.at[i] - '0'
                                                         : VERSION_MAX + 1;
    if (r == 0 && (version < 1 || version > VERSION_MAX))
        return error_set(err, -EINVAL, "model_version is '%.*s'; expected a positive integer",
                         text.len < 40 ? (int)text.len : 40, text.at);
    ((struct body *)to)->version = version;
    return r;
}

static int read_body(const struct request *req, struct body *b, struct error *err)
{
    static const struct member members[] = {
        {"strokes",       read_strokes   },
        {"picture",       read_picture   },
        {"truth",         read_truth     },
        {"prediction",    read_prediction},
        {"model_version", read_version   },
    };
    enum { SEEN_STROKES = 1, SEEN_PICTURE = 2, SEEN_TRUTH = 4 };
    struct scan scan;
    unsigned seen = 0;

    scan_init(&scan, req->body, req->body_len, b->batch->json_depth_max);
    int r = member_read(&scan, members, sizeof(members) / sizeof(members[0]), "the body", b,
                        &seen, err);

    if (r == 0)
        r = scan_end(&scan, err);
    if (r < 0)
        return r;
    if (!(seen & SEEN_STROKES) == !(seen & SEEN_PICTURE))
        return error_set(err, -EINVAL, "the body should have one of strokes and picture");
    if (!(seen & SEEN_TRUTH))
        return error_set(err, -EINVAL,
                         "the body has no truth; expected 0 to 9, or \"none\" for no digit");
    if (b->source_len > FEEDBACK_SOURCE_MAX)
        return error_set(err, -E2BIG, "the drawing is %zu bytes; at most %d are kept",
                         b->source_len, FEEDBACK_SOURCE_MAX);
    return 0;
}

static void destroy(struct later_job *later)
{
    free(later);
}

/* Only now is it known whether the disk took it. */
static int finish_failed(const struct job *j, struct response *res)
{
    return api_refuse(res, j->r == -ENOSPC ? FULL : UNAVAILABLE, j->err.text);
}

static struct job *create_job(const struct worker *w, const struct request *req,
                              size_t source_len)
{
    struct job *j = calloc(1, sizeof(*j) + source_len);

    if (!j)
        return NULL;
    j->later.destroy = destroy;
    j->later.on = w->app->disk;
    j->feedback = w->app->feedback;
    memcpy(j->model, req->model, sizeof(j->model));
    return j;
}

static void run_add(struct later_job *later)
{
    struct job *j = (struct job *)later;

    j->r = feedback_add(j->feedback, &j->entry, &j->id, &j->err);
    if (j->r < 0)
        log_event(LOG_ERROR, "feedback", "error", j->err.text, NULL);
}

static int finish_add(struct later_job *later, struct response *res)
{
    const struct job *j = (struct job *)later;

    if (j->r < 0)
        return finish_failed(j, res);
    int r = buf_print(res->body, "{\"id\":%lld}", (long long)j->id);

    res->content_type = "application/json";
    return r ? api_refuse(res, UNAVAILABLE, "out of memory") : CREATED;
}

/* Copies what the job needs: the request ends before it runs. */
static int postpone_add(struct worker *w, const struct request *req, const struct body *b,
                        struct response *res, struct error *err)
{
    struct job *j = create_job(w, req, b->source_len);

    if (!j)
        return error_set(err, -ENOMEM, "out of memory for feedback");
    memcpy(j->pixels, w->batch.seen[0].pixels, sizeof(j->pixels));
    memcpy(j->source, b->source, b->source_len);
    j->entry = (struct feedback_entry){
        .model = j->model,
        .version = b->version ? (unsigned)b->version : w->batch.served->version,
        .truth = b->truth,
        .prediction = b->prediction,
        .pixels = j->pixels,
        .source_type = b->source_type,
        .source = j->source,
        .source_len = b->source_len,
    };
    j->later.run = run_add;
    j->later.finish = finish_add;
    res->later = &j->later;
    return 0;
}

static int collects(const struct worker *w, struct response *res)
{
    return w->app->feedback
               ? 0
               : api_refuse(res, NOT_FOUND,
                            "no feedback is collected here; --feedback-db FILE switches it on");
}

/* A form or script of another site can send any type but this one without asking first. */
static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    const size_t len = sizeof(json) - 1;

    return strncasecmp(type, json, len) == 0 &&
           (type[len] == '\0' || strchr("; \t", type[len]));
}

int api_feedback_add(struct worker *w, const struct request *req, struct response *res)
{
    struct body b = {.batch = &w->batch, .prediction = FEEDBACK_NONE};
    struct error err = {0};

    if (collects(w, res))
        return NOT_FOUND;
    if (!is_json(req->content_type))
        return api_refuse(res, WRONG_TYPE, "Content-Type should be application/json");
    int r = api_batch(w, req, &err);

    if (r == 0)
        r = read_body(req, &b, &err);
    if (r == 0)
        r = postpone_add(w, req, &b, res, &err);
    api_batch_end(w);
    return r < 0 ? api_fail(res, &err) : 0;
}

static void run_summary(struct later_job *later)
{
    struct job *j = (struct job *)later;

    j->r = feedback_summarise(j->feedback, j->model, &j->summary, &j->err);
}

/* The digits only; what was no digit, or not answered with one, is counted beside them. */
static int write_confusion(const struct feedback_summary *s, struct buf *out)
{
    uint64_t others = s->total;
    int r = buf_text(out, ",\"confusion\":[");

    for (size_t t = 0; t < MODEL_CLASSES && r == 0; t++) {
        r = buf_text(out, t > 0 ? ",[" : "[");
        for (size_t p = 0; p < MODEL_CLASSES && r == 0; p++) {
            others -= s->confusion[t][p];
            r = buf_print(out, p > 0 ? ",%llu" : "%llu",
                          (unsigned long long)s->confusion[t][p]);
        }
        if (r == 0)
            r = buf_text(out, "]");
    }
    return r ? r : buf_print(out, "],\"others\":%llu}", (unsigned long long)others);
}

static int finish_summary(struct later_job *later, struct response *res)
{
    const struct job *j = (struct job *)later;

    if (j->r < 0)
        return finish_failed(j, res);
    int r = buf_text(res->body, "{\"model_name\":");

    if (r == 0)
        r = buf_json_string(res->body, j->model, strlen(j->model));
    if (r == 0)
        r = buf_print(res->body, ",\"total\":%llu,\"right\":%llu",
                      (unsigned long long)j->summary.total,
                      (unsigned long long)j->summary.right);
    if (r == 0)
        r = write_confusion(&j->summary, res->body);
    res->content_type = "application/json";
    return r ? api_refuse(res, UNAVAILABLE, "out of memory") : 200;
}

int api_feedback(struct worker *w, const struct request *req, struct response *res)
{
    struct error err = {0};

    if (collects(w, res))
        return NOT_FOUND;
    int r = api_batch(w, req, &err);
    struct job *j = r == 0 ? create_job(w, req, 0) : NULL;

    api_batch_end(w);
    if (j) {
        j->later.run = run_summary;
        j->later.finish = finish_summary;
        res->later = &j->later;
        return 0;
    }
    (void)error_set(&err, -ENOMEM, "out of memory for feedback");
    return api_fail(res, &err);
}
