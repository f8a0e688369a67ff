#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "model/error.h"
#include "server/api.h"
#include "server/http_header.h"
#include "server/http_loop.h"
#include "server/http_refusal.h"
#include "server/later.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/routes.h"
#include "server/settings.h"

enum {
    POOL_LEN = 32 * 1024, /* libmicrohttpd clears it for each request: larger is slower */
    FIRST_RESERVE = 256 * 1024,
    REQUEST_ID_MAX = 128,
    BODY_KEEP = 1024 * 1024, /* of the loop's answer buffer, between two requests */
};

static const char *lookup(const struct request *req, const char *name)
{
    return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

/* RFC 9112 wants "GET http://host/path" understood too. */
static const char *path_of(const char *url)
{
    if (strncmp(url, "http://", 7) != 0)
        return url;
    const char *path = strchr(url + 7, '/');

    return path ? path : "/";
}

__attribute__((format(printf, 3, 4))) static void refuse(struct http_client *c, int status,
                                                         const char *format, ...)
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

/* Decides what will become of the request whose headers are in. Returns whether the answer
 * cannot wait for the body. */
static bool look(struct http_client *c, struct MHD_Connection *connection, const char *url,
                 const char *method)
{
    struct http_header h;
    const struct settings *settings = c->loop->settings;

    c->seen = true;
    c->req.connection = connection;
    c->req.header = lookup;
    c->req.path = path_of(url);
    http_header_read(connection, &h);
    const char *type = lookup(&c->req, "Content-Type");
    c->req.content_type = type ? type : "";
    int r = routes_find(method, c->req.path, c->req.content_type, &c->req, &c->allow);

    if (h.refused)
        refuse(c, h.refused, "%s", h.why);
    else if (c->refused)
        return h.announced > 0; /* for its request line */
    else if (header_len(connection) > (size_t)settings->header_max)
        refuse(c, 431, "the request line and headers are %zu bytes; at most %ld are allowed",
               header_len(connection), settings->header_max);
    else if (r == -EPERM)
        refuse(c, 405, "the method is '%.16s'; it should be %s here", method, c->allow);
    else if (r < 0 || (c->loop->admin && !c->req.route->admin))
        refuse(c, 404, "there is nothing at '%.100s'", c->req.path);
    else if (h.announced && !c->req.route->body)
        refuse(c, 413, "'%.100s' takes no body", c->req.path);
    else if (h.announced > (uint64_t)settings->body_max)
        refuse(c, 413, "the body is %llu bytes; at most %ld are allowed",
               (unsigned long long)h.announced, settings->body_max);
    else if (h.announced && h.coding && *h.coding && strcasecmp(h.coding, "identity") != 0)
        refuse(c, 415, "the body is compressed; Content-Encoding should be absent or identity");
    else if (h.announced > 1)
        (void)buf_reserve(&c->body, h.announced < FIRST_RESERVE ? h.announced : FIRST_RESERVE);
    return h.refused || (c->refused && h.announced);
}

/* Whether an id from outside may go into our log and headers. */
static bool is_sane(const char *id)
{
    size_t len = strlen(id);

    if (len == 0 || len > REQUEST_ID_MAX)
        return false;
    for (const char *c = id; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return true;
}

static void add_headers(const struct http_client *c, const struct response *res,
                        struct MHD_Response *response)
{
    const char *id = lookup(&c->req, "x-request-id");

    if (res->content_type)
        (void)MHD_add_response_header(response, "Content-Type", res->content_type);
    for (size_t i = 0; i < res->n_headers; i++)
        (void)MHD_add_response_header(response, res->headers[i].name, res->headers[i].value);
    if (id && is_sane(id))
        (void)MHD_add_response_header(response, "x-request-id", id);
    if (c->loop->stopping ||
        atomic_load_explicit(&c->loop->worker.app->draining, memory_order_relaxed))
        (void)MHD_add_response_header(response, "Connection", "close");
}

static enum MHD_Result reply(struct http_client *c, int status, const struct response *res)
{
    const void *bytes = res->constant ? res->constant : res->body->data;
    size_t len = res->constant ? res->constant_len : res->body->len;
    /* Copied, because the loop's buffer is the next request's before a slow client has read. */
    struct MHD_Response *response = http_refusal_response(
        bytes, len, res->constant ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);

    if (!response)
        return MHD_NO;
    add_headers(c, res, response);
    enum MHD_Result queued = http_refusal_queue(c->req.connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return queued;
}

static void log_access(const struct http_client *c, const char *method, int status, uint64_t ns)
{
    char code[16];
    char us[24];
    const char *id = lookup(&c->req, "x-request-id");

    (void)snprintf(code, sizeof(code), "%d", status);
    (void)snprintf(us, sizeof(us), "%.1f", (double)ns / 1000);
    log_event(LOG_INFO, "request", "method", method, "path", c->req.path, "status", code, "us",
              us, "id", id && is_sane(id) ? id : "", NULL);
}

static void resume(void *connection)
{
    MHD_resume_connection(connection);
}

/* The answer has to wait for work that would hold up the loop. libmicrohttpd asks for it again
 * when the connection is resumed. */
static enum MHD_Result postpone(struct http_client *c, struct later_job *job)
{
    c->later = job;
    job->done = resume;
    job->owner = c->req.connection;
    MHD_suspend_connection(c->req.connection);
    if (later_submit(c->loop->worker.app->later, job) < 0) {
        c->later = NULL;
        job->destroy(job);
        refuse(c, 503, "%d requests like this are waiting already", LATER_MAX);
        MHD_resume_connection(c->req.connection);
    }
    return MHD_YES;
}

/* Fills the response of a request that is whole, or refused, and returns the status. */
static int handle(struct http_client *c, struct response *res)
{
    if (c->later)
        return c->later->finish(c->later, res);
    http_client_whole(c);
    c->whole_ns = metrics_now();
    c->req.body = c->body.data ? c->body.data : "";
    c->req.body_len = c->body.len;
    return c->refused ? api_refuse(res, c->refused, c->why)
                      : c->req.route->handle(&c->loop->worker, &c->req, res);
}

/* The request gets its answer, if need be later. */
static enum MHD_Result answer(struct http_client *c, const char *method)
{
    struct worker *w = &c->loop->worker;
    struct response res = {.body = &w->body};

    buf_reset(&w->body);
    int status = handle(c, &res);

    if (res.later)
        return postpone(c, res.later);
    if (status == 405)
        response_header(&res, "Allow", c->allow);
    if (status == 415)
        response_header(&res, "Accept-Encoding", "identity");
    enum MHD_Result queued = reply(c, status, &res);
    uint64_t ns = metrics_now() - c->whole_ns;

    if (w->body.cap > BODY_KEEP)
        buf_clear(&w->body); /* libmicrohttpd has its copy */
    metrics_request(w->metrics, c->req.route, status, ns);
    if (c->loop->settings->access_log)
        log_access(c, method, status, ns);
    return queued;
}

/* libmicrohttpd takes no answer while it hands over a body, so this one goes past it. */
static enum MHD_Result break_off(struct http_client *c, int status, const char *text)
{
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
    (void)version;

    if (!c)
        return MHD_NO; /* there was no memory for it */
    if (!c->seen) {
        if (!look(c, connection, url, method))
            return MHD_YES;
        c->linger = true;
        return answer(c, method);
    }
    if (*piece_len == 0)
        return answer(c, method);
    int r = http_client_take(c, piece, *piece_len);
    *piece_len = 0;
    if (r == -E2BIG) {
        refuse(c, 413, "the body is more than the %ld bytes that are allowed",
               c->loop->settings->body_max);
        return break_off(c, 413, c->why);
    }
    if (r == -ENOBUFS)
        return break_off(c, 503, "the server holds as many request bodies as it may");
    return r < 0 ? break_off(c, 503, "out of memory") : MHD_YES;
}

static struct http_client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
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
        refuse(c, 400, "the path holds a zero byte");
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

int http_request_start(struct http_loop *l, struct error *err)
{
    size_t pool = 2 * (size_t)l->settings->header_max;

    l->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        on_request, l, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        pool > POOL_LEN ? pool : (size_t)POOL_LEN, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)INT_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_line, l, MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, l, MHD_OPTION_END);
    if (!l->daemon)
        return error_set(err, -EIO, "libmicrohttpd %s did not start", MHD_get_version());
    return 0;
}
