#ifndef SERVER_SHADOW_H
#define SERVER_SHADOW_H

#include <stddef.h>

#include "server/buf.h"

struct batch;
struct error;
struct registry;
struct served;
struct settings;

/* A candidate answers a sample of the requests that another version has answered, and its
 * answers go nowhere but into metrics. It runs after the answer is sent, on a thread that only
 * gets time which nobody else wants, in short bursts while all event loops sleep: of a sample
 * that is larger than these can answer, the rest is dropped and counted. */
struct shadow;

/* What one event loop has of it. */
struct shadow_tap;

/* As --shadow says: mnist@2=10%, or several with commas. *ret is NULL if that is empty. Returns
 * 0; -EINVAL with `err` naming what was said and what it should have been; or what kept the
 * thread from starting. */
int shadow_create(const struct settings *s, struct registry *registry, size_t taps,
                  struct shadow **ret, struct error *err);
void shadow_destroy(struct shadow *s); /* accepts NULL */

/* The i-th tap; NULL if there is no shadow. */
struct shadow_tap *shadow_tap(struct shadow *s, size_t i);

/* Decides whether the request that `served` answers is one of the sample. Accepts NULL. */
void shadow_choose(struct shadow_tap *t, const struct served *served, const struct batch *b);

/* Takes what was chosen, the batch being as it was then. Accepts NULL. */
void shadow_take(struct shadow_tap *t, const struct batch *b);

/* The event loop has woken up, or is about to sleep; it sleeps at first. Accepts NULL. */
void shadow_turn(struct shadow_tap *t);

/* Appends the metrics in Prometheus text. Accepts NULL. */
int shadow_write(struct shadow *s, struct buf *out);

#endif
