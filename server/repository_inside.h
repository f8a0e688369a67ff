#ifndef SERVER_REPOSITORY_INSIDE_H
#define SERVER_REPOSITORY_INSIDE_H

/* The inside of server/repository.h, for repository*.c only. After repository_open() everything
 * here belongs to the repository's thread, but for what is atomic. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/catalogue.h"
#include "server/registry_scan.h"
#include "server/rules.h"

struct registry;
struct settings;

/* What tells a model's files from what was there before them. */
struct stamp {
    uint64_t device, inode, size; /* of the model */
    uint64_t beside;              /* a digest of the same of what lies beside it */
    int64_t modified_ns;
    int64_t changed_ns; /* the latest of them all */
};

/* A version that is known. */
struct version {
    struct known known;
    char path[REGISTRY_PATH_MAX]; /* "": built in */
    char *parts; /* files with weights, as in struct model_parts; NULL: none are known of */
    struct holder *holder; /* while it is served */
    struct stamp loaded;   /* the file that is served */
    struct stamp failed;   /* the file that cannot be */
    struct stamp seen;     /* the file that is there */
    uint64_t seen_ns;      /* since when */
    uint64_t gone_ns;      /* since when there is none; 0: there is one */
    bool withheld;         /* a client has unloaded it */
};

struct watch {
    int fd;       /* inotify; -1: none */
    int newest;   /* watch descriptor: those that are new are greater */
    size_t added; /* since `fd` was opened */
};

/* What clients have asked for, in the order of their coming. */
struct orders {
    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t done;   /* one of them */
    struct order *first;
    bool closed;
};

#define REPOSITORY_WITHHELD "a client unloaded it"

struct repository {
    const struct settings *settings;
    struct rules rules;
    struct registry *registry;
    struct version *versions[CATALOGUE_SLOTS_MAX]; /* sorted by name, then version */
    size_t n;
    bool slots[CATALOGUE_SLOTS_MAX]; /* that are taken */
    uint64_t ids;                    /* handed out so far */
    struct catalogue_label *labels;
    size_t n_labels;
    bool complete;        /* struct catalogue's */
    bool dirty;           /* the registry is to be told */
    struct error problem; /* that has been logged last */

    struct orders orders;
    struct watch watch;
    pthread_t thread;
    bool running;
    int wake_fd; /* an eventfd */
    atomic_bool stop;
    atomic_bool forced; /* try again what has failed */
};

/* What a round is for. */
struct round {
    bool first;         /* of all: nothing is served yet, so nothing is waited for */
    bool forced;        /* try again what has failed */
    const char *name;   /* only of this model, whose files count as settled once they say so
                           themselves; NULL: of all */
    bool unsettled;     /* something is awaited of the models concerned */
    struct error error; /* the first file that was not taken */
    int64_t next_ms;    /* when something will have settled; -1: nothing is awaited */
    bool again;         /* folders came to be watched: there may have been changes before */
};

/* repository_round.c: looks at what there is, and loads and unloads accordingly. Returns 0, or
 * the negative errno of what cannot be listed. */
int repository_round(struct repository *r, struct round *round, struct error *err);

/* repository_version.c */

bool stamp_equal(const struct stamp *a, const struct stamp *b);
/* Of the version's files; all zeroes if there is no model. */
void stamp_read(const struct version *v, struct stamp *ret);

/* The version by name and number, which is added if it is not known. NULL without memory or
 * slot.
 */
struct version *version_know(struct repository *r, const char *name, unsigned version);
/* Drops a version that is not served. */
void version_forget(struct repository *r, size_t i);

/* Loads the file that is there and serves it. On failure what is served stays, and the reason
 * is noted and logged. Returns 0 or a negative errno; -EAGAIN if the file changed meanwhile. */
int version_load(struct repository *r, struct version *v, struct error *err);

/* Notes that the file is not taken yet. */
void version_wait(struct repository *r, struct version *v);

/* The file that is served is there again: whatever was wrong with another is so no more. */
void version_restore(struct repository *r, struct version *v);

/* Serves it no longer, and waits until the last user has done with it. */
void version_unload(struct repository *r, struct version *v, const char *reason);

/* Tells the registry how things are, if they have changed. */
void repository_publish(struct repository *r);

/* repository_order.c */

void orders_init(struct orders *o);
void orders_finish(struct orders *o);
/* On the repository's thread: does what has been asked for; or refuses it, from now on. */
void orders_carry_out(struct repository *r, bool closing);

/* repository.c: makes the thread look. */
void repository_wake(struct repository *r);

/* repository_watch.c */

void watch_open(struct watch *w);
void watch_close(struct watch *w);
/* Watches these folders too. Returns whether one of them was not watched before. */
bool watch_folders(struct watch *w, const struct registry_files *files);
/* Takes what has been told so far. Returns whether there was anything. */
bool watch_drain(const struct watch *w);

#endif
