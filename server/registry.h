#ifndef SERVER_REGISTRY_H
#define SERVER_REGISTRY_H

#include "server/catalogue.h"

struct error;

/* The catalogue of the moment, which one thread replaces while all others use it. Whoever looks
 * holds it meanwhile: what is held stays as it is, however many have come since. Holding and
 * letting go take no lock, never wait, and are one atomic instruction each. */
struct registry;

/* Starts with an empty catalogue. Returns 0 or -ENOMEM. */
int registry_create(struct registry **ret, struct error *err);
void registry_destroy(struct registry *r); /* accepts NULL; nobody may hold anything any more */

/* catalogue_find() in the catalogue of the moment, which is held for the caller: on success
 * registry_release() is due, once nothing of *ret is needed any more. */
int registry_acquire(struct registry *r, const char *name, const char *version,
                     const struct served **ret, struct error *err);
/* The same by label. */
int registry_acquire_label(struct registry *r, const char *name, const char *label,
                           const struct served **ret, struct error *err);
void registry_release(const struct served *served); /* accepts NULL */

/* Holds the catalogue as a whole, to list it; registry_drop() is due. */
const struct catalogue *registry_hold(struct registry *r);
void registry_drop(const struct catalogue *c);

/* Whether there is a model to answer, or all that was to be loaded has been and `empty` is no
 * reason to say no. */
bool registry_ready(struct registry *r, bool empty);

/* For the one thread that loads: */

/* Takes `next` over and makes it the catalogue of the moment; waits only if REGISTRY_AGES_MAX
 * older ones are still held. */
enum { REGISTRY_AGES_MAX = 256 };
void registry_publish(struct registry *r, struct catalogue *next);

/* Frees the older catalogues that nobody holds any more, and with them the models that only
 * they had. Returns how many are still held. */
size_t registry_reap(struct registry *r);

#endif
