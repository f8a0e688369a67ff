#ifndef SERVER_CATALOGUE_H
#define SERVER_CATALOGUE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct catalogue;
struct error;
struct model;

enum {
    CATALOGUE_NAME_MAX = 128,  /* of a model, with its NUL */
    CATALOGUE_SLOTS_MAX = 256, /* versions known at a time, over all models */
};

/* One version of one model, ready to answer. Lives as long as its catalogue is held. */
struct served {
    const char *name;
    unsigned version;
    char version_text[16]; /* the same, as the protocols print it */
    const struct model *model;
    size_t
        slot; /* of this name and version while the process knows them: an index for counters */
    const struct catalogue *catalogue; /* which it is a row of */
};

/* A loaded model, which several catalogues may share. */
struct holder {
    struct model *model;
    _Atomic unsigned refs;
};

/* Takes over the model, with one reference. Returns NULL, and leaves the model, without memory.
 */
struct holder *holder_create(struct model *m);
struct holder *holder_ref(struct holder *h);
void holder_unref(struct holder *h); /* accepts NULL; the last one destroys the model */

/* What is served at one moment. Immutable once published. */
struct catalogue {
    struct served *served; /* sorted by name, then version */
    size_t n;

    /* for catalogue.c and registry.c */
    char (*names)[CATALOGUE_NAME_MAX];
    struct holder **holders;
    size_t capacity;
    _Atomic int64_t balance;
};

/* Room for `capacity` rows; NULL without memory. */
struct catalogue *catalogue_create(size_t capacity);
void catalogue_destroy(struct catalogue *c); /* accepts NULL; gives up its references */

/* Adds a row behind the others, with a reference of its own to the model. */
void catalogue_add(struct catalogue *c, const char *name, unsigned version, size_t slot,
                   struct holder *holder);

/* The row by name and version; version "" is the newest. Returns 0; -ENOENT with `err` naming
 * what was asked for and what there is; -EINVAL if the version is no positive integer. */
int catalogue_find(const struct catalogue *c, const char *name, const char *version,
                   const struct served **ret, struct error *err);

#endif
