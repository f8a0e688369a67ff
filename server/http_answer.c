#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "server/api.h"
#include "server/http_coding.h"
#include "server/http_cors.h"
#include "server/http_loop.h"
#include "server/http_refusal.h"
#include "server/http_trace.h"
#include "server/later.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/protocol.h"
#include "server/routes.h"
#include "server/settings.h"
#include "server/shadow.h"

enum {
    KEEP = 1024 * 1024, /* of each of the loop's buffers, between two requests */
    PACK_MIN = 1024,    /* what is shorter fits into one packet anyway */
    PATH_LOGGED = 500,  /* bytes: a line of the log should be one write */
};

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value);
}

static void add_cors(const struct http_client *c, struct MHD_Response *response)
{
    const char *setting = c->loop->settings->cors_origins;
    const char *allowed = http_cors_allowed(setting, c->header.origin);

    if (strcmp(setting, "*") != 0)
        add(response, "Vary", "Origin");
    if (!allowed)
        return;
    add(response, "Access-Control-Allow-Origin", allowed);
    add(response, "Access-Control-Expose-Headers",
        "Inference-Header-Content-Length, Server-Timing, x-request-id");
    if (!c->options)
        return;
    add(response, "Access-Control-Allow-Methods", c->allow);
    add(response, "Access-Control-Allow-Headers",
        "Content-Type, Content-Encoding, Inference-Header-Content-Length, traceparent, "
        "tracestate, x-request-id");
    add(response, "Access-Control-Max-Age", "600");
}

static bool is_closing(const struct http_loop *l)
{
    return l->stopping || atomic_load_explicit(&l->worker.app->draining, memory_order_relaxed);
}

static void add_headers(const struct http_client *c, const struct response *res, const char *id,
                        struct MHD_Response *response)
{
    const struct http_loop *l = c->loop;

    if (res->content_type)
        add(response, "Content-Type", res->content_type);
    for (size_t i = 0; i < res->n_headers; i++)
        add(response, res->headers[i].name, res->headers[i].value);
    if (id)
        add(response, "x-request-id", id);
    if (*l->settings->cors_origins && c->header.origin)
        add_cors(c, response);
    if (is_closing(l))
        add(response, "Connection", "close");
}

struct span {
    const void *bytes;
    size_t len;
};

/* What to send of `whole`: itself, or what it packs into if the client takes that. */
static struct span pack(struct http_client *c, struct response *res, struct span whole)
{
    struct buf *packed = &c->loop->packed;

    if (!res->compressible || whole.len < PACK_MIN)
        return whole;
    response_header(res, "Vary", "Accept-Encoding");
    enum http_coding coding = http_coding_accepted(c->header.accepted);

    if (coding == HTTP_IDENTITY)
        return whole;
    buf_reset(packed);
    packed->limit = SIZE_MAX / 2;
    if (http_coding_pack(coding, whole.bytes, whole.len, packed) < 0)
        return whole;
    response_header(res, "Content-Encoding", http_coding_name(coding));
    return (struct span){packed->data, packed->len};
}

static struct MHD_Response *create(struct http_client *c, struct response *res, const char *id)
{
    struct span whole = res->constant ? (struct span){res->constant, res->constant_len}
                                      : (struct span){res->body->data, res->body->len};
    struct span sent = pack(c, res, whole);
    /* Copied, because the loop's buffer is the next request's before a slow client has read. */
    struct MHD_Response *response = http_refusal_response(
        sent.bytes, sent.len,
        sent.bytes == res->constant ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);

    if (response)
        add_headers(c, res, id, response);
    return response;
}

/* Whether the answer has no headers but its type. */
static bool is_bare(const struct http_client *c, const struct response *res, const char *id)
{
    return res->constant && res->n_headers == 0 && !res->compressible && !id &&
           !c->header.origin && !is_closing(c->loop);
}

static bool reply(struct http_client *c, int status, struct response *res, const char *id)
{
    struct http_loop *l = c->loop;
    const bool bare = is_bare(c, res, id);
    const bool kept = bare && l->ready && l->ready_bytes == res->constant;
    struct MHD_Response *response = kept ? l->ready : create(c, res, id);

    if (!response)
        return false;
    bool queued = http_refusal_queue(c->req.connection, (unsigned)status, response) == MHD_YES;
    if (bare && !kept) {
        if (l->ready)
            MHD_destroy_response(l->ready);
        l->ready = response;
        l->ready_bytes = res->constant;
    } else if (!kept) {
        MHD_destroy_response(response);
    }
    return queued;
}

static void log_access(const struct http_client *c, const char *method, int status, uint64_t ns,
                       const char *id)
{
    char code[16];
    char us[24];
    char trace[HTTP_TRACE_ID_LEN + 1];
    char path[PATH_LOGGED + 1];

    (void)snprintf(path, sizeof(path), "%s", c->req.path);
    (void)snprintf(code, sizeof(code), "%d", status);
    (void)snprintf(us, sizeof(us), "%.1f", (double)ns / 1000);
    http_trace_id(c->req.header(&c->req, "traceparent"), trace);
    log_event(LOG_INFO, "request", "method", method, "path", path, "status", code, "us", us,
              "id", id, *trace ? "trace" : NULL, trace, NULL);
}

/* Puts the body that the handler shall see into the request. */
static int unpack(struct http_client *c, struct error *err)
{
    struct buf *unpacked = &c->loop->unpacked;
    enum http_coding coding = http_coding_of(c->header.coding);

    c->req.body = c->body.data ? c->body.data : "";
    c->req.body_len = c->body.len;
    if (coding == HTTP_IDENTITY || c->body.len == 0)
        return 0;
    buf_reset(unpacked);
    unpacked->limit = (size_t)c->loop->settings->body_max;
    int r = http_coding_unpack(coding, c->body.data, c->body.len,
                               (size_t)c->loop->settings->ratio_max, unpacked, err);

    c->req.body = unpacked->data;
    c->req.body_len = unpacked->len;
    return r;
}

/* Some send an event's envelope as plain JSON. It is no V1 request, so that looking for it is
 * only due when one was refused. */
static bool is_bare_event(const struct request *req)
{
    static const char key[] = "\"specversion\"";

    return !req->event && req->route->protocol == &protocol_v1 &&
           memmem(req->body, req->body_len, key, sizeof(key) - 1) != NULL;
}

/* Asks the handler of a request that is whole. */
static int ask(struct http_client *c, struct response *res)
{
    struct worker *w = &c->loop->worker;
    struct error err = {0};

    if (unpack(c, &err) < 0)
        return api_fail(res, &err);
    memset(w->stage_ns, 0, sizeof(w->stage_ns));
    int status =
        c->req.event ? api_event(w, &c->req, res) : c->req.route->handle(w, &c->req, res);

    if (status == 400 && is_bare_event(&c->req)) {
        buf_reset(res->body);
        c->req.event = REQUEST_EVENT_STRUCTURED;
        status = api_event(w, &c->req, res);
    }

    /* Else it would be told that its first byte is no JSON. */
    if (status == 400 && http_coding_is_gzip(c->req.body, c->req.body_len))
        return api_refuse(res, status, "the body is gzip; Content-Encoding should say so");
    if (status == 200)
        http_trace_timing(w->stage_ns, res);
    return status;
}

static int options(struct http_client *c, struct response *res)
{
    if (!c->allow)
        c->allow = "GET, HEAD, OPTIONS, POST"; /* of *, the server as a whole */
    res->constant = "";
    response_header(res, "Allow", c->allow);
    return 200;
}

static int refuse(const struct http_client *c, struct response *res)
{
    (void)api_refuse(res, c->refused, c->why);
    if (c->refused == 405)
        response_header(res, "Allow", c->allow);
    if (c->refused == 415)
        response_header(res, "Accept-Encoding", "gzip, deflate");
    return c->refused;
}

/* Fills the response of a request that is whole, or refused, and returns the status. */
static int handle(struct http_client *c, struct response *res)
{
    if (c->later)
        return c->later->finish(c->later, res);
    http_client_whole(c);
    c->whole_ns = metrics_now();
    if (c->refused)
        return refuse(c, res);
    return c->options ? options(c, res) : ask(c, res);
}

static void resume(void *connection)
{
    MHD_resume_connection(connection);
}

/* The answer has to wait for work that would hold up the loop. libmicrohttpd asks for it again
 * when the connection is resumed. */
static void postpone(struct http_client *c, struct later_job *job)
{
    c->later = job;
    job->done = resume;
    job->owner = c->req.connection;
    MHD_suspend_connection(c->req.connection);
    if (later_submit(job) < 0) {
        c->later = NULL;
        job->destroy(job);
        http_request_refuse(c, 503, "%d requests like this are waiting already", LATER_MAX);
        MHD_resume_connection(c->req.connection);
    }
}

static void trim(struct buf *b)
{
    if (b->cap > KEEP)
        buf_clear(b);
}

static bool is_traced(struct worker *w)
{
    const long every = atomic_load_explicit(&w->app->trace_every, memory_order_relaxed);

    if (every < 0 || ++w->traced < every)
        return false;
    w->traced = 0;
    return true;
}

/* What is not the client's fault is for the log too; but probes that are told the truth are
 * no trouble. */
static void report(const struct http_client *c, int status, const struct buf *body)
{
    char reason[200];

    if (status < 500 || status == 501 || !c->req.route || c->req.route->admin)
        return;
    (void)snprintf(reason, sizeof(reason), "%d %.*s", status, (int)body->len,
                   body->data ? body->data : "");
    complain(&c->loop->gate->failed, c->loop->now_ns, "requests-failed", reason);
}

bool http_answer(struct http_client *c, const char *method)
{
    struct worker *w = &c->loop->worker;
    struct response res = {.body = &w->body};
    char made[HTTP_TRACE_REQUEST_ID_MAX + 1];

    buf_reset(&w->body);
    int status = handle(c, &res);

    if (res.later) {
        postpone(c, res.later);
        return true;
    }
    if (!http_client_hold(c, w->body.len)) {
        res = (struct response){.body = &w->body};
        status = api_refuse(&res, 503, "the server holds as many answers as it may");
    }
    const bool logged = is_traced(w);
    const char *id = http_trace_request_id(c->header.id, logged, made);
    bool queued = reply(c, status, &res, id);

    report(c, status, &w->body);
    shadow_take(w->shadow, &w->batch);
    uint64_t ns = metrics_now() - c->whole_ns;

    /* libmicrohttpd has its copy. */
    trim(&w->body);
    trim(&c->loop->unpacked);
    trim(&c->loop->packed);
    metrics_request(w->metrics, c->req.route, status, ns);
    if (logged)
        log_access(c, method, status, ns, id);
    return queued;
}
