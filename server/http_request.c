#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/error.h"
#include "server/api.h"
#include "server/http_coding.h"
#include "server/http_loop.h"
#include "server/metrics.h"
#include "server/routes.h"
#include "server/settings.h"

enum {
    POOL_MORE = 8 * 1024, /* of the pool, beyond the headers; it is cleared for each request */
    POOL_RECORD = 64,     /* libmicrohttpd's, of a header or a cookie */
    POOL_ANSWER = 2048,   /* for the head of the answer */
    FIRST_RESERVE = 256 * 1024,
};

static const char *lookup(const struct request *req, const char *name)
{
    return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

struct walk {
    void (*take)(void *to, const char *name, const char *value);
    void *to;
};

static enum MHD_Result step(void *walk, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    const struct walk *w = walk;

    (void)kind;
    w->take(w->to, name, value ? value : "");
    return MHD_YES;
}

static void walk_headers(const struct request *req,
                         void (*take)(void *to, const char *name, const char *value), void *to)
{
    struct walk w = {take, to};

    (void)MHD_get_connection_values(req->connection, MHD_HEADER_KIND, step, &w);
}

static struct http_client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static const char *lookup_query(const struct request *req, const char *name)
{
    struct http_client *c = client_of(req->connection);

    return c ? http_query_find(&c->query, name) : NULL;
}

/* RFC 9112 wants "GET http://host/path" understood too. */
static const char *path_of(const char *url)
{
    if (strncmp(url, "http://", 7) != 0)
        return url;
    const char *path = strchr(url + 7, '/');

    return path ? path : "/";
}

void http_request_refuse(struct http_client *c, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(c->why, sizeof(c->why), format, args);
    va_end(args);
    c->refused = status;
}

static size_t header_len(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    return info ? info->header_size : 0;
}

/* Whether the pool has no room left for the head of an answer: then the library would hang up
 * without a word. Cookies are in there twice. */
static bool is_crowded(const struct http_loop *l, const struct http_header *h, size_t len)
{
    size_t records = h->n;

    if (h->cookie)
        len += strlen(h->cookie) + 1;
    for (const char *at = h->cookie; at; at = strpbrk(at + 1, ",;"))
        records++;
    return len + records * POOL_RECORD + POOL_ANSWER >
           (size_t)l->settings->header_max + POOL_MORE;
}

/* The path as the routes know it. Also whoever leaves the prefix away is answered: probes and
 * scrapes come straight here, not through the proxy that needs it. */
static const char *without_prefix(const struct http_loop *l, const char *path,
                                  const char **ret_place)
{
    const char *all = path;

    *ret_place = NULL;
    if (l->prefix_len == 0 || strncmp(path, l->settings->path_prefix, l->prefix_len) != 0)
        return path;
    path += l->prefix_len;
    if (*path == '\0') {
        *ret_place = strrchr(all, '/') + 1;
        return "/";
    }
    return *path == '/' ? path : all;
}

static enum request_event event_of(const struct http_header *h, const struct route *route)
{
    static const char structured[] = "application/cloudevents+json";

    if (!route || !route->protocol || strncmp(route->pattern, "/v1/", 4) != 0)
        return REQUEST_NO_EVENT; /* V2 has no events: there, ce-* are headers like any other */
    if (h->type && strncasecmp(h->type, structured, sizeof(structured) - 1) == 0)
        return REQUEST_EVENT_STRUCTURED;
    return h->event ? REQUEST_EVENT_BINARY : REQUEST_NO_EVENT;
}

/* Refuses what the body would be. */
static void check_body(struct http_client *c, const struct http_header *h)
{
    const struct settings *settings = c->loop->settings;

    if (!c->req.route || !c->req.route->body)
        http_request_refuse(c, 413, "'%.100s' takes no body", c->req.path);
    else if (h->announced > (uint64_t)settings->body_max)
        http_request_refuse(c, 413, "the body is %llu bytes; at most %ld are allowed",
                            (unsigned long long)h->announced, settings->body_max);
    else if (http_coding_of(h->coding) == HTTP_CODING_UNKNOWN)
        http_request_refuse(c, 415,
                            "Content-Encoding is '%.40s'; it should be gzip, deflate or absent",
                            h->coding);
    else if (h->announced > 1)
        (void)buf_reserve(&c->body,
                          h->announced < FIRST_RESERVE ? h->announced : FIRST_RESERVE);
}

/* Decides what will become of the request whose headers are in. Returns whether the answer
 * cannot wait for the body. */
static bool look(struct http_client *c, struct MHD_Connection *connection, const char *url,
                 const char *method, const char *version)
{
    struct http_header *h = &c->header;
    const struct settings *settings = c->loop->settings;

    c->seen = true;
    c->req.connection = connection;
    c->req.header = lookup;
    c->req.headers = walk_headers;
    c->req.query = lookup_query;
    c->req.path = without_prefix(c->loop, path_of(url), &c->req.place);
    http_header_read(connection, h);
    c->last = strcmp(version, MHD_HTTP_VERSION_1_1) != 0 ||
              (h->connection && strcasestr(h->connection, "close"));
    c->req.content_type = h->type ? h->type : "";
    int r = routes_find(method, c->req.path, c->req.content_type, &c->req, &c->allow);
    c->req.event = event_of(h, c->req.route);

    if (!h->refused && h->encoding && strcmp(version, MHD_HTTP_VERSION_1_0) == 0) {
        h->refused = 400;
        h->why = "Transfer-Encoding is not for HTTP/1.0";
    }
    if (h->refused)
        http_request_refuse(c, h->refused, "%s", h->why);
    else if (c->refused)
        return h->announced > 0; /* for its request line */
    else if (header_len(connection) > (size_t)settings->header_max)
        http_request_refuse(
            c, 431, "the request line and headers are %zu bytes; at most %ld are allowed",
            header_len(connection), settings->header_max);
    else if (is_crowded(c->loop, h, header_len(connection)))
        http_request_refuse(c, 431, "the headers, %zu of them, and cookies are too long", h->n);
    else if (strcmp(method, "OPTIONS") == 0 && (r == -EPERM || strcmp(c->req.path, "*") == 0))
        c->options = true;
    else if (r == -EPERM)
        http_request_refuse(c, 405, "the method is '%.16s'; it should be %s here", method,
                            c->allow);
    else if (r < 0 || (c->loop->admin && !c->req.route->admin))
        http_request_refuse(c, 404, "there is nothing at '%.100s'", c->req.path);
    if (!c->refused && h->announced)
        check_body(c, h);
    return h->refused || (c->refused && h->announced);
}

/* Where libmicrohttpd takes no answer, as while it hands over a body: this one goes past it. */
static enum MHD_Result break_off(struct http_client *c, int status, const char *text)
{
    if (status == 503)
        complain(&c->loop->gate->unheld, c->loop->now_ns, "bodies-refused", text);
    http_say(c->fd, status, text);
    metrics_request(c->loop->worker.metrics, c->req.route, status, 0);
    c->linger = true;
    return MHD_NO;
}

/* Called when the headers are in, for each piece of the body, and when the request is whole. An
 * answer given at the first call is the connection's last; one at the last call is not. */
static enum MHD_Result on_request(void *loop, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *piece, size_t *piece_len, void **client)
{
    struct http_client *c = *client;
    (void)loop;

    if (!c)
        return MHD_NO; /* there was no memory for it */
    if (!c->seen) {
        bool now = look(c, connection, url, method, version);

        if (c->header.refused || c->refused == 431)
            return break_off(c, c->refused, c->why); /* there may be no room for an answer */
        if (!now)
            return MHD_YES;
        c->linger = true;
        return http_answer(c, method) ? MHD_YES : MHD_NO;
    }
    if (*piece_len == 0)
        return http_answer(c, method) ? MHD_YES : MHD_NO;
    int r = http_client_take(c, piece, *piece_len);
    *piece_len = 0;
    if (r == -E2BIG) {
        http_request_refuse(c, 413, "the body is more than the %ld bytes that are allowed",
                            c->loop->settings->body_max);
        return break_off(c, 413, c->why);
    }
    if (r == -ENOBUFS)
        return break_off(c, 503, "the server holds as many request bodies as it may");
    return r < 0 ? break_off(c, 503, "out of memory") : MHD_YES;
}

/* The request line is in; what this returns is on_request()'s `client`. */
static void *on_line(void *loop, const char *uri, struct MHD_Connection *connection)
{
    struct http_client *c = client_of(connection);
    const char *zero = strstr(uri, "%00");
    (void)loop;

    if (!c)
        return NULL;
    http_client_begin(c);
    /* Decoded, the path would seem to end there. */
    if (zero && zero < uri + strcspn(uri, "?"))
        http_request_refuse(c, 400, "the path holds a zero byte");
    http_query_hide(&c->query, uri);
    return c;
}

static void on_completed(void *loop, struct MHD_Connection *connection, void **client,
                         enum MHD_RequestTerminationCode why)
{
    (void)loop;
    (void)connection;
    (void)why;
    if (*client)
        http_client_reset(*client);
    *client = NULL;
}

/* A request line without a space makes the library close the connection and say nothing. Only
 * that leaves a client that may ask, is still there and, if it has not asked before, has sent
 * something. */
static bool was_nonsense(const struct http_client *c)
{
    const struct app *app = c->loop->worker.app;
    bool asked = c->phase == HTTP_IDLE;
    bool may_ask = asked ? !c->last && !atomic_load(&app->draining) : c->phase == HTTP_NEW;
    char byte;

    return may_ask && !c->linger && c->deadline_ns != UINT64_MAX &&
           recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0 &&
           (asked || http_client_has_sent(c));
}

static void on_connection(void *loop, struct MHD_Connection *connection, void **client,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_loop *l = loop;
    struct http_client *c = *client;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

        *client = http_client_create(l, info->connect_fd);
        atomic_fetch_add_explicit(&l->gate->open, 1, memory_order_relaxed);
        metrics_connections(l->worker.metrics, 1);
        return;
    }
    atomic_fetch_sub_explicit(&l->gate->open, 1, memory_order_relaxed);
    metrics_connections(l->worker.metrics, -1);
    if (!c)
        return;
    if (was_nonsense(c))
        http_request_rejected(c, 400, "the request line is not that of HTTP/1.1");
    int fd = c->linger ? dup(c->fd) : -1;
    if (fd >= 0)
        http_linger_add(l, fd);
    http_client_destroy(c);
    *client = NULL;
}

void http_request_rejected(struct http_client *c, int status, const char *text)
{
    http_say(c->fd, status, text);
    c->linger = true;
    metrics_request(c->loop->worker.metrics, NULL, status, 0);
    metrics_cut(c->loop->worker.metrics, METRICS_CUT_MALFORMED);
}

/* MHD_USE_TURBO: a connection that the library closes is not shut down before we are told. */
int http_request_start(struct http_loop *l, struct error *err)
{
    const size_t pool = (size_t)l->settings->header_max + POOL_MORE;

    l->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO, 0,
        NULL, NULL, on_request, l, MHD_OPTION_CONNECTION_MEMORY_LIMIT, pool,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)INT_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_line, l,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, l, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, l, MHD_OPTION_END);
    if (!l->daemon)
        return error_set(err, -EIO, "libmicrohttpd %s did not start", MHD_get_version());
    return 0;
}
