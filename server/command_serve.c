#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "model/cpu.h"
#include "model/error.h"
#include "server/app.h"
#include "server/command.h"
#include "server/feedback.h"
#include "server/granted.h"
#include "server/http.h"
#include "server/later.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/registry.h"
#include "server/repository.h"
#include "server/settings.h"
#include "server/shadow.h"

enum {
    TEXT_MAX = 32,
    BODIES_SHARE = 8, /* one part in this many of the memory granted */
    PICTURES_SHARE = 4,
    CONNECTIONS_SHARE = 4, /* for what libmicrohttpd and we keep of each connection: */
    CONNECTION_BYTES = 40 * 1024,
};

static void text(char out[TEXT_MAX], long value)
{
    (void)snprintf(out, TEXT_MAX, "%ld", value);
}

/* Threads inherit the mask, so that only this one, the first, gets to know of signals. */
static void block_signals(sigset_t *ret)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)sigemptyset(ret);
    (void)sigaddset(ret, SIGTERM);
    (void)sigaddset(ret, SIGINT);
    (void)sigaddset(ret, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, ret, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

static void exit_at_once(int number)
{
    _exit(128 + number);
}

/* As process 1 of a container we would not even be killed by a signal's default action. */
static void let_signals_kill(const sigset_t *signals)
{
    const struct sigaction now = {.sa_handler = exit_at_once};

    (void)sigaction(SIGTERM, &now, NULL);
    (void)sigaction(SIGINT, &now, NULL);
    (void)sigaction(SIGHUP, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

/* The one line on stdout: whoever started us waits for it. */
static int announce(const struct settings *s, const struct http *http, struct error *err)
{
    const char *v6 = strchr(s->host, ':');
    char pid[TEXT_MAX];
    char threads[TEXT_MAX];
    char port[TEXT_MAX];
    char admin[TEXT_MAX];

    text(pid, getpid());
    text(threads, s->threads);
    text(port, http_port(http));
    text(admin, http_admin_port(http));
    log_event(LOG_INFO, "ready", "version", DIGITD_VERSION, "host", s->host, "port", port,
              "admin_port", http_admin_port(http) ? admin : "off", "threads", threads, "cpu",
              cpu_name(s->cpu), "pid", pid, NULL);
    printf("listening on http://%s%s%s:%s\n", v6 ? "[" : "", s->host, v6 ? "]" : "", port);
    return fflush(stdout)
               ? error_set(err, -errno, "cannot write to stdout: %s", strerror(errno))
               : 0;
}

static void sleep_ms(long ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

/* SIGTERM comes while load balancers still send us requests: they learn from the readiness
 * that they should stop, which takes them a while. SIGINT comes from a person who waits. */
static void serve_until_told(const struct settings *s, const sigset_t *signals,
                             struct repository *repository, struct app *app)
{
    int number = 0;

    while (sigwait(signals, &number) == 0 && number == SIGHUP)
        repository_refresh(repository);
    let_signals_kill(signals);
    atomic_store(&app->draining, true);
    log_event(LOG_INFO, "draining", "signal", number == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
    if (number == SIGTERM)
        sleep_ms(s->drain_delay_ms);
}

/* A store that cannot be opened now is no reason not to answer: each row tries again. */
static int open_feedback(const struct settings *s, struct feedback **ret, struct error *err)
{
    struct error why = {0};
    int r = feedback_create(s->feedback_db, s->feedback_max, ret, err);

    if (r == 0 && feedback_open(*ret, &why) < 0)
        log_event(LOG_ERROR, "feedback", "error", why.text, NULL);
    return r;
}

static int serve(const struct settings *s, const sigset_t *signals, struct error *err)
{
    struct registry *registry = NULL;
    struct repository *repository = NULL;
    struct metrics *metrics = NULL;
    struct http *http = NULL;
    struct app app = {.settings = s, .trace_every = s->access_log ? 1 : -1};

    int r = registry_create(&registry, err);
    if (r == 0)
        r = repository_open(s, registry, &repository, err);
    if (r == 0)
        r = metrics_create((size_t)s->threads + 1, s->metrics_aliases, &metrics, err);
    if (r == 0)
        r = shadow_create(s, registry, (size_t)s->threads + 1, &app.shadow, err);
    if (r == 0)
        r = later_create(&app.disk, err);
    if (r == 0)
        r = later_create(&app.loader, err);
    if (r == 0 && *s->feedback_db)
        r = open_feedback(s, &app.feedback, err);
    if (r == 0) {
        app.registry = registry;
        app.repository = repository;
        app.metrics = metrics;
        r = http_start(&app, &http, err);
    }
    if (r == 0) {
        atomic_store(&app.ready, true);
        r = announce(s, http, err);
    }
    if (r == 0)
        serve_until_told(s, signals, repository, &app);
    http_stop(http);
    shadow_destroy(app.shadow);
    later_destroy(app.loader);
    later_destroy(app.disk);
    feedback_destroy(app.feedback);
    repository_close(repository);
    metrics_destroy(metrics);
    registry_destroy(registry);
    return r;
}

static void lower(long *at, long most)
{
    if (*at > most)
        *at = most;
}

/* Leaves the memory that the container has to models and answers: a server that is killed for
 * want of it has refused more clients than one that says 503. */
static void fit_memory(struct settings *s)
{
    uint64_t memory = granted_memory();
    char connections[TEXT_MAX];
    char bodies[TEXT_MAX];
    char granted[TEXT_MAX];

    if (s->bodies_max == 0)
        s->bodies_max = memory ? (long)(memory / BODIES_SHARE) : LONG_MAX;
    lower(&s->body_max, s->bodies_max);
    if (!memory)
        return;
    lower(&s->connections_max, (long)(memory / CONNECTIONS_SHARE / CONNECTION_BYTES) + 1);
    lower(&s->pictures_max, (long)(memory / PICTURES_SHARE));
    text(granted, (long)memory);
    text(connections, s->connections_max);
    text(bodies, s->bodies_max);
    log_event(LOG_INFO, "memory", "granted", granted, "max_connections", connections,
              "max_bodies", bodies, NULL);
}

static void tell_misspelt(const char *variable, const char *meant)
{
    log_event(LOG_WARN, "unknown-variable", "name", variable, "meant", meant, NULL);
}

int command_serve(const struct settings *s)
{
    struct settings own = *s;
    struct error err = {0};
    sigset_t signals;

    log_configure(s->log_level, s->log_format);
    settings_misspelt(s->command, tell_misspelt);
    block_signals(&signals);
    if (own.threads == 0)
        own.threads = granted_processors();
    fit_memory(&own);
    if (serve(&own, &signals, &err) < 0)
        return command_fail("serve", &err);
    log_event(LOG_INFO, "stopped", NULL);
    return COMMAND_FINE;
}
