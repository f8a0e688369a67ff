#ifndef SERVER_CATALOGUE_H
#define SERVER_CATALOGUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/error.h"

struct catalogue;
struct model;

enum {
    CATALOGUE_NAME_MAX = 128,  /* of a model, with its NUL */
    CATALOGUE_LABEL_MAX = 64,  /* of a label, with its NUL */
    CATALOGUE_SLOTS_MAX = 256, /* versions known at a time, over all models */
};

/* One version of one model, ready to answer. Lives as long as its catalogue is held. */
struct served {
    const char *name;
    unsigned version;
    char version_text[16]; /* the same, as the protocols print it */
    const struct model *model;
    size_t slot; /* below CATALOGUE_SLOTS_MAX, no other's while this version is known: an index
                    for counters */
    uint64_t id; /* of this version since it became known; never another's, unlike the slot */
    const struct catalogue *catalogue; /* which it is a row of */
};

enum catalogue_state {
    CATALOGUE_UNAVAILABLE,
    CATALOGUE_LOADING,
    CATALOGUE_READY,
    CATALOGUE_UNLOADING, /* answers those who have it, and nobody else */
};

/* "READY": the name in the repository index. */
const char *catalogue_state_name(enum catalogue_state state);

/* A version that is known, ready or not. */
struct known {
    char name[CATALOGUE_NAME_MAX];
    unsigned version;
    char version_text[16];
    enum catalogue_state state;
    char reason[sizeof(((struct error *)0)->text)]; /* why it is not ready, or why what has come
                                                       in its place was not taken; else "" */
    size_t slot;
    uint64_t id;
    bool failed; /* the last attempt to load it did */
    uint64_t loads, failures;
    double load_s;    /* how long the last load that succeeded took */
    double loaded_at; /* when that was, since the epoch; 0: never */
};

/* A name for a version. */
struct catalogue_label {
    char name[CATALOGUE_NAME_MAX]; /* of the model */
    char text[CATALOGUE_LABEL_MAX];
    unsigned version;
};

#define CATALOGUE_DEFAULT \
    "default" /* the label of the version that is served unless one is named */

/* Returns 0; -EINVAL if `text` can be no label: 1 to 63 letters, digits and - _ . that do not
 * begin with a digit. */
int catalogue_label_set(struct catalogue_label *label, const char *name, const char *text,
                        unsigned version, struct error *err);
void catalogue_labels_sort(struct catalogue_label *labels, size_t n);

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

/* How often it has been taken and given back: see registry.c. On a cache line of its own, for
 * it is all of a published catalogue that changes. */
struct catalogue_balance {
    _Atomic int64_t n;
};

/* What is served at one moment. Immutable once published. */
struct catalogue {
    struct served *served; /* sorted by name, then version */
    size_t n;
    struct known *known; /* the same and those that are not ready */
    size_t n_known;
    struct catalogue_label *labels; /* sorted by name, then label */
    size_t n_labels;
    bool complete; /* all that was there at the start has been tried */

    /* for catalogue.c and registry.c */
    struct holder **holders; /* of served */
    struct catalogue_balance *balance;
};

/* Room for that many; NULL without memory. */
struct catalogue *catalogue_create(size_t known, size_t labels);
void catalogue_destroy(struct catalogue *c); /* accepts NULL; gives up its references */

/* Adds a version behind the others, served if there is a model for it, which gets a reference
 * more. */
void catalogue_add(struct catalogue *c, const struct known *known, struct holder *holder);

/* The row by name and version, which may also be a label; version "" is the one labelled
 * "default", or else the newest. Returns 0; -ENOENT with `err` naming what was asked for and
 * what there is; -EAGAIN if it is known but not ready; -EINVAL if the version is neither a
 * positive integer nor a label. */
int catalogue_find(const struct catalogue *c, const char *name, const char *version,
                   const struct served **ret, struct error *err);

/* The row by label. Returns as catalogue_find() does; -EINVAL if there is no such label. */
int catalogue_find_label(const struct catalogue *c, const char *name, const char *label,
                         const struct served **ret, struct error *err);

#endif
