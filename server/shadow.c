#include "server/shadow.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/error.h"
#include "model/model.h"
#include "server/batch.h"
#include "server/metrics.h"
#include "server/registry.h"
#include "server/settings.h"
#include "server/shadow_inside.h"

/* A burst of work leaves the caches cold for the request after it. So there is one for so many
 * turns of the event loops, or where they turn slowly, for so long a time: the requests that
 * meet one are too few to be seen at the 99th percentile. */
enum { BURST_TURNS = 1000, BURST_MS = 1000, LOOK_MS = 20, MS = 1000000, CACHE_LINE = 64 };

/* The most probable class. */
static size_t best(const float *probabilities)
{
    size_t found = 0;

    for (size_t i = 1; i < MODEL_CLASSES; i++)
        if (probabilities[i] > probabilities[found])
            found = i;
    return found;
}

static void add(_Atomic double *to, double value)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + value,
                          memory_order_relaxed);
}

static void count(_Atomic uint64_t *to)
{
    (void)atomic_fetch_add_explicit(to, 1, memory_order_relaxed);
}

static void compare(struct shadow_rule *rule, const float *answered, const float *shadow)
{
    float most = 0;

    for (size_t i = 0; i < MODEL_CLASSES; i++)
        most = fmaxf(most, fabsf(answered[i] - shadow[i]));
    count(best(answered) == best(shadow) ? &rule->agree : &rule->disagree);
    add(&rule->difference, (double)most);
    if ((double)most > atomic_load_explicit(&rule->difference_max, memory_order_relaxed))
        atomic_store_explicit(&rule->difference_max, (double)most, memory_order_relaxed);
}

static bool need_scratch(struct shadow *s, size_t len)
{
    len = (len + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    if (len > s->scratch_len) {
        free(s->scratch);
        s->scratch = aligned_alloc(CACHE_LINE, len);
        s->scratch_len = s->scratch ? len : 0;
    }
    return len <= s->scratch_len;
}

/* The candidate may have been trained on greys of another scale. */
static const float *image_for(struct shadow *s, const struct shadow_sample *sample,
                              const struct model *m)
{
    float factor = sample->scale > 0 ? model_info(m)->input_scale / sample->scale : 1;

    if (fabsf(factor - 1) < 1e-6F)
        return sample->image;
    for (size_t i = 0; i < MODEL_INPUT; i++)
        s->image[i] = sample->image[i] * factor;
    return s->image;
}

static void answer(struct shadow *s, struct shadow_rule *rule,
                   const struct shadow_sample *sample)
{
    const struct served *candidate = NULL;
    float logits[MODEL_CLASSES];
    float probabilities[MODEL_CLASSES];

    if (registry_acquire(s->registry, rule->name, rule->version, &candidate, NULL) < 0) {
        count(&rule->unavailable);
        return;
    }
    if (candidate->id == sample->id) {
        count(&rule->same);
    } else if (need_scratch(s, model_scratch(candidate->model))) {
        uint64_t begin = metrics_now();

        model_predict(candidate->model, image_for(s, sample, candidate->model), 1, s->scratch,
                      logits, probabilities);
        histogram_add(&rule->durations, metrics_now() - begin);
        compare(rule, sample->probabilities, probabilities);
    }
    registry_release(candidate);
}

/* The ring to take from next: they take turns. NULL if all are empty. */
static struct shadow_ring *waiting(struct shadow *s)
{
    for (size_t i = 0; i < s->n_taps; i++) {
        struct shadow_ring *ring = &s->taps[s->next++ % s->n_taps].ring;

        if (shadow_ring_peek(ring))
            return ring;
    }
    return NULL;
}

static void answer_one(struct shadow *s, struct shadow_ring *ring)
{
    const struct shadow_sample *sample = shadow_ring_peek(ring);

    for (size_t i = 0; i < s->n_rules; i++)
        if (sample->rules >> i & 1)
            answer(s, &s->rules[i], sample);
    shadow_ring_pop(ring);
}

/* How often all loops together have woken up or gone to sleep, and whether all are asleep. */
static uint64_t turns(const struct shadow *s, bool *ret_rest)
{
    uint64_t all = 0;

    *ret_rest = true;
    for (size_t i = 0; i < s->n_taps; i++) {
        uint64_t n = atomic_load_explicit(&s->taps[i].turns, memory_order_relaxed);

        all += n;
        *ret_rest = *ret_rest && n % 2 == 0;
    }
    return all;
}

/* Answers what waits, for as long as nobody asks for anything; but one at least. */
static void burst(struct shadow *s, struct shadow_ring *ring, uint64_t began)
{
    bool rest;

    do {
        answer_one(s, ring);
        ring = waiting(s);
    } while (ring && turns(s, &rest) == began && rest && !atomic_load(&s->stop));
}

/* Looks now and then instead of being woken: a wake-up would cost the event loop a system call.
 */
static void *run(void *shadow)
{
    const struct timespec moment = {.tv_nsec = LOOK_MS * MS};
    const struct sched_param none = {0};
    struct shadow *s = shadow;
    uint64_t last_ns = 0;
    uint64_t last_turns = 0;

    (void)pthread_setname_np(pthread_self(), "shadow");
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
    while (!atomic_load(&s->stop)) {
        struct shadow_ring *ring = waiting(s);
        uint64_t now_ns = metrics_now();
        bool rest;
        uint64_t now_turns = turns(s, &rest);

        if (ring && ((rest && now_turns - last_turns >= 2 * BURST_TURNS) ||
                     now_ns - last_ns >= (uint64_t)BURST_MS * MS)) {
            burst(s, ring, now_turns);
            last_ns = now_ns;
            last_turns = now_turns;
        }
        (void)nanosleep(&moment, NULL);
    }
    return NULL;
}

static int start(struct shadow *s, size_t taps, struct error *err)
{
    s->taps = aligned_alloc(CACHE_LINE, taps * sizeof(*s->taps));
    if (!s->taps)
        return error_set(err, -ENOMEM, "out of memory");
    memset(s->taps, 0, taps * sizeof(*s->taps));
    for (size_t i = 0; i < taps; i++) {
        s->taps[i].shadow = s;
        s->taps[i].random = 0x9E3779B97F4A7C15U * (i + 1);
    }
    s->n_taps = taps;
    int r = -pthread_create(&s->thread, NULL, run, s);

    s->running = r == 0;
    return r ? error_set(err, r, "cannot start the shadow's thread: %s", strerror(-r)) : 0;
}

int shadow_create(const struct settings *settings, struct registry *registry, size_t taps,
                  struct shadow **ret, struct error *err)
{
    struct shadow *s = calloc(1, sizeof(*s));
    int r = s ? shadow_read(settings->shadow, settings->model_name, s, err)
              : error_set(err, -ENOMEM, "out of memory");

    if (r == 0 && s && s->n_rules) {
        s->registry = registry;
        r = start(s, taps, err);
        if (r == 0) {
            *ret = s;
            s = NULL;
        }
    }
    shadow_destroy(s);
    return r;
}

void shadow_destroy(struct shadow *s)
{
    if (!s)
        return;
    atomic_store(&s->stop, true);
    if (s->running)
        (void)pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->n_taps; i++)
        shadow_ring_finish(&s->taps[i].ring);
    free(s->taps);
    free(s->scratch);
    free(s);
}

struct shadow_tap *shadow_tap(struct shadow *s, size_t i)
{
    return s ? &s->taps[i] : NULL;
}

/* Marsaglia's xorshift64*. */
static uint32_t draw(struct shadow_tap *t)
{
    t->random ^= t->random >> 12;
    t->random ^= t->random << 25;
    t->random ^= t->random >> 27;
    return (uint32_t)((t->random * 0x2545F4914F6CDD1DU) >> 32);
}

void shadow_choose(struct shadow_tap *t, const struct served *served, const struct batch *b)
{
    if (!t)
        return;
    t->chosen = 0;
    for (size_t i = 0; i < t->shadow->n_rules; i++) {
        const struct shadow_rule *rule = &t->shadow->rules[i];

        if (strcmp(rule->name, served->name) == 0 && draw(t) < rule->share)
            t->chosen |= 1U << i;
    }
    t->id = served->id;
    t->scale = b->seen || (b->pixels != PIXELS_MODEL && !b->wish.scaled)
                   ? model_info(served->model)->input_scale
                   : 0;
}

static void take(struct shadow_tap *t, const struct batch *b, size_t image)
{
    struct shadow_sample *sample = shadow_ring_reserve(&t->ring);

    if (!sample)
        return;
    sample->rules = t->chosen;
    sample->id = t->id;
    sample->scale = t->scale;
    memcpy(sample->image, b->images + image * MODEL_INPUT, sizeof(sample->image));
    memcpy(sample->probabilities, b->probabilities + image * MODEL_CLASSES,
           sizeof(sample->probabilities));
    shadow_ring_push(&t->ring);
}

void shadow_take(struct shadow_tap *t, const struct batch *b)
{
    if (!t || !t->chosen)
        return;
    for (size_t i = 0, taken = 0; i < b->n && taken < SHADOW_IMAGES_MAX; i++)
        if (!b->seen ||
            b->seen[i].verdict == PREPROCESS_DIGIT) { /* else no network was asked */
            take(t, b, i);
            taken++;
        }
    t->chosen = 0;
}

void shadow_turn(struct shadow_tap *t)
{
    if (t)
        atomic_store_explicit(&t->turns,
                              atomic_load_explicit(&t->turns, memory_order_relaxed) + 1,
                              memory_order_relaxed);
}
