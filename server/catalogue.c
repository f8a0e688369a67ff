#include "server/catalogue.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/registry_scan.h"

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

struct catalogue *catalogue_create(size_t capacity)
{
    struct catalogue *c = calloc(1, sizeof(*c));
    size_t room = capacity ? capacity : 1;

    if (!c)
        return NULL;
    c->served = calloc(room, sizeof(*c->served));
    c->names = calloc(room, sizeof(*c->names));
    c->holders = calloc(room, sizeof(*c->holders));
    c->capacity = capacity;
    if (!c->served || !c->names || !c->holders) {
        catalogue_destroy(c);
        return NULL;
    }
    return c;
}

void catalogue_destroy(struct catalogue *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        holder_unref(c->holders[i]);
    free(c->served);
    free(c->names);
    free(c->holders);
    free(c);
}

void catalogue_add(struct catalogue *c, const char *name, unsigned version, size_t slot,
                   struct holder *holder)
{
    size_t i = c->n++;
    struct served *row = &c->served[i];

    assert(i < c->capacity);
    (void)snprintf(c->names[i], sizeof(c->names[i]), "%s", name);
    c->holders[i] = holder_ref(holder);
    *row = (struct served){.name = c->names[i],
                           .version = version,
                           .model = holder->model,
                           .slot = slot,
                           .catalogue = c};
    (void)snprintf(row->version_text, sizeof(row->version_text), "%u", version);
}

static int refuse_version(const struct catalogue *c, const char *name, const char *version,
                          const char *newest, struct error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += strcmp(c->served[i].name, name) == 0;
    if (n == 1)
        return error_set(err, -ENOENT, "model %.60s has no version %s; it has version %s", name,
                         version, newest);
    return error_set(err, -ENOENT,
                     "model %.60s has no version %s; it has %zu, the newest is %s", name,
                     version, n, newest);
}

int catalogue_find(const struct catalogue *c, const char *name, const char *version,
                   const struct served **ret, struct error *err)
{
    unsigned wanted = 0;
    const struct served *newest = NULL;

    if (*version && registry_parse_version(version, &wanted) < 0)
        return error_set(err, -EINVAL,
                         "the version is '%.40s'; it should be a positive integer", version);
    for (size_t i = 0; i < c->n; i++) {
        const struct served *row = &c->served[i];

        if (strcmp(row->name, name) != 0)
            continue;
        newest = row; /* the rows are sorted */
        if (row->version == wanted)
            break;
    }
    if (!newest)
        return error_set(err, -ENOENT, "there is no model '%.60s'; %s%.60s", name,
                         c->n == 1 ? "the only one is "
                                   : "GET /v1/models lists those there are",
                         c->n == 1 ? c->served[0].name : "");
    if (wanted && newest->version != wanted)
        return refuse_version(c, name, version, newest->version_text, err);
    *ret = newest;
    return 0;
}
