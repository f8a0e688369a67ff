#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "server/shadow_ring.h"

enum { SAMPLES = 20000 };

static void test_full(void **state)
{
    struct shadow_ring *r = aligned_alloc(_Alignof(struct shadow_ring), sizeof(*r));

    (void)state;
    assert_non_null(r);
    *r = (struct shadow_ring){0};
    assert_null(shadow_ring_peek(r));
    for (uint64_t i = 0; i < SHADOW_SAMPLES_MAX; i++) {
        struct shadow_sample *s = shadow_ring_reserve(r);

        assert_non_null(s);
        s->id = i;
        shadow_ring_push(r);
    }
    assert_null(shadow_ring_reserve(r));
    assert_int_equal(r->dropped, 1);
    for (uint64_t i = 0; i < SHADOW_SAMPLES_MAX; i++) {
        assert_int_equal(shadow_ring_peek(r)->id, i);
        shadow_ring_pop(r);
        assert_non_null(shadow_ring_reserve(r));
    }
    assert_null(shadow_ring_peek(r));
    shadow_ring_finish(r);
    free(r);
}

/* Takes out what comes, in its order and whole. */
static void *take(void *ring)
{
    uint64_t taken = 0;

    while (taken < SAMPLES) {
        const struct shadow_sample *s = shadow_ring_peek(ring);

        if (!s)
            continue;
        if (s->id != taken || s->image[0] != (float)taken ||
            s->probabilities[3] != (float)taken)
            return ring;
        shadow_ring_pop(ring);
        taken++;
    }
    return NULL;
}

static void test_two_threads(void **state)
{
    struct shadow_ring *r = aligned_alloc(_Alignof(struct shadow_ring), sizeof(*r));
    pthread_t taker;
    void *wrong = NULL;

    (void)state;
    assert_non_null(r);
    *r = (struct shadow_ring){0};
    assert_int_equal(pthread_create(&taker, NULL, take, r), 0);
    for (uint64_t i = 0; i < SAMPLES;) {
        struct shadow_sample *s = shadow_ring_reserve(r);

        if (!s)
            continue;
        s->id = i;
        s->image[0] = (float)i;
        s->probabilities[3] = (float)i;
        shadow_ring_push(r);
        i++;
    }
    assert_int_equal(pthread_join(taker, &wrong), 0);
    assert_null(wrong);
    shadow_ring_finish(r);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_two_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
