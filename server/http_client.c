#include <errno.h>
#include <linux/tcp.h> /* glibc's <netinet/tcp.h> lacks tcpi_bytes_received */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/http_loop.h"
#include "server/later.h"
#include "server/metrics.h"
#include "server/settings.h"

enum { STOP_GRACE_MS = 1000 }; /* for who connected just before the listener closed */

static uint64_t from_now(const struct http_loop *l, long ms)
{
    return l->now_ns + (uint64_t)ms * 1000000U;
}

static void enter(struct http_client *c, enum http_phase phase)
{
    c->phase = phase;
    c->phase_ns = c->loop->now_ns;
    c->peek_ns = 0;
}

struct http_client *http_client_create(struct http_loop *l, int fd)
{
    struct http_client *c = l->spare_clients;

    if (c)
        l->spare_clients = c->next;
    else
        c = malloc(sizeof(*c));
    if (!c)
        return NULL;
    memset(c, 0, sizeof(*c));
    c->loop = l;
    c->fd = fd;
    enter(c, HTTP_NEW);
    c->deadline_ns = from_now(l, l->settings->read_timeout_ms);
    c->body = BUF((size_t)l->settings->body_max);
    c->next = l->clients;
    if (c->next)
        c->next->prev = c;
    l->clients = c;
    return c;
}

void http_client_destroy(struct http_client *c)
{
    struct http_loop *l = c->loop;

    http_client_reset(c);
    if (c->next)
        c->next->prev = c->prev;
    if (c->prev)
        c->prev->next = c->next;
    else
        l->clients = c->next;
    c->next = l->spare_clients;
    l->spare_clients = c;
}

void http_client_begin(struct http_client *c)
{
    struct http_loop *l = c->loop;

    /* A first request has been awaited since the connection was made. */
    if (c->phase != HTTP_NEW)
        c->deadline_ns = from_now(l, l->settings->read_timeout_ms);
    enter(c, HTTP_READING);
    if (!c->body.data && l->n_spare_bodies)
        c->body = l->spare_bodies[--l->n_spare_bodies];
}

void http_client_whole(struct http_client *c)
{
    enter(c, HTTP_ANSWERING);
    c->deadline_ns = from_now(c->loop, c->loop->settings->idle_timeout_ms);
}

int http_client_take(struct http_client *c, const char *piece, size_t len)
{
    struct http_gate *gate = c->loop->gate;
    long more = (long)len;
    int r = atomic_fetch_add_explicit(&gate->held, more, memory_order_relaxed) + more >
                    gate->held_max
                ? -ENOBUFS
                : buf_append(&c->body, piece, len);

    c->held += more;
    return r;
}

/* Body or answer, whichever it has come to. */
static void let_go(struct http_client *c)
{
    struct http_loop *l = c->loop;

    if (c->held)
        atomic_fetch_sub_explicit(&l->gate->held, c->held, memory_order_relaxed);
    c->held = 0;
    buf_reset(&c->body);
    if (c->body.cap > HTTP_SPARE_CAP || l->n_spare_bodies == HTTP_SPARE_MAX) {
        buf_clear(&c->body);
    } else if (c->body.data) {
        l->spare_bodies[l->n_spare_bodies++] = c->body;
        c->body = BUF(c->body.limit);
    }
}

bool http_client_hold(struct http_client *c, size_t len)
{
    struct http_gate *gate = c->loop->gate;

    let_go(c);
    if (len < HTTP_SMALL)
        return true;
    c->held = (long)len;
    long all = atomic_fetch_add_explicit(&gate->held, c->held, memory_order_relaxed) + c->held;

    /* Bodies alone must not keep answers away, least of all the metrics. */
    if (all - gate->held_max <= gate->held_max / HTTP_ANSWERS_MORE)
        return true;
    let_go(c);
    return false;
}

void http_client_reset(struct http_client *c)
{
    struct http_loop *l = c->loop;

    if (c->later)
        c->later->destroy(c->later);
    c->later = NULL;
    let_go(c);
    enter(c, HTTP_IDLE);
    c->deadline_ns = from_now(l, l->settings->idle_timeout_ms);
    c->seen = false;
    c->options = false;
    c->refused = 0;
    c->allow = NULL;
    c->req.route = NULL;
}

bool http_client_has_sent(const struct http_client *c)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);

    return getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           info.tcpi_bytes_received > 0;
}

/* libmicrohttpd then reads the end of the stream, and forgets the connection. */
static void hang_up(struct http_client *c)
{
    (void)shutdown(c->fd, SHUT_RDWR);
    c->deadline_ns = UINT64_MAX;
}

static void cut(struct http_client *c)
{
    struct http_loop *l = c->loop;
    bool asking = c->phase == HTTP_READING || (c->phase == HTTP_NEW && http_client_has_sent(c));

    if (asking) {
        http_say(c->fd, 408, "the request did not arrive in time");
        metrics_request(l->worker.metrics, c->req.route, 408, 0);
        c->linger = true;
    }
    if (asking || c->phase == HTTP_ANSWERING)
        metrics_cut(l->worker.metrics, METRICS_CUT_SLOW);
    hang_up(c);
}

static bool is_over(const struct http_loop *l, const struct http_client *c)
{
    if (l->now_ns >= c->deadline_ns)
        return true;
    if (!l->stopping || c->deadline_ns == UINT64_MAX)
        return false;
    return c->phase == HTTP_IDLE ||
           (c->phase == HTTP_NEW &&
            l->now_ns - c->phase_ns > STOP_GRACE_MS * UINT64_C(1000000) &&
            !http_client_has_sent(c));
}

/* An end that came with the last of what was sent is no event of its own, and libmicrohttpd
 * does not look for it. The longer a phase has lasted, the less often this does. */
static bool has_hung_up(struct http_client *c)
{
    const uint64_t now = c->loop->now_ns;
    char byte;

    if (c->phase == HTTP_ANSWERING || now < c->peek_ns || c->deadline_ns == UINT64_MAX)
        return false;
    c->peek_ns = now + (now - c->phase_ns);
    return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void http_client_sweep(struct http_loop *l)
{
    for (struct http_client *c = l->clients; c; c = c->next)
        if (is_over(l, c))
            cut(c);
        else if (has_hung_up(c))
            hang_up(c);
}

void http_say(int fd, int status, const char *text)
{
    char answer[512];
    int len = snprintf(answer, sizeof(answer),
                       "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n%sConnection: close\r\n\r\n{\"error\":\"%s\"}",
                       status, MHD_get_reason_phrase_for((unsigned)status),
                       strlen(text) + strlen("{\"error\":\"\"}"),
                       status == 503 ? "Retry-After: 1\r\n" : "", text);

    /* A full socket buffer would mean that the client reads nothing: then it is not told. */
    (void)send(fd, answer, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
}
