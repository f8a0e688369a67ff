#include "server/repository.h"

#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/registry.h"
#include "server/registry_scan.h"
#include "server/settings.h"

/* Takes over the model. */
static int append(struct catalogue *c, const char *name, unsigned version, struct model *model,
                  struct error *err)
{
    struct holder *holder = holder_create(model);

    if (!holder) {
        model_destroy(model);
        return error_set(err, -ENOMEM, "out of memory");
    }
    catalogue_add(c, name, version, c->n, holder);
    holder_unref(holder);
    return 0;
}

static int load_file(struct catalogue *c, const char *name, unsigned version, const char *path,
                     enum cpu_level cpu, struct error *err)
{
    struct error why = {0};
    struct model *model = NULL;
    int code = model_load_file(path, cpu, &model, &why);

    if (code == 0)
        return append(c, name, version, model, err);
    if (strstr(why.text, path))
        return error_set(err, code, "%s", why.text);
    return error_set(err, code, "%.60s: %.96s", path, why.text);
}

static int load_builtin(struct catalogue *c, const char *name, enum cpu_level cpu,
                        struct error *err)
{
    struct model *model = NULL;
    int code = model_load(model_builtin, model_builtin_len, cpu, &model, err);

    return code ? code : append(c, name, 1, model, err);
}

static int load_one(const struct settings *settings, struct catalogue **ret, struct error *err)
{
    int code = registry_check_name(settings->model_name, err);
    struct catalogue *c = catalogue_create(1);

    if (code == 0 && !c)
        code = error_set(err, -ENOMEM, "out of memory");
    if (code == 0 && *settings->model)
        code = load_file(c, settings->model_name, 1, settings->model, settings->cpu, err);
    else if (code == 0)
        code = load_builtin(c, settings->model_name, settings->cpu, err);
    if (code == 0) {
        *ret = c;
        c = NULL;
    }
    catalogue_destroy(c);
    return code;
}

static int load_repository(const struct settings *settings, struct catalogue **ret,
                           struct error *err)
{
    struct registry_files found = {0};
    struct catalogue *c = NULL;
    int code = registry_scan(settings->model_repository, settings->model_name, &found, err);

    if (code == 0) {
        c = catalogue_create(found.n);
        code = c ? 0 : error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < found.n && code == 0; i++)
        code = load_file(c, found.files[i].name, found.files[i].version, found.files[i].path,
                         settings->cpu, err);
    if (code == 0) {
        *ret = c;
        c = NULL;
    }
    catalogue_destroy(c);
    registry_files_finish(&found);
    return code;
}

int repository_load(const struct settings *settings, struct registry *registry,
                    struct error *err)
{
    struct catalogue *c = NULL;

    if (*settings->model && *settings->model_repository)
        return error_set(err, -EINVAL,
                         "--model and --model-repository are both set; one of them should be");
    int code = *settings->model_repository ? load_repository(settings, &c, err)
                                           : load_one(settings, &c, err);
    if (code == 0)
        registry_publish(registry, c);
    return code;
}
