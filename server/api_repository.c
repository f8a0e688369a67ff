/* Triton's model repository extension: what is known, and to load and unload it. */

#include "server/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/app.h"
#include "server/later.h"
#include "server/member.h"
#include "server/registry.h"
#include "server/repository.h"
#include "server/scan.h"
#include "server/settings.h"

enum { UNAVAILABLE = 503, NOT_IMPLEMENTED = 501 };

/* Work for the repository's thread. */
struct job {
    struct later_job later; /* first */
    struct repository *repository;
    bool unload;
    char model[REQUEST_NAME_MAX + 1];
    int r;
    struct error err;
};

/* An empty body is an empty object. */
static int read_object(const struct worker *w, const struct request *req,
                       const struct member *members, size_t n, void *to, struct error *err)
{
    struct scan scan;
    unsigned seen;

    if (req->body_len == 0)
        return 0;
    scan_init(&scan, req->body, req->body_len, (size_t)w->app->settings->json_depth_max);
    int r = member_read(&scan, members, n, "the body", to, &seen, err);

    return r ? r : scan_end(&scan, err);
}

static int read_ready(struct scan *s, void *to, struct error *err)
{
    return scan_boolean(s, to, err);
}

static int write_index(const struct catalogue *c, bool ready_only, struct buf *out)
{
    bool first = true;
    int r = buf_text(out, "[");

    for (size_t i = 0; i < c->n_known && r == 0; i++) {
        const struct known *k = &c->known[i];

        if (ready_only && k->state != CATALOGUE_READY)
            continue;
        r = buf_text(out, first ? "{\"name\":" : ",{\"name\":");
        if (r == 0)
            r = buf_json_string(out, k->name, strlen(k->name));
        if (r == 0)
            r = buf_print(out,
                          ",\"version\":\"%s\",\"state\":\"%s\",\"reason\":", k->version_text,
                          catalogue_state_name(k->state));
        if (r == 0)
            r = buf_json_string(out, k->reason, strlen(k->reason));
        if (r == 0)
            r = buf_text(out, "}");
        first = false;
    }
    return r ? r : buf_text(out, "]");
}

int api_repository_index(struct worker *w, const struct request *req, struct response *res)
{
    static const struct member members[] = {
        {"ready", read_ready}
    };
    struct error err = {0};
    bool ready = false;
    int r = read_object(w, req, members, 1, &ready, &err);

    if (r < 0)
        return api_fail(res, &err);
    const struct catalogue *c = registry_hold(w->app->registry);

    r = write_index(c, ready, res->body);
    registry_drop(c);
    res->content_type = "application/json";
    return r ? api_refuse(res, UNAVAILABLE, "out of memory") : 200;
}

/* Files and configurations come from the repository alone; there are no dependents. */
static int read_parameters(struct scan *s, void *to, struct error *err)
{
    struct scan_text key;
    bool flag;
    int r = scan_enter_object(s, err);

    (void)to;
    while (r == 0) {
        r = scan_next_key(s, &key, err);
        if (r <= 0)
            break;
        if (scan_equals(key, "config") || (key.len > 5 && strncmp(key.at, "file:", 5) == 0))
            return error_set(err, -ENOSYS,
                             "parameters.%.*s is not supported: models are loaded as the "
                             "repository has them",
                             key.len < 40 ? (int)key.len : 40, key.at);
        r = scan_equals(key, "unload_dependents") ? scan_boolean(s, &flag, err)
                                                  : scan_skip(s, err);
    }
    return r;
}

static void run(struct later_job *later)
{
    struct job *j = (struct job *)later;

    j->r = j->unload ? repository_unload(j->repository, j->model, &j->err)
                     : repository_load(j->repository, j->model, &j->err);
}

static int finish(struct later_job *later, struct response *res)
{
    const struct job *j = (struct job *)later;

    if (j->r < 0)
        return api_fail(res, &j->err);
    int r = buf_text(res->body, "{\"name\":");

    if (r == 0)
        r = buf_json_string(res->body, j->model, strlen(j->model));
    if (r == 0)
        r = buf_text(res->body, j->unload ? ",\"unload\":true}" : ",\"load\":true}");
    res->content_type = "application/json";
    return r ? api_refuse(res, UNAVAILABLE, "out of memory") : 200;
}

static void destroy(struct later_job *later)
{
    free(later);
}

static int postpone(const struct worker *w, const struct request *req, bool unload,
                    struct response *res)
{
    static const struct member members[] = {
        {"parameters", read_parameters}
    };
    struct error err = {0};

    if (!w->app->settings->repository_api)
        return api_refuse(res, UNAVAILABLE,
                          "clients may not load or unload models here; --repository-api allows "
                          "it, and the repository itself is watched");
    int r = read_object(w, req, members, 1, NULL, &err);
    struct job *j = r == 0 ? calloc(1, sizeof(*j)) : NULL;

    if (r == 0 && !j)
        r = error_set(&err, -ENOMEM, "out of memory");
    if (r < 0 || !j)
        return api_fail(res, &err);
    j->later = (struct later_job){
        .on = w->app->loader, .run = run, .finish = finish, .destroy = destroy};
    j->repository = w->app->repository;
    j->unload = unload;
    memcpy(j->model, req->model, sizeof(j->model));
    res->later = &j->later;
    return 0;
}

int api_repository_load(struct worker *w, const struct request *req, struct response *res)
{
    return postpone(w, req, false, res);
}

int api_repository_unload(struct worker *w, const struct request *req, struct response *res)
{
    return postpone(w, req, true, res);
}

int api_repository_named(struct worker *w, const struct request *req, struct response *res)
{
    (void)w;
    (void)req;
    return api_refuse(res, NOT_IMPLEMENTED,
                      "there is one repository, and it has no name: /v2/repository/index, "
                      "/v2/repository/models/MODEL/load and /unload");
}
