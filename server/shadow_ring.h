#ifndef SERVER_SHADOW_RING_H
#define SERVER_SHADOW_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

enum {
    SHADOW_IMAGES_MAX = 16,  /* of one request; of a larger one the first */
    SHADOW_SAMPLES_MAX = 64, /* images that wait in one ring */
};

/* One image that another version is to answer too. */
struct shadow_sample {
    unsigned rules; /* for which of them: bit i is rule i */
    uint64_t id;    /* struct served's, of the version that answered */
    float scale;    /* the input scale that `image` was made for; 0: as the client sent it */
    float image[MODEL_INPUT];
    float probabilities[MODEL_CLASSES]; /* as they were answered */
};

/* Samples on their way from one event loop to the shadow's thread: neither ever waits, and the
 * loop makes no system call. Starts zeroed. */
struct shadow_ring {
    _Alignas(64) _Atomic size_t begin; /* samples taken out so far */
    _Alignas(64) _Atomic size_t end;   /* samples put in so far */
    _Atomic uint64_t dropped;          /* for want of room */
    struct shadow_sample *samples;     /* [SHADOW_SAMPLES_MAX], from the first reservation on */
};

/* For the event loop: a sample to fill, and then to be pushed. NULL if there is no room, which
 * is counted. */
struct shadow_sample *shadow_ring_reserve(struct shadow_ring *r);
void shadow_ring_push(struct shadow_ring *r);

/* For the shadow's thread: the oldest sample, until it is popped. NULL if there is none. */
const struct shadow_sample *shadow_ring_peek(struct shadow_ring *r);
void shadow_ring_pop(struct shadow_ring *r);

void shadow_ring_finish(struct shadow_ring *r);

#endif
