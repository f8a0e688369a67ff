#include "server/http_loop.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/error.h"
#include "server/later.h"
#include "server/metrics.h"
#include "server/settings.h"
#include "server/shadow.h"

/* What an event of our epoll set is about; below these, the slot of a lingering connection. */
enum { EVENT_LISTEN = HTTP_LINGER_MAX, EVENT_DAEMON, EVENT_WAKE, EVENTS = 32, ACCEPTS = 64 };

static int watch(const struct http_loop *l, int op, int fd, uint32_t events, uint64_t what)
{
    struct epoll_event event = {.events = events, .data = {.u64 = what}};

    return epoll_ctl(l->epoll_fd, op, fd, &event);
}

static void refuse(struct http_loop *l, int fd)
{
    http_say(fd, 503, "too many connections are open");
    metrics_request(l->worker.metrics, NULL, 503, 0);
    metrics_cut(l->worker.metrics, METRICS_CUT_LIMIT);
    complain(&l->gate->full, l->now_ns, "connections-refused",
             "as many are open as may be; see --max-connections");
    http_linger_add(l, fd);
}

/* Accepts one connection. Returns whether to go on. */
static bool accept_one(struct http_loop *l)
{
    const int on = 1;
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    int fd =
        accept4(l->listen_fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
        complain(&l->gate->unaccepted, l->now_ns, "connections-wait", strerror(errno));
        /* The listener would stay ready, and this loop spin. */
        l->accept_paused = true;
        (void)watch(l, EPOLL_CTL_MOD, l->listen_fd, 0, EVENT_LISTEN);
        return false;
    }
    if (fd < 0)
        return errno == ECONNABORTED || errno == EINTR;
    if (atomic_load_explicit(&l->gate->open, memory_order_relaxed) >= l->gate->max) {
        refuse(l, fd);
        return true;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    /* Closes the socket if it fails. */
    (void)MHD_add_connection(l->daemon, fd, (struct sockaddr *)&from, len);
    return true;
}

static void close_listener(struct http_loop *l)
{
    if (l->listen_fd >= 0)
        (void)close(l->listen_fd);
    l->listen_fd = -1;
}

/* Who has connected already has a right to an answer. */
static void begin_stop(struct http_loop *l)
{
    uint64_t count;

    (void)!read(l->wake_fd, &count, sizeof(count));
    if (l->stopping)
        return;
    while (accept_one(l))
        continue;
    close_listener(l);
    l->stopping = true;
    l->stop_deadline_ns =
        l->now_ns + (uint64_t)l->settings->drain_timeout_ms * UINT64_C(1000000);
    l->sweep_ns = 0;
}

static void dispatch(struct http_loop *l, uint64_t what)
{
    if (what == EVENT_LISTEN)
        for (int i = 0; i < ACCEPTS && accept_one(l); i++)
            continue;
    else if (what == EVENT_WAKE)
        begin_stop(l);
    else if (what < HTTP_LINGER_MAX)
        http_linger_read(l, what);
}

static void sweep(struct http_loop *l)
{
    if (l->now_ns < l->sweep_ns)
        return;
    l->sweep_ns = l->now_ns + HTTP_SWEEP_MS * UINT64_C(1000000);
    http_client_sweep(l);
    http_linger_sweep(l);
    if (l->accept_paused && l->listen_fd >= 0) {
        l->accept_paused = false;
        (void)watch(l, EPOLL_CTL_MOD, l->listen_fd, EPOLLIN, EVENT_LISTEN);
    }
}

static bool is_done(const struct http_loop *l)
{
    return l->stopping && ((!l->clients && !l->n_lingers) || l->now_ns >= l->stop_deadline_ns);
}

/* How long nothing may happen: for ever, if nobody is connected. */
static int timeout(const struct http_loop *l)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (MHD_get_timeout(l->daemon, &ms) == MHD_YES && ms == 0)
        return 0;
    return l->clients || l->n_lingers || l->accept_paused || l->stopping ? HTTP_SWEEP_MS : -1;
}

static void *run(void *loop)
{
    struct http_loop *l = loop;

    while (!is_done(l)) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(l->epoll_fd, events, EVENTS, timeout(l));

        shadow_turn(l->worker.shadow);
        l->now_ns = metrics_now();
        for (int i = 0; i < n; i++)
            dispatch(l, events[i].data.u64);
        /* Serves what is ready now and never waits: libmicrohttpd's own loop would, and stall
         * whenever a multiple of 128 connections is ready at once. */
        (void)MHD_run(l->daemon);
        sweep(l);
        shadow_turn(l->worker.shadow);
    }
    return NULL;
}

static int open_epoll(struct http_loop *l)
{
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll_fd < 0 || l->wake_fd < 0 ||
        watch(l, EPOLL_CTL_ADD, l->listen_fd, EPOLLIN, EVENT_LISTEN) < 0 ||
        watch(l, EPOLL_CTL_ADD, l->wake_fd, EPOLLIN, EVENT_WAKE) < 0)
        return -errno;
    return 0;
}

static int watch_daemon(struct http_loop *l)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (!info)
        return -EINVAL;
    return watch(l, EPOLL_CTL_ADD, info->epoll_fd, EPOLLIN, EVENT_DAEMON) < 0 ? -errno : 0;
}

int http_loop_start(struct http_loop *l, int listen_fd, struct error *err)
{
    l->listen_fd = listen_fd;
    l->epoll_fd = -1;
    l->wake_fd = -1;
    l->now_ns = metrics_now();
    http_linger_init(l);
    int r = open_epoll(l);
    if (r == 0)
        r = http_request_start(l, err);
    if (r == 0)
        r = watch_daemon(l);
    if (r == 0) {
        r = -pthread_create(&l->thread, NULL, run, l);
        l->running = r == 0;
    }
    return r ? error_set(err, r, "cannot start an event loop: %s", strerror(-r)) : 0;
}

void http_loop_stop(struct http_loop *l)
{
    const uint64_t one = 1;

    if (l->running)
        (void)!write(l->wake_fd, &one, sizeof(one));
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void http_loop_finish(struct http_loop *l)
{
    if (l->running)
        (void)pthread_join(l->thread, NULL);
    l->running = false;
    close_listener(l);
    later_drain(l->worker.app->disk); /* they may hold connections of ours */
    later_drain(l->worker.app->loader);
    if (l->daemon)
        MHD_stop_daemon(l->daemon); /* tells of every connection that it closes */
    if (l->ready)
        MHD_destroy_response(l->ready);
    http_linger_finish(l);
    close_fd(l->epoll_fd);
    close_fd(l->wake_fd);
    while (l->n_spare_bodies)
        buf_clear(&l->spare_bodies[--l->n_spare_bodies]);
    while (l->spare_clients) {
        struct http_client *c = l->spare_clients;

        l->spare_clients = c->next;
        free(c);
    }
    batch_finish(&l->worker.batch);
    buf_clear(&l->worker.body);
    buf_clear(&l->unpacked);
    buf_clear(&l->packed);
}
