#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "server/registry.h"
#include "tests/unit/unit.h"

enum { READERS = 3, PUBLICATIONS = 3000 };

static struct registry *registry;
static atomic_bool done;
static atomic_uint torn;

/* A catalogue of two models whose versions are `version`. */
static struct catalogue *generation(unsigned version)
{
    struct catalogue *c = catalogue_create(2, 0);
    struct holder *holder = holder_create(NULL);

    assert_non_null(c);
    assert_non_null(holder);
    catalogue_add(c, &(struct known){.name = "a", .version = version}, holder);
    catalogue_add(c, &(struct known){.name = "b", .version = version}, holder);
    holder_unref(holder);
    return c;
}

static int set_up(void **state)
{
    struct error err = {0};

    (void)state;
    return registry_create(&registry, &err);
}

static int tear_down(void **state)
{
    (void)state;
    registry_destroy(registry);
    return 0;
}

static void test_empty(void **state)
{
    const struct served *served = NULL;
    struct error err = {0};

    (void)state;
    assert_int_equal(registry_acquire(registry, "a", "", &served, &err), -ENOENT);
    assert_null(served);
    registry_release(NULL);
    assert_int_equal(registry_reap(registry), 0);
}

/* What is held outlives what replaces it. */
static void test_held(void **state)
{
    const struct served *first = NULL;
    const struct served *second = NULL;

    (void)state;
    registry_publish(registry, generation(1));
    assert_int_equal(registry_acquire(registry, "b", "", &first, NULL), 0);
    registry_publish(registry, generation(2));
    assert_int_equal(registry_reap(registry), 1);
    assert_int_equal(registry_acquire(registry, "b", "", &second, NULL), 0);
    assert_int_equal(first->version, 1);
    assert_string_equal(first->version_text, "1");
    assert_string_equal(first->name, "b");
    assert_int_equal(second->version, 2);
    registry_release(second);
    assert_int_equal(registry_reap(registry), 1);
    registry_release(first);
    assert_int_equal(registry_reap(registry), 0);
    assert_int_equal(registry_acquire(registry, "b", "1", &first, NULL), -ENOENT);
}

static void *read_often(void *arg)
{
    (void)arg;
    while (!atomic_load(&done)) {
        const struct served *served = NULL;
        const struct catalogue *c;

        if (registry_acquire(registry, "b", "", &served, NULL) < 0)
            continue;
        c = registry_hold(registry);
        if (served->catalogue->served[0].version != served->version ||
            c->served[1].version < served->version || strcmp(served->name, "b") != 0)
            atomic_fetch_add(&torn, 1);
        registry_release(served);
        registry_drop(c);
    }
    return NULL;
}

static void test_readers_while_published(void **state)
{
    pthread_t readers[READERS];

    (void)state;
    atomic_store(&done, false);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_often, NULL), 0);
    for (unsigned version = 1; version <= PUBLICATIONS; version++)
        registry_publish(registry, generation(version));
    atomic_store(&done, true);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_int_equal(atomic_load(&torn), 0);
    assert_int_equal(registry_reap(registry), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_readers_while_published, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
