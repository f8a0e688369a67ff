#ifndef SERVER_REGISTRY_H
#define SERVER_REGISTRY_H

#include <stddef.h>

struct error;
struct model;
struct settings;

/* One version of one model, ready to answer. */
struct served {
    const char *name;
    unsigned version;
    char version_text[16]; /* the same, as the protocols print it */
    const struct model *model;
};

/* The models this process serves: immutable once loaded, shared by all threads. */
struct registry;

/* Loads what the settings name: the built-in model, one file, or a repository. Returns 0, or
 * the negative errno of what could not be loaded with `err` naming file and reason. */
int registry_load(const struct settings *settings, struct registry **ret, struct error *err);
void registry_destroy(struct registry *r); /* accepts NULL */

/* The model by name and version; version "" is the newest. Returns 0; -ENOENT with `err` naming
 * what was asked for and what there is; -EINVAL if the version is no positive integer. */
int registry_find(const struct registry *r, const char *name, const char *version,
                  const struct served **ret, struct error *err);

/* The rows 0..registry_count()-1: sorted by name, then version. */
size_t registry_count(const struct registry *r);
const struct served *registry_at(const struct registry *r, size_t i);

#endif
