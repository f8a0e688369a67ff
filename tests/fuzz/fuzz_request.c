/* A request whole, through the table of routes and the true handlers, but without a socket. The
 * first line names it: "POST /v1/models/mnist:predict TYPE"; headers follow up to an empty
 * line; then the body. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/error.h"
#include "server/api.h"
#include "server/app.h"
#include "server/later.h"
#include "server/registry.h"
#include "server/repository.h"
#include "server/routes.h"
#include "server/settings.h"
#include "tests/fuzz/fuzz.h"

enum { HEADERS_MAX = 16, HEAD_MAX = 2048, ANSWER_MAX = 1 << 20 };

static struct settings settings;
static struct app app = {.settings = &settings, .trace_every = -1};
static struct worker worker;

/* What the first lines of an input say. */
struct head {
    char text[HEAD_MAX];
    char *method, *path, *type;
    char *headers[HEADERS_MAX]; /* "name: value" */
    size_t n;
    const uint8_t *body;
};

static const char *lookup(const struct request *req, const char *name)
{
    const struct head *h = req->connection;
    size_t len = strlen(name);

    for (size_t i = 0; i < h->n; i++)
        if (strncasecmp(h->headers[i], name, len) == 0 && h->headers[i][len] == ':')
            return h->headers[i] + len + 1;
    return NULL;
}

static bool read_head(const uint8_t *data, size_t size, struct head *h)
{
    const uint8_t *end = memmem(data, size, "\n\n", 2);
    char *save = NULL;

    if (!end || end - data >= HEAD_MAX)
        return false;
    memcpy(h->text, data, (size_t)(end - data));
    h->text[end - data] = '\0';
    h->body = end + 2;
    char *line = strtok_r(h->text, "\n", &save);

    for (char *header; (header = strtok_r(NULL, "\n", &save)) && h->n < HEADERS_MAX;)
        h->headers[h->n++] = header;
    if (!line)
        return false;
    h->method = strtok_r(line, " ", &save);
    h->path = strtok_r(NULL, " ", &save);
    h->type = save ? save : line + strlen(line);
    return h->method && h->path && strlen(h->path) < HEAD_MAX;
}

static void start(void)
{
    const char *const argv[] = {"digitd", "serve", "--model", FUZZ_MODEL};
    struct error err = {0};

    if (settings_read(4, argv, &settings, &err) < 0 ||
        registry_create(&app.registry, &err) < 0 ||
        repository_open(&settings, app.registry, &app.repository, &err) < 0 ||
        metrics_create(1, true, &app.metrics, &err) < 0)
        abort();
    settings.images_max = 8;
    worker = (struct worker){
        .app = &app, .metrics = metrics_shard(app.metrics, 0), .body = BUF(ANSWER_MAX)};
}

/* As http_request.c tells it from the headers. */
static enum request_event event_of(const struct request *req)
{
    if (!req->route->protocol || strncmp(req->path, "/v1/", 4) != 0)
        return REQUEST_NO_EVENT;
    if (strncasecmp(req->content_type, "application/cloudevents+json", 28) == 0)
        return REQUEST_EVENT_STRUCTURED;
    return lookup(req, "ce-specversion") ? REQUEST_EVENT_BINARY : REQUEST_NO_EVENT;
}

static void check(int status, const struct response *res)
{
    const char *bytes = res->constant ? res->constant : res->body->data;
    size_t len = res->constant ? res->constant_len : res->body->len;

    if (res->content_type && strstr(res->content_type, "octet-stream"))
        for (size_t i = 0; i < res->n_headers; i++)
            if (strcmp(res->headers[i].name, "Inference-Header-Content-Length") == 0)
                len = strtoul(res->headers[i].value, NULL, 10);
    if (status == 500 || status < 200 || !res->content_type)
        abort();
    if (!strstr(res->content_type, "json") && !strstr(res->content_type, "octet-stream"))
        return;
    json_t *root = json_loadb(bytes, len, JSON_ALLOW_NUL, NULL);
    const char *sentence = json_string_value(json_object_get(root, "error"));

    if (!root || (status >= 400 && (!sentence || !*sentence)))
        abort();
    json_decref(root);
}

/* Any request is either refused with a sentence, never as the server's fault, or answered. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct head h = {.n = 0};
    struct response res = {.body = &worker.body};
    const char *allow;

    if (!worker.app)
        start();
    if (!read_head(data, size, &h))
        return 0;
    struct request req = {.path = h.path,
                          .content_type = h.type,
                          .header = lookup,
                          .connection = &h,
                          .body = (const char *)h.body,
                          .body_len = (size_t)(data + size - h.body)};

    if (routes_find(h.method, h.path, h.type, &req, &allow) < 0)
        return 0;
    req.event = event_of(&req);
    buf_reset(&worker.body);
    int status =
        req.event ? api_event(&worker, &req, &res) : req.route->handle(&worker, &req, &res);

    if (res.later)
        res.later->destroy(res.later);
    else
        check(status, &res);
    return 0;
}
