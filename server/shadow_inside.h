#ifndef SERVER_SHADOW_INSIDE_H
#define SERVER_SHADOW_INSIDE_H

/* The inside of server/shadow.h, for shadow*.c only. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/catalogue.h"
#include "server/histogram.h"
#include "server/shadow_ring.h"

enum { SHADOW_RULES_MAX = 8 };

/* One candidate, and what has become of it. The thread counts. */
struct shadow_rule {
    char name[CATALOGUE_NAME_MAX];      /* of the model */
    char version[CATALOGUE_LABEL_MAX];  /* of the candidate: a number or a label */
    uint32_t share;                     /* of 2^32 */
    _Atomic uint64_t agree, disagree;   /* images */
    _Atomic uint64_t unavailable, same; /* images that were not compared, and why */
    _Atomic double difference; /* of each image the greatest of a probability, all added */
    _Atomic double difference_max;
    struct histogram durations;
};

/* One event loop's. */
struct shadow_tap {
    struct shadow_ring ring;
    _Atomic uint64_t turns; /* odd while the loop is awake */
    const struct shadow *shadow;
    uint64_t random;
    uint64_t id;     /* of the version that answers the request */
    unsigned chosen; /* rules, for the request that is being answered */
    float scale;
};

struct shadow {
    struct shadow_rule rules[SHADOW_RULES_MAX];
    size_t n_rules;
    struct registry *registry;
    struct shadow_tap *taps;
    size_t n_taps;
    pthread_t thread;
    bool running;
    atomic_bool stop;

    /* the thread's */
    size_t next; /* tap to look into */
    float image[MODEL_INPUT];
    void *scratch;
    size_t scratch_len;
};

/* shadow_text.c: understands --shadow. `flat_name` is the model that none is named for. */
int shadow_read(const char *text, const char *flat_name, struct shadow *s, struct error *err);

#endif
