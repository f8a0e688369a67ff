#include "server/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "server/overrides.h"
#include "server/registry_scan.h"
#include "server/settings.h"

enum { WORD_MAX = 256 };

/* Takes the next word off *at into word[WORD_MAX], up to one of `ends`. Returns false at the
 * end; *whole says whether it had room. */
static bool next_word(const char **at, const char *ends, char *word, bool *whole)
{
    *at += strspn(*at, ends);
    size_t len = strcspn(*at, ends);

    if (len == 0)
        return false;
    *whole = len < WORD_MAX;
    (void)snprintf(word, WORD_MAX, "%.*s", (int)(len < WORD_MAX ? len : WORD_MAX - 1), *at);
    *at += len;
    return true;
}

static int refuse_policy(const char *word, struct error *err)
{
    return error_set(err, -EINVAL,
                     "--version-policy has '%.40s'; it should be all, latest:N or "
                     "specific:1,3, after MODEL= if it is for one model",
                     word);
}

static int read_versions(const char *text, struct policy *p)
{
    char word[WORD_MAX];
    bool whole;

    p->kind = POLICY_SPECIFIC;
    while (next_word(&text, ",", word, &whole)) {
        if (p->n == RULES_VERSIONS_MAX || registry_parse_version(word, &p->versions[p->n]) < 0)
            return -EINVAL;
        p->n++;
    }
    return p->n ? 0 : -EINVAL;
}

static int read_latest(const char *text, struct policy *p)
{
    unsigned n = 1;

    p->kind = POLICY_LATEST;
    if (*text && (*text != ':' || registry_parse_version(text + 1, &n) < 0))
        return -EINVAL;
    p->n = n;
    return 0;
}

/* One word: [MODEL=]POLICY. */
static int read_policy(char *word, struct policy *p, struct error *err)
{
    char *equals = strrchr(word, '=');
    const char *text = equals ? equals + 1 : word;
    int r = 0;

    *p = (struct policy){.kind = POLICY_ALL};
    if (strncmp(text, "latest", 6) == 0)
        r = read_latest(text + 6, p);
    else if (strncmp(text, "specific:", 9) == 0)
        r = read_versions(text + 9, p);
    else if (strcmp(text, "all") != 0)
        r = -EINVAL;
    if (r < 0)
        return refuse_policy(word, err);
    if (!equals)
        return 0;
    *equals = '\0';
    r = registry_check_name(word, err);
    if (r == 0)
        (void)snprintf(p->name, sizeof(p->name), "%.127s", word);
    return r;
}

static int read_policies(const char *text, struct rules *rules, struct error *err)
{
    char word[WORD_MAX];
    bool whole;
    int r = 0;

    while (r == 0 && next_word(&text, "; \t\n", word, &whole)) {
        if (!whole || rules->n_policies == RULES_MODELS_MAX)
            return refuse_policy(word, err);
        r = read_policy(word, &rules->policies[rules->n_policies++], err);
    }
    return r;
}

/* One word: MODEL:LABEL=VERSION, or LABEL=VERSION of the model called --model-name. */
static int read_label(char *word, const struct settings *s, struct rules *rules,
                      struct error *err)
{
    struct error why = {0};
    char *equals = strrchr(word, '=');
    char *colon = strchr(word, ':');
    unsigned version = 0;

    if (!equals || registry_parse_version(equals + 1, &version) < 0)
        return error_set(err, -EINVAL, "--label has '%.60s'; it should be MODEL:LABEL=VERSION",
                         word);
    if (rules->n_labels == RULES_LABELS_MAX)
        return error_set(err, -EINVAL, "--label has more than %d labels", RULES_LABELS_MAX);
    *equals = '\0';
    if (colon)
        *colon = '\0';
    const char *name = colon ? word : s->model_name;
    int r = registry_check_name(name, &why);

    if (r == 0)
        r = catalogue_label_set(&rules->labels[rules->n_labels], name, colon ? colon + 1 : word,
                                version, &why);
    if (r < 0)
        return error_set(err, r, "--label: %.140s", why.text);
    rules->n_labels++;
    return 0;
}

static int read_labels(const struct settings *s, struct rules *rules, struct error *err)
{
    const char *text = s->label;
    char word[WORD_MAX];
    bool whole;
    int r = 0;

    while (r == 0 && next_word(&text, ", \t\n", word, &whole))
        r = whole ? read_label(word, s, rules, err)
                  : error_set(err, -EINVAL, "--label has '%.60s..', which is too long", word);
    catalogue_labels_sort(rules->labels, rules->n_labels);
    return r;
}

/* KServe gives its place as a URI, having put there what that named at first. */
static int read_directory(const char *uri, struct rules *rules, struct error *err)
{
    static const char file[] = "file://";

    rules->directory = uri;
    if (strncmp(uri, file, sizeof(file) - 1) == 0)
        rules->directory = uri + sizeof(file) - 1;
    else if (strstr(uri, "://"))
        return error_set(err, -EINVAL,
                         "--model-repository (or STORAGE_URI) is '%.40s'; it should be a "
                         "directory or file://..: nothing is downloaded here",
                         uri);
    return 0;
}

static int read_word(const char *setting, const char *text, const char *const *words,
                     const char *list, unsigned *ret, struct error *err)
{
    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = i;
            return 0;
        }
    }
    return error_set(err, -EINVAL, "--%s is '%.40s'; it should be %s", setting, text, list);
}

int rules_read(const struct settings *s, struct rules *ret, struct error *err)
{
    static const char *const watches[] = {"inotify", "poll", "off", NULL};
    static const char *const inits[] = {"sync", "async", NULL};
    struct rules rules = {0};
    unsigned watch = 0, init = 0;
    char lines[OVERRIDES_MAX];

    if (*s->model && *s->model_repository)
        return error_set(err, -EINVAL,
                         "--model and --model-repository (or STORAGE_URI) are both set; one of "
                         "them should be");
    int r = registry_check_name(s->model_name, err);
    if (r == 0)
        r = read_directory(s->model_repository, &rules, err);
    if (r == 0)
        r = read_word("repository-watch", s->repository_watch, watches, "inotify, poll or off",
                      &watch, err);
    if (r == 0)
        r = read_word("model-init", s->model_init, inits, "sync or async", &init, err);
    if (r == 0)
        r = read_policies(s->version_policy, &rules, err);
    if (r == 0)
        r = read_labels(s, &rules, err);
    if (r == 0)
        r = overrides_read(s, s->model_name, 1, lines, err);
    rules.watch = watch == 0 ? RULES_INOTIFY : watch == 1 ? RULES_POLL : RULES_OFF;
    rules.async = init == 1;
    if (r == 0)
        *ret = rules;
    return r;
}

const struct policy *rules_policy(const struct rules *rules, const char *name)
{
    static const struct policy all = {.kind = POLICY_ALL};
    const struct policy *found = &all;

    for (size_t i = 0; i < rules->n_policies; i++) {
        if (strcmp(rules->policies[i].name, name) == 0)
            return &rules->policies[i];
        if (!*rules->policies[i].name)
            found = &rules->policies[i];
    }
    return found;
}

bool policy_wants(const struct policy *p, unsigned version, size_t newer)
{
    if (p->kind == POLICY_LATEST)
        return newer < p->n;
    for (size_t i = 0; i < p->n; i++)
        if (p->versions[i] == version)
            return true;
    return p->kind == POLICY_ALL;
}
