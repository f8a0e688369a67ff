#include "server/catalogue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "server/registry_scan.h"

enum { CACHE_LINE = 64 };

const char *catalogue_state_name(enum catalogue_state state)
{
    static const char *const names[] = {
        [CATALOGUE_UNAVAILABLE] = "UNAVAILABLE",
        [CATALOGUE_LOADING] = "LOADING",
        [CATALOGUE_READY] = "READY",
        [CATALOGUE_UNLOADING] = "UNLOADING",
    };

    return names[state];
}

int catalogue_label_set(struct catalogue_label *label, const char *name, const char *text,
                        unsigned version, struct error *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strlen(text);

    if (len < 1 || len >= CATALOGUE_LABEL_MAX || strspn(text, allowed) != len ||
        (*text >= '0' && *text <= '9'))
        return error_set(
            err, -EINVAL,
            "'%.40s' can be no label; it should be 1 to %d letters, digits and - _ "
            ". and not begin with a digit",
            text, CATALOGUE_LABEL_MAX - 1);
    (void)snprintf(label->name, sizeof(label->name), "%s", name);
    (void)snprintf(label->text, sizeof(label->text), "%s", text);
    label->version = version;
    return 0;
}

static int by_name_and_text(const void *a, const void *b)
{
    const struct catalogue_label *x = a;
    const struct catalogue_label *y = b;
    int names = strcmp(x->name, y->name);

    return names ? names : strcmp(x->text, y->text);
}

void catalogue_labels_sort(struct catalogue_label *labels, size_t n)
{
    if (n)
        qsort(labels, n, sizeof(*labels), by_name_and_text);
}

struct holder *holder_create(struct model *m)
{
    struct holder *h = malloc(sizeof(*h));

    if (h) {
        h->model = m;
        atomic_init(&h->refs, 1);
    }
    return h;
}

struct holder *holder_ref(struct holder *h)
{
    (void)atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
    return h;
}

void holder_unref(struct holder *h)
{
    if (!h || atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) > 1)
        return;
    model_destroy(h->model);
    free(h);
}

struct catalogue *catalogue_create(size_t known, size_t labels)
{
    struct catalogue *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->served = calloc(known + 1, sizeof(*c->served));
    c->known = calloc(known + 1, sizeof(*c->known));
    c->holders = calloc(known + 1, sizeof(struct holder *));
    c->labels = calloc(labels + 1, sizeof(*c->labels));
    c->balance = aligned_alloc(CACHE_LINE, CACHE_LINE);
    if (!c->served || !c->known || !c->holders || !c->labels || !c->balance) {
        catalogue_destroy(c);
        return NULL;
    }
    atomic_init(&c->balance->n, 0);
    return c;
}

void catalogue_destroy(struct catalogue *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        holder_unref(c->holders[i]);
    free(c->served);
    free(c->known);
    free(c->holders);
    free(c->labels);
    free(c->balance);
    free(c);
}

void catalogue_add(struct catalogue *c, const struct known *known, struct holder *holder)
{
    struct known *k = &c->known[c->n_known++];

    *k = *known;
    (void)snprintf(k->version_text, sizeof(k->version_text), "%u", k->version);
    if (!holder)
        return;
    struct served *row = &c->served[c->n];

    c->holders[c->n++] = holder_ref(holder);
    *row = (struct served){.name = k->name,
                           .version = k->version,
                           .model = holder->model,
                           .slot = k->slot,
                           .id = k->id,
                           .catalogue = c};
    memcpy(row->version_text, k->version_text, sizeof(row->version_text));
}

static const struct catalogue_label *label_of(const struct catalogue *c, const char *name,
                                              const char *text)
{
    for (size_t i = 0; i < c->n_labels; i++)
        if (strcmp(c->labels[i].name, name) == 0 && strcmp(c->labels[i].text, text) == 0)
            return &c->labels[i];
    return NULL;
}

/* The newest of the model's versions that are served, or the one that is wanted if it is not 0.
 */
static const struct served *served_of(const struct catalogue *c, const char *name,
                                      unsigned wanted)
{
    const struct served *found = NULL;

    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->served[i].name, name) == 0 && (!wanted || c->served[i].version == wanted))
            found = &c->served[i]; /* the rows are sorted */
    return found;
}

static const struct known *known_of(const struct catalogue *c, const char *name,
                                    unsigned wanted)
{
    const struct known *found = NULL;

    for (size_t i = 0; i < c->n_known; i++)
        if (strcmp(c->known[i].name, name) == 0 && (!wanted || c->known[i].version == wanted))
            found = &c->known[i];
    return found;
}

static int refuse_version(const struct catalogue *c, const char *name, unsigned version,
                          struct error *err)
{
    const struct served *newest = served_of(c, name, 0);
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += strcmp(c->served[i].name, name) == 0;
    if (!newest)
        return error_set(err, -ENOENT, "model %.60s has no version %u", name, version);
    if (n == 1)
        return error_set(err, -ENOENT, "model %.60s has no version %u; it has version %s", name,
                         version, newest->version_text);
    return error_set(err, -ENOENT,
                     "model %.60s has no version %u; it has %zu, the newest is %s", name,
                     version, n, newest->version_text);
}

/* Says why there is no row for it. */
static int refuse(const struct catalogue *c, const char *name, unsigned wanted,
                  struct error *err)
{
    const struct known *k = known_of(c, name, wanted);

    if (k && k->state != CATALOGUE_READY)
        return error_set(err, -EAGAIN, "version %u of model %.40s is %s%s%.90s", k->version,
                         name, catalogue_state_name(k->state), *k->reason ? ": " : "",
                         k->reason);
    if (known_of(c, name, 0))
        return refuse_version(c, name, wanted, err);
    return error_set(err, -ENOENT, "there is no model '%.60s'; %s%.60s", name,
                     c->n == 1 ? "the only one is " : "GET /v1/models lists those there are",
                     c->n == 1 ? c->served[0].name : "");
}

static int find(const struct catalogue *c, const char *name, unsigned wanted,
                const struct served **ret, struct error *err)
{
    const struct served *found = served_of(c, name, wanted);

    if (!found)
        return refuse(c, name, wanted, err);
    *ret = found;
    return 0;
}

int catalogue_find(const struct catalogue *c, const char *name, const char *version,
                   const struct served **ret, struct error *err)
{
    unsigned wanted = 0;

    if (*version && registry_parse_version(version, &wanted) < 0) {
        if (label_of(c, name, version))
            return catalogue_find_label(c, name, version, ret, err);
        return error_set(err, -EINVAL,
                         "the version is '%.40s'; it should be a positive integer, or a label "
                         "that the model has",
                         version);
    }
    if (!*version && label_of(c, name, CATALOGUE_DEFAULT))
        return catalogue_find_label(c, name, CATALOGUE_DEFAULT, ret, err);
    return find(c, name, wanted, ret, err);
}

int catalogue_find_label(const struct catalogue *c, const char *name, const char *label,
                         const struct served **ret, struct error *err)
{
    const struct catalogue_label *found = label_of(c, name, label);

    if (found)
        return find(c, name, found->version, ret, err);
    if (!known_of(c, name, 0))
        return refuse(c, name, 0, err);
    return error_set(err, -EINVAL, "model %.60s has no label '%.40s'", name, label);
}
