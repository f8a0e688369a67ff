#include "server/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "model/error.h"
#include "server/http_loop.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/settings.h"
#include "server/shadow.h"

enum {
    ADMIN_CONNECTIONS_MAX = 256,
    FILES_RESERVED = 64, /* descriptors for what is no connection */
    ANSWER_MAX = 64 * 1024 * 1024,
};

struct http {
    struct http_gate gate;
    struct http_gate admin_gate;
    struct http_loop *loops; /* the admin one, if any, is the last */
    size_t n;                /* event loops that serve everything */
    size_t started;
    unsigned port;
    unsigned admin_port;
};

/* Each connection is a file descriptor, of which a shell grants 1024. */
static long connections_max(const struct settings *settings)
{
    struct rlimit limit;
    long max = settings->connections_max;
    char files[24];
    char fewer[24];

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return max;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
        limit.rlim_cur >= (rlim_t)max + ADMIN_CONNECTIONS_MAX + FILES_RESERVED)
        return max;
    max = (long)limit.rlim_cur - ADMIN_CONNECTIONS_MAX - FILES_RESERVED;
    max = max > 1 ? max : 1;
    (void)snprintf(files, sizeof(files), "%lu", (unsigned long)limit.rlim_cur);
    (void)snprintf(fewer, sizeof(fewer), "%ld", max);
    log_event(LOG_WARN, "fewer-connections", "reason",
              "the limit on open files is below --max-connections", "files", files,
              "max_connections", fewer, NULL);
    return max;
}

static size_t prefix_len(const char *prefix)
{
    size_t len = strlen(prefix);

    while (len > 0 && prefix[len - 1] == '/')
        len--;
    return len;
}

static int check_prefix(const char *prefix, struct error *err)
{
    if (!*prefix || (*prefix == '/' && !strpbrk(prefix, "?# %")))
        return 0;
    return error_set(err, -EINVAL,
                     "--path-prefix is '%.60s'; it should be a path such as /serving/digits",
                     prefix);
}

static void prepare(struct http *h, struct http_loop *l, size_t i, struct app *app, bool admin)
{
    l->settings = app->settings;
    l->prefix_len = prefix_len(app->settings->path_prefix);
    l->admin = admin;
    l->gate = admin ? &h->admin_gate : &h->gate;
    l->worker = (struct worker){.app = app,
                                .metrics = metrics_shard(app->metrics, i),
                                .shadow = shadow_tap(app->shadow, i),
                                .body = BUF(ANSWER_MAX)};
}

static int start_loops(struct http *h, struct app *app, const int *fds, size_t n,
                       struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        struct http_loop *l = &h->loops[i];

        prepare(h, l, i, app, i == h->n);
        r = http_loop_start(l, fds[i], err);
        h->started++;
        if (r < 0)
            while (++i < n)
                (void)close(fds[i]);
    }
    return r;
}

static int listen_all(struct http *h, const struct settings *settings, int *fds,
                      struct error *err)
{
    int r = http_socket_listen(settings->host, settings->port, h->n, fds, &h->port, err);

    if (r < 0 || settings->admin_port == SETTINGS_OFF)
        return r;
    r = http_socket_listen(settings->host, settings->admin_port, 1, &fds[h->n], &h->admin_port,
                           err);
    for (size_t i = 0; i < h->n && r < 0; i++)
        (void)close(fds[i]);
    return r;
}

int http_start(struct app *app, struct http **ret, struct error *err)
{
    const struct settings *settings = app->settings;
    size_t n = (size_t)settings->threads;
    size_t all = n + (settings->admin_port != SETTINGS_OFF);
    struct http *h = calloc(1, sizeof(*h));
    int *fds = calloc(all, sizeof(*fds));
    int r = 0;

    if (h)
        h->loops = calloc(all, sizeof(*h->loops));
    if (!h || !fds || !h->loops) {
        r = -ENOMEM;
        (void)error_set(err, r, "out of memory");
    } else {
        r = check_prefix(settings->path_prefix, err);
    }
    if (r == 0) {
        h->n = n;
        h->gate.max = connections_max(settings);
        h->gate.held_max = settings->bodies_max;
        h->admin_gate.max = ADMIN_CONNECTIONS_MAX;
        h->admin_gate.held_max = settings->bodies_max;
        r = listen_all(h, settings, fds, err);
    }
    if (r == 0)
        r = start_loops(h, app, fds, all, err);
    free(fds);
    if (r == 0) {
        *ret = h;
        h = NULL;
    }
    http_stop(h);
    return r;
}

unsigned http_port(const struct http *h)
{
    return h->port;
}

unsigned http_admin_port(const struct http *h)
{
    return h->admin_port;
}

void http_stop(struct http *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->started && i < h->n; i++)
        http_loop_stop(&h->loops[i]);
    for (size_t i = 0; i < h->started; i++) {
        if (i == h->n)
            http_loop_stop(&h->loops[i]); /* tells of the state of things to the end */
        http_loop_finish(&h->loops[i]);
    }
    free(h->loops);
    free(h);
}
