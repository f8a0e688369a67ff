#include "server/repository.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "model/error.h"
#include "server/log.h"
#include "server/registry.h"
#include "server/repository_inside.h"
#include "server/settings.h"

enum {
    GATHER_MS = 20,   /* changes seldom come alone */
    MISSING_MS = 200, /* between looks for what is to come at the start */
    NICENESS = 5,     /* loading is to hold up no answer */
};

static void sleep_ms(long ms)
{
    const struct timespec time = {.tv_nsec = ms * 1000000};

    (void)nanosleep(&time, NULL);
}

/* How long to wait if nothing comes: -1 is for ever. */
static int timeout_ms(const struct repository *r, const struct round *round)
{
    int64_t ms = r->rules.watch == RULES_OFF ? -1 : r->settings->repository_poll_ms;

    if (round->again)
        return 0;
    if (!r->complete && (ms < 0 || ms > MISSING_MS))
        ms = MISSING_MS;
    if (round->next_ms >= 0 && (ms < 0 || ms > round->next_ms))
        ms = round->next_ms;
    return (int)ms;
}

static void wait_for_news(struct repository *r, int ms)
{
    struct pollfd fds[] = {
        {.fd = r->wake_fd,  .events = POLLIN},
        {.fd = r->watch.fd, .events = POLLIN}
    };
    uint64_t count;

    (void)poll(fds, r->watch.fd >= 0 ? 2 : 1, ms);
    (void)!read(r->wake_fd, &count, sizeof(count));
    if (watch_drain(&r->watch)) {
        sleep_ms(GATHER_MS);
        (void)watch_drain(&r->watch);
    }
}

static void *run(void *repository)
{
    struct repository *r = repository;
    struct round round = {.next_ms = -1};

    (void)pthread_setname_np(pthread_self(), "models");
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
    if (r->rules.watch == RULES_INOTIFY) {
        watch_open(&r->watch);
        round.again = true; /* for changes since the first round, of which nobody has told */
    }
    for (;;) {
        wait_for_news(r, timeout_ms(r, &round));
        if (atomic_load(&r->stop))
            break;
        orders_carry_out(r, false);
        round = (struct round){.forced = atomic_exchange(&r->forced, false)};
        (void)repository_round(r, &round, NULL); /* which logs */
    }
    orders_carry_out(r, true);
    watch_close(&r->watch);
    return NULL;
}

/* The first file that failed, if a model has been left without any version. */
static int check_first(const struct repository *r, const struct round *round, struct error *err)
{
    for (size_t first = 0, end; first < r->n; first = end) {
        bool served = false;

        for (end = first; end < r->n && strcmp(r->versions[end]->known.name,
                                               r->versions[first]->known.name) == 0;
             end++)
            served = served || r->versions[end]->holder;
        if (!served && round->error.code)
            return error_set(err, round->error.code, "%s", round->error.text);
        if (!served)
            return error_set(err, -ENOENT,
                             "model %.60s has no version that --version-policy would serve",
                             r->versions[first]->known.name);
    }
    return 0;
}

static int start(struct repository *r, struct error *err)
{
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int code = r->wake_fd < 0 ? -errno : -pthread_create(&r->thread, NULL, run, r);

    r->running = code == 0;
    return code ? error_set(err, code, "cannot start the thread of models: %s", strerror(-code))
                : 0;
}

int repository_open(const struct settings *s, struct registry *registry,
                    struct repository **ret, struct error *err)
{
    struct repository *r = calloc(1, sizeof(*r));
    struct round round = {.first = true};
    int code = 0;

    if (!r)
        return error_set(err, -ENOMEM, "out of memory");
    r->settings = s;
    r->registry = registry;
    r->wake_fd = -1;
    orders_init(&r->orders);
    r->watch.fd = -1;
    code = rules_read(s, &r->rules, err);
    if (code == 0 && !r->rules.async)
        code = repository_round(r, &round, err);
    if (code == 0)
        code = check_first(r, &round, err);
    if (code == 0)
        code = start(r, err);
    if (code == 0) {
        *ret = r;
        r = NULL;
    }
    repository_close(r);
    return code;
}

void repository_wake(struct repository *r)
{
    const uint64_t one = 1;

    (void)!write(r->wake_fd, &one, sizeof(one));
}

void repository_refresh(struct repository *r)
{
    atomic_store(&r->forced, true);
    repository_wake(r);
}

void repository_close(struct repository *r)
{
    if (!r)
        return;
    atomic_store(&r->stop, true);
    if (r->running) {
        repository_wake(r);
        (void)pthread_join(r->thread, NULL);
    }
    if (r->wake_fd >= 0)
        (void)close(r->wake_fd);
    for (size_t i = 0; i < r->n; i++) {
        holder_unref(r->versions[i]->holder);
        free(r->versions[i]->parts);
        free(r->versions[i]);
    }
    orders_finish(&r->orders);
    free(r->labels);
    free(r);
}
