#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/error.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/repository_inside.h"
#include "server/settings.h"

static const uint64_t ms_ns = 1000000;

/* The folder that holds the one file. */
static int list_parent(const char *path, struct registry_files *files, struct error *err)
{
    char folder[REGISTRY_PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!slash)
        return registry_files_add_folder(files, ".", err);
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash > path ? slash - path : 1),
                   path);
    return registry_files_add_folder(files, folder, err);
}

/* What the settings name, as it is now. */
static int list(const struct repository *r, struct registry_files *files, struct error *err)
{
    const struct settings *s = r->settings;

    if (*r->rules.directory)
        return registry_scan(r->rules.directory, s->model_name, files, err);
    int code = *s->model ? list_parent(s->model, files, err) : 0;

    return code ? code : registry_files_add(files, s->model_name, 1, s->model, err);
}

/* Once, not with every round. */
static void say_problem(struct repository *r, const struct error *problem)
{
    if (strcmp(problem->text, r->problem.text) == 0)
        return;
    r->problem = *problem;
    if (problem->code)
        log_event(LOG_WARN, "model-repository", "problem", problem->text, NULL);
    else
        log_event(LOG_INFO, "model-repository", "problem", "none any more", NULL);
}

static bool concerns(const struct round *round, const struct version *v)
{
    return !round->name || strcmp(round->name, v->known.name) == 0;
}

/* The time since the file changed, by its own account. */
static int64_t age_ms(const struct version *v)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec * 1000 + now.tv_nsec / 1000000) - v->seen.changed_ns / 1000000;
}

/* Whether `since` is long ago; what has not settled is to be looked at again. */
static bool has_settled(const struct repository *r, const struct version *v, uint64_t since,
                        struct round *round)
{
    int64_t ms = r->settings->repository_settle_ms;
    int64_t left_ms = ms - (int64_t)((metrics_now() - since) / ms_ns);

    if (round->first || left_ms <= 0 ||
        (round->name && concerns(round, v) && !v->gone_ns && age_ms(v) >= ms))
        return true;
    if (round->next_ms < 0 || left_ms < round->next_ms)
        round->next_ms = left_ms;
    round->unsettled = round->unsettled || concerns(round, v);
    return false;
}

/* A file that is there. */
static int meet(struct repository *r, const struct registry_file *file, struct error *err)
{
    struct version *v = version_know(r, file->name, file->version);
    struct stamp now;

    if (!v)
        return error_set(err, -ENOMEM, "out of memory for version %u of model %.60s",
                         file->version, file->name);
    memcpy(v->path, file->path, sizeof(v->path));
    stamp_read(v, &now);
    if (v->seen_ns == 0 || !stamp_equal(&now, &v->seen)) {
        v->seen = now;
        v->seen_ns = metrics_now();
    }
    v->gone_ns = 0;
    return 0;
}

static bool is_listed(const struct registry_files *files, const struct version *v)
{
    for (size_t i = 0; i < files->n; i++)
        if (files->files[i].version == v->known.version &&
            strcmp(files->files[i].name, v->known.name) == 0)
            return true;
    return false;
}

/* Versions whose files are no more. Something else may take their place at once, so for a
 * moment they stay. */
static void miss(struct repository *r, const struct registry_files *files, struct round *round)
{
    for (size_t i = r->n; i-- > 0;) {
        struct version *v = r->versions[i];

        if (is_listed(files, v))
            continue;
        if (v->gone_ns == 0)
            v->gone_ns = metrics_now();
        if (v->holder && !has_settled(r, v, v->gone_ns, round))
            continue;
        if (v->holder)
            version_unload(r, v, "its file was removed");
        version_forget(r, i);
    }
}

static bool has_label(const struct repository *r, const struct version *v)
{
    for (size_t i = 0; i < r->n_labels; i++)
        if (r->labels[i].version == v->known.version &&
            strcmp(r->labels[i].name, v->known.name) == 0)
            return true;
    return false;
}

/* Loads what is there, unless it is served already. Returns whether the version is served now.
 */
static bool ensure(struct repository *r, struct version *v, struct round *round)
{
    struct error why = {0};

    if (v->holder && stamp_equal(&v->seen, &v->loaded))
        version_restore(r, v);
    if (v->gone_ns || (v->holder && stamp_equal(&v->seen, &v->loaded)))
        return v->holder;
    if (v->known.failed && stamp_equal(&v->seen, &v->failed) &&
        !(round->forced && concerns(round, v)))
        return v->holder;
    if (!has_settled(r, v, v->seen_ns, round)) {
        version_wait(r, v);
        return v->holder;
    }
    if (version_load(r, v, &why) == -EAGAIN) {
        v->seen_ns = 0; /* look again, from the beginning */
        round->next_ms = r->settings->repository_settle_ms;
        round->unsettled = round->unsettled || concerns(round, v);
    }
    if (why.code && round->error.code == 0)
        round->error = why;
    return v->holder;
}

/* The versions first..end-1 of one model, newest first: so what replaces comes before what is
 * replaced goes. */
static void choose(struct repository *r, size_t first, size_t end, struct round *round)
{
    const struct policy *policy = rules_policy(&r->rules, r->versions[first]->known.name);
    size_t served = 0;

    for (size_t i = end; i-- > first;) {
        struct version *v = r->versions[i];

        if (v->gone_ns && has_settled(r, v, v->gone_ns, round))
            continue; /* it goes once what takes its place is there */
        bool wanted =
            !v->withheld && (policy_wants(policy, v->known.version, served) || has_label(r, v));

        if (wanted)
            served += ensure(r, v, round);
        else if (v->holder)
            version_unload(r, v, v->withheld ? REPOSITORY_WITHHELD : "--version-policy");
        else if (v->known.state == CATALOGUE_UNAVAILABLE && !*v->known.reason)
            (void)snprintf(v->known.reason, sizeof(v->known.reason), "--version-policy");
    }
}

static void choose_all(struct repository *r, struct round *round)
{
    for (size_t first = 0, end; first < r->n; first = end) {
        end = first + 1;
        while (end < r->n &&
               strcmp(r->versions[end]->known.name, r->versions[first]->known.name) == 0)
            end++;
        choose(r, first, end, round);
    }
}

/* The labels of the settings, and those of the repository, which count more. */
static int take_labels(struct repository *r, const struct registry_files *files,
                       struct error *err)
{
    size_t max = r->rules.n_labels + files->n_labels;
    struct catalogue_label *all = calloc(max + 1, sizeof(*all));
    size_t n = files->n_labels;

    if (!all)
        return error_set(err, -ENOMEM, "out of memory");
    if (n)
        memcpy(all, files->labels, n * sizeof(*all));
    for (size_t i = 0; i < r->rules.n_labels; i++) {
        const struct catalogue_label *label = &r->rules.labels[i];
        bool there = false;

        for (size_t k = 0; k < files->n_labels && !there; k++)
            there =
                strcmp(all[k].name, label->name) == 0 && strcmp(all[k].text, label->text) == 0;
        if (!there)
            all[n++] = *label;
    }
    catalogue_labels_sort(all, n);
    if (n != r->n_labels || (n && memcmp(all, r->labels, n * sizeof(*all)) != 0))
        r->dirty = true;
    free(r->labels);
    r->labels = all;
    r->n_labels = n;
    return 0;
}

static int follow(struct repository *r, const struct registry_files *files, struct round *round,
                  struct error *err)
{
    int code = take_labels(r, files, err);

    for (size_t i = 0; i < files->n && code == 0; i++)
        code = meet(r, &files->files[i], err);
    if (code < 0)
        return code;
    choose_all(r, round);
    miss(r, files, round);
    return 0;
}

int repository_round(struct repository *r, struct round *round, struct error *err)
{
    struct registry_files files = {0};
    struct error why = {0};

    round->next_ms = -1;
    int code = list(r, &files, &why);

    round->again = watch_folders(&r->watch, &files);
    /* An empty or unreadable repository is one that has not been mounted, or not yet again:
     * what is served stays. */
    if (code == 0)
        code = follow(r, &files, round, &why);
    say_problem(r, code ? &why : &files.problem);
    registry_files_finish(&files);
    if (code == 0 && !r->complete && round->next_ms < 0) {
        r->complete = true;
        r->dirty = true;
    }
    repository_publish(r);
    return code < 0 ? error_set(err, code, "%s", why.text) : 0;
}
