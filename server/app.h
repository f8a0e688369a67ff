#ifndef SERVER_APP_H
#define SERVER_APP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/batch.h"
#include "server/buf.h"
#include "server/metrics.h"

struct feedback;
struct later;
struct registry;
struct repository;
struct settings;
struct shadow;
struct shadow_tap;

/* All that handlers share. Read-only while serving, but for the flags and the registry. */
struct app {
    const struct settings *settings;
    struct registry *registry;
    struct repository *repository;
    struct metrics *metrics;
    struct feedback *feedback; /* NULL: none is collected */
    struct shadow *shadow;     /* NULL: no candidate is tried */
    struct later *disk;        /* for what may block for a moment */
    struct later *loader;      /* for what may block for as long as a model takes to load */
    atomic_long trace_every;   /* one of so many requests is logged; none if it is negative */
    atomic_bool ready;         /* every model is loaded and proven, and the listeners are up */
    atomic_bool draining; /* SIGTERM has come: readiness says no, requests are still answered */
};

/* What one event-loop thread owns: handlers use it without locks. */
struct worker {
    struct app *app;
    struct metrics_shard *metrics;
    struct shadow_tap *shadow; /* NULL: see struct app */
    struct batch batch;
    struct buf body;                   /* of the answer being written */
    uint64_t stage_ns[METRICS_STAGES]; /* of the request being answered; 0: not come to */
    long traced;                       /* requests since the last one that was logged */
};

#endif
