#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "model/error.h"
#include "model/model.h"
#include "server/file.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/overrides.h"
#include "server/registry.h"
#include "server/repository_inside.h"
#include "server/settings.h"

enum { NS = 1000000000 };

bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* FNV-1a, over eight bytes at a time. */
static void mix(uint64_t *digest, int64_t number)
{
    *digest = (*digest ^ (uint64_t)number) * 0x100000001b3;
}

static int64_t in_ns(const struct timespec *t)
{
    return t->tv_sec * NS + t->tv_nsec;
}

/* Adds a file beside the model: "model.onnx.properties", or another name in its folder. */
static void add_beside(const char *path, struct stamp *ret)
{
    struct stat st;
    int r = stat(path, &st);

    mix(&ret->beside, r);
    if (r < 0)
        return;
    mix(&ret->beside, (int64_t)st.st_dev);
    mix(&ret->beside, (int64_t)st.st_ino);
    mix(&ret->beside, st.st_size);
    mix(&ret->beside, in_ns(&st.st_mtim));
    mix(&ret->beside, in_ns(&st.st_ctim));
    if (in_ns(&st.st_ctim) > ret->changed_ns)
        ret->changed_ns = in_ns(&st.st_ctim);
}

void stamp_read(const struct version *v, struct stamp *ret)
{
    const char *slash = strrchr(v->path, '/');
    int folder = slash ? (int)(slash + 1 - v->path) : 0;
    char path[REGISTRY_PATH_MAX + MODEL_PARTS_MAX];
    struct stat st;

    *ret = (struct stamp){0};
    if (!*v->path || stat(v->path, &st) < 0)
        return;
    *ret = (struct stamp){.device = st.st_dev,
                          .inode = st.st_ino,
                          .size = (uint64_t)st.st_size,
                          .modified_ns = in_ns(&st.st_mtim),
                          .changed_ns = in_ns(&st.st_ctim)};
    (void)snprintf(path, sizeof(path), "%s.properties", v->path);
    add_beside(path, ret);
    for (const char *at = v->parts; at && *at; at = strchr(at, '\n') + 1) {
        (void)snprintf(path, sizeof(path), "%.*s%.*s", folder, v->path, (int)strcspn(at, "\n"),
                       at);
        add_beside(path, ret);
    }
}

static int free_slot(const struct repository *r, size_t *ret)
{
    /* In turn, so that a slot is not another's too soon. */
    for (size_t i = 0; i < CATALOGUE_SLOTS_MAX; i++) {
        size_t slot = (size_t)(r->ids + i) % CATALOGUE_SLOTS_MAX;

        if (!r->slots[slot]) {
            *ret = slot;
            return 0;
        }
    }
    return -ENOSPC;
}

struct version *version_know(struct repository *r, const char *name, unsigned version)
{
    size_t at = 0, slot;

    for (; at < r->n; at++) {
        const struct known *k = &r->versions[at]->known;
        int names = strcmp(k->name, name);

        if (names == 0 && k->version == version)
            return r->versions[at];
        if (names > 0 || (names == 0 && k->version > version))
            break;
    }
    if (free_slot(r, &slot) < 0)
        return NULL;
    struct version *v = calloc(1, sizeof(*v));

    if (!v)
        return NULL;
    (void)snprintf(v->known.name, sizeof(v->known.name), "%s", name);
    v->known.version = version;
    (void)snprintf(v->known.version_text, sizeof(v->known.version_text), "%u", version);
    v->known.slot = slot;
    v->known.id = ++r->ids;
    if (at > 0 && strcmp(r->versions[at - 1]->known.name, name) == 0)
        v->withheld = r->versions[at - 1]->withheld;
    else if (at < r->n && strcmp(r->versions[at]->known.name, name) == 0)
        v->withheld = r->versions[at]->withheld;
    r->slots[slot] = true;
    memmove(&r->versions[at + 1], &r->versions[at], (r->n - at) * sizeof(struct version *));
    r->versions[at] = v;
    r->n++;
    r->dirty = true;
    return v;
}

void version_forget(struct repository *r, size_t i)
{
    r->slots[r->versions[i]->known.slot] = false;
    free(r->versions[i]->parts);
    free(r->versions[i]);
    r->n--;
    memmove(&r->versions[i], &r->versions[i + 1], (r->n - i) * sizeof(struct version *));
    r->dirty = true;
}

void repository_publish(struct repository *r)
{
    if (!r->dirty)
        return;
    struct catalogue *c = catalogue_create(r->n, r->n_labels);

    if (!c) {
        log_event(LOG_ERROR, "models-not-published", "reason", "out of memory", NULL);
        return; /* it is still to be done */
    }
    for (size_t i = 0; i < r->n; i++)
        catalogue_add(c, &r->versions[i]->known, r->versions[i]->holder);
    if (r->n_labels)
        memcpy(c->labels, r->labels, r->n_labels * sizeof(*r->labels));
    c->n_labels = r->n_labels;
    c->complete = r->complete;
    registry_publish(r->registry, c);
    r->dirty = false;
}

static void set_state(struct repository *r, struct version *v, enum catalogue_state state,
                      const char *reason)
{
    if (v->known.state == state && strcmp(v->known.reason, reason) == 0)
        return;
    v->known.state = state;
    (void)snprintf(v->known.reason, sizeof(v->known.reason), "%s", reason);
    r->dirty = true;
}

void version_wait(struct repository *r, struct version *v)
{
    if (!v->holder)
        set_state(r, v, CATALOGUE_UNAVAILABLE, "its file has only just changed");
}

void version_restore(struct repository *r, struct version *v)
{
    v->known.failed = false;
    set_state(r, v, CATALOGUE_READY, "");
}

static void log_ready(const struct version *v)
{
    const struct model_info *info = model_info(v->holder->model);
    char sha256[13];
    char ms[24];

    (void)snprintf(sha256, sizeof(sha256), "%.12s", info->sha256);
    (void)snprintf(ms, sizeof(ms), "%.1f", v->known.load_s * 1e3);
    log_event(LOG_INFO, "model", "name", v->known.name, "version", v->known.version_text,
              "sha256", sha256, "accuracy", info->accuracy, "cpu", cpu_name(info->cpu), "ms",
              ms, NULL);
}

static void accept_model(struct repository *r, struct version *v, struct holder *holder,
                         uint64_t ns)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    holder_unref(v->holder);
    v->holder = holder;
    v->known.failed = false;
    v->known.loads++;
    v->known.load_s = (double)ns / NS;
    v->known.loaded_at = (double)now.tv_sec + (double)now.tv_nsec / NS;
    set_state(r, v, CATALOGUE_READY, "");
    r->dirty = true;
    log_ready(v);
}

static void refuse_model(struct repository *r, struct version *v, const struct error *why)
{
    v->known.failed = true;
    v->known.failures++;
    set_state(r, v, v->holder ? CATALOGUE_READY : CATALOGUE_UNAVAILABLE, why->text);
    r->dirty = true;
    log_event(LOG_ERROR, "model-refused", "name", v->known.name, "version",
              v->known.version_text, "reason", why->text, "serving",
              v->holder ? "what was there before" : "nothing in its place", NULL);
}

static int read_model(const struct repository *r, const struct version *v,
                      struct model_parts *parts, struct holder **ret, struct error *err)
{
    char lines[OVERRIDES_MAX];
    const struct model_beside beside = {.settings = lines, .parts = parts};
    enum cpu_level cpu = r->settings->cpu;
    struct error why = {0};
    struct model *model = NULL;
    int code = overrides_read(r->settings, v->known.name, v->known.version, lines, err);

    if (code < 0)
        return code;
    code = *v->path
               ? model_load_file(v->path, &beside, cpu, &model, &why)
               : model_load_with(model_builtin, model_builtin_len, &beside, cpu, &model, &why);
    if (code < 0 && (!*v->path || why.text[0] == '\'')) /* which names the file */
        return error_set(err, code, "%s", why.text);
    if (code < 0)
        return error_set(err, code, "%s: %.96s", file_tail(v->path), why.text);
    *ret = holder_create(model);
    if (!*ret) {
        model_destroy(model);
        return error_set(err, -ENOMEM, "out of memory");
    }
    return 0;
}

/* Notes which files the model has turned out to have. Returns whether it was not known. */
static bool learn_parts(struct version *v, const struct model_parts *parts)
{
    char *text = NULL;

    if (strcmp(v->parts ? v->parts : "", parts->text) == 0)
        return false;
    text = strdup(parts->text);
    if (!text)
        return false; /* then changes of these are not noticed */
    free(v->parts);
    v->parts = text;
    return true;
}

/* Reads the model, and once more if its files are only known then, so that `before` and `after`
 * are of them all. */
static int read_files(const struct repository *r, struct version *v, struct holder **ret,
                      struct stamp *before, struct stamp *after, struct error *err)
{
    struct error why = {0};
    int code = 0;

    for (int i = 0; i < 2; i++) {
        struct model_parts parts = {0};

        holder_unref(*ret);
        *ret = NULL;
        why = (struct error){0};
        stamp_read(v, before);
        code = read_model(r, v, &parts, ret, &why);
        if (!learn_parts(v, &parts))
            break;
    }
    stamp_read(v, after);
    return code < 0 ? error_set(err, code, "%s", why.text) : 0;
}

int version_load(struct repository *r, struct version *v, struct error *err)
{
    struct holder *holder = NULL;
    struct error why = {0};
    struct stamp before, after;
    uint64_t begin = metrics_now();

    if (!v->holder)
        set_state(r, v, CATALOGUE_LOADING, "");
    repository_publish(r);
    int code = read_files(r, v, &holder, &before, &after, &why);

    v->seen = after;
    if (!stamp_equal(&before, &after)) {
        holder_unref(holder);
        why = (struct error){0};
        code = error_set(&why, -EAGAIN, "%s changed while it was read", file_tail(v->path));
        set_state(r, v, v->holder ? CATALOGUE_READY : CATALOGUE_UNAVAILABLE, why.text);
    } else if (code == 0) {
        v->loaded = before;
        accept_model(r, v, holder, metrics_now() - begin);
    } else {
        v->failed = before;
        refuse_model(r, v, &why);
    }
    repository_publish(r);
    return code < 0 ? error_set(err, code, "%s", why.text) : 0;
}

void version_unload(struct repository *r, struct version *v, const char *reason)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    holder_unref(v->holder);
    v->holder = NULL;
    v->loaded = (struct stamp){0};
    set_state(r, v, CATALOGUE_UNLOADING, reason);
    repository_publish(r);
    while (registry_reap(r->registry) > 0 && !atomic_load(&r->stop))
        (void)nanosleep(&moment, NULL);
    set_state(r, v, CATALOGUE_UNAVAILABLE, reason);
    log_event(LOG_INFO, "model-unloaded", "name", v->known.name, "version",
              v->known.version_text, "reason", reason, NULL);
}
