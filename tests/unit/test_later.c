#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/later.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint ran, done;

struct job {
    struct later_job job; /* first */
    unsigned order;
};

static void run(struct later_job *job)
{
    (void)pthread_mutex_lock(&gate);
    (void)pthread_mutex_unlock(&gate);
    ((struct job *)job)->order = atomic_fetch_add(&ran, 1);
}

static void say_done(void *owner)
{
    atomic_fetch_add((atomic_uint *)owner, 1);
}

static struct later *prepare(struct job *jobs, size_t n)
{
    struct later *l;

    atomic_store(&ran, 0);
    atomic_store(&done, 0);
    assert_int_equal(later_create(&l, NULL), 0);
    for (size_t i = 0; i < n; i++)
        jobs[i] = (struct job){
            .job = {.on = l, .run = run, .done = say_done, .owner = &done}
        };
    return l;
}

static void test_in_order_and_no_more_than_fit(void **state)
{
    static struct job jobs[LATER_MAX + 2];
    const size_t n = sizeof(jobs) / sizeof(jobs[0]);
    struct later *l = prepare(jobs, n);
    size_t taken = 0;
    (void)state;

    (void)pthread_mutex_lock(&gate);
    while (taken < n && later_submit(&jobs[taken].job) == 0)
        taken++;
    /* One may have been taken out of the queue already. */
    assert_true(taken == LATER_MAX || taken == LATER_MAX + 1);
    assert_int_equal(later_submit(&jobs[n - 1].job), -EBUSY);
    (void)pthread_mutex_unlock(&gate);
    later_drain(l);
    assert_int_equal(atomic_load(&done), taken);
    for (size_t i = 0; i < taken; i++)
        assert_int_equal(jobs[i].order, i);
    later_drain(l);
    later_destroy(l);
}

static void test_the_end_leaves_nothing_undone(void **state)
{
    static struct job jobs[9];
    struct later *l = prepare(jobs, 9);
    (void)state;

    for (size_t i = 0; i < 9; i++)
        assert_int_equal(later_submit(&jobs[i].job), 0);
    later_destroy(l);
    assert_int_equal(atomic_load(&done), 9);
    later_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_and_no_more_than_fit),
        cmocka_unit_test(test_the_end_leaves_nothing_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
