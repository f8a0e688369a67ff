#include "server/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/registry_scan.h"
#include "server/settings.h"

struct row {
    struct served served;
    char name[128];
    struct model *model;
};

struct registry {
    struct row *rows; /* sorted by name, then version */
    size_t n;
};

static struct registry *registry_new(size_t n)
{
    struct registry *r = calloc(1, sizeof(*r));

    if (r)
        r->rows = calloc(n, sizeof(*r->rows));
    if (r && !r->rows) {
        free(r);
        r = NULL;
    }
    return r;
}

/* Takes over the model. */
static void append(struct registry *r, const char *name, unsigned version, struct model *model)
{
    struct row *row = &r->rows[r->n++];

    (void)snprintf(row->name, sizeof(row->name), "%s", name);
    row->model = model;
    row->served.name = row->name;
    row->served.version = version;
    row->served.model = model;
    (void)snprintf(row->served.version_text, sizeof(row->served.version_text), "%u", version);
}

static int load_file(struct registry *r, const char *name, unsigned version, const char *path,
                     enum cpu_level cpu, struct error *err)
{
    struct error why = {0};
    struct model *model = NULL;
    int code = model_load_file(path, cpu, &model, &why);

    if (code == 0)
        append(r, name, version, model);
    else if (strstr(why.text, path))
        (void)error_set(err, code, "%s", why.text);
    else
        (void)error_set(err, code, "%.60s: %.96s", path, why.text);
    return code;
}

static int load_builtin(struct registry *r, const char *name, enum cpu_level cpu,
                        struct error *err)
{
    struct model *model = NULL;
    int code = model_load(model_builtin, model_builtin_len, cpu, &model, err);

    if (code == 0)
        append(r, name, 1, model);
    return code;
}

static int load_one(const struct settings *settings, struct registry **ret, struct error *err)
{
    int code = registry_check_name(settings->model_name, err);
    struct registry *r = registry_new(1);

    if (code == 0 && !r)
        code = error_set(err, -ENOMEM, "out of memory");
    if (code == 0 && *settings->model)
        code = load_file(r, settings->model_name, 1, settings->model, settings->cpu, err);
    else if (code == 0)
        code = load_builtin(r, settings->model_name, settings->cpu, err);
    if (code == 0) {
        *ret = r;
        r = NULL;
    }
    registry_destroy(r);
    return code;
}

static int load_repository(const struct settings *settings, struct registry **ret,
                           struct error *err)
{
    struct registry_files found = {0};
    struct registry *r = NULL;
    int code = registry_scan(settings->model_repository, settings->model_name, &found, err);

    if (code == 0) {
        r = registry_new(found.n);
        code = r ? 0 : error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < found.n && code == 0; i++)
        code = load_file(r, found.files[i].name, found.files[i].version, found.files[i].path,
                         settings->cpu, err);
    if (code == 0) {
        *ret = r;
        r = NULL;
    }
    registry_destroy(r);
    registry_files_finish(&found);
    return code;
}

int registry_load(const struct settings *settings, struct registry **ret, struct error *err)
{
    if (*settings->model && *settings->model_repository)
        return error_set(err, -EINVAL,
                         "--model and --model-repository are both set; one of them should be");
    return *settings->model_repository ? load_repository(settings, ret, err)
                                       : load_one(settings, ret, err);
}

void registry_destroy(struct registry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        model_destroy(r->rows[i].model);
    free(r->rows);
    free(r);
}

static int refuse_version(const struct registry *r, const char *name, const char *version,
                          const char *newest, struct error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        n += strcmp(r->rows[i].name, name) == 0;
    if (n == 1)
        return error_set(err, -ENOENT, "model %.60s has no version %s; it has version %s", name,
                         version, newest);
    return error_set(err, -ENOENT,
                     "model %.60s has no version %s; it has %zu, the newest is %s", name,
                     version, n, newest);
}

int registry_find(const struct registry *r, const char *name, const char *version,
                  const struct served **ret, struct error *err)
{
    unsigned wanted = 0;
    const struct served *newest = NULL;

    if (*version && registry_parse_version(version, &wanted) < 0)
        return error_set(err, -EINVAL,
                         "the version is '%.40s'; it should be a positive integer", version);
    for (size_t i = 0; i < r->n; i++) {
        const struct served *served = &r->rows[i].served;

        if (strcmp(served->name, name) != 0)
            continue;
        newest = served; /* the rows are sorted */
        if (served->version == wanted)
            break;
    }
    if (!newest)
        return error_set(err, -ENOENT, "there is no model '%.60s'; %s%.60s", name,
                         r->n == 1 ? "the only one is "
                                   : "GET /v1/models lists those there are",
                         r->n == 1 ? r->rows[0].name : "");
    if (wanted && newest->version != wanted)
        return refuse_version(r, name, version, newest->version_text, err);
    *ret = newest;
    return 0;
}

size_t registry_count(const struct registry *r)
{
    return r->n;
}

const struct served *registry_at(const struct registry *r, size_t i)
{
    return &r->rows[i].served;
}
