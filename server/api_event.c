/* CloudEvents 1.0 (and 0.3) over the V1 routes, as KServe takes and answers them: in binary
 * mode the attributes are headers and the body is what it would be without; in structured mode
 * the body is an envelope around it. The answer comes as the question did. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "model/base64.h"
#include "model/error.h"
#include "server/api.h"
#include "server/app.h"
#include "server/member.h"
#include "server/routes.h"
#include "server/scan.h"
#include "server/settings.h"
#include "server/uuid.h"

enum { TIME_MAX = 32, TYPE_MAX = 64, PLACE_MAX = 32, MERGED_MAX = 16, ATTRIBUTE_MAX = 32 };

/* What the envelope holds; spans of the body. */
struct envelope {
    struct scan_text id, source, type, version, content_type;
    struct scan_text data;   /* the whole value */
    struct scan_text base64; /* of data_base64 */
};

static int take(struct scan *s, struct scan_text *ret, struct error *err)
{
    return scan_string(s, ret, err);
}

static int read_id(struct scan *s, void *to, struct error *err)
{
    return take(s, &((struct envelope *)to)->id, err);
}

static int read_source(struct scan *s, void *to, struct error *err)
{
    return take(s, &((struct envelope *)to)->source, err);
}

static int read_type(struct scan *s, void *to, struct error *err)
{
    return take(s, &((struct envelope *)to)->type, err);
}

static int read_version(struct scan *s, void *to, struct error *err)
{
    return take(s, &((struct envelope *)to)->version, err);
}

static int read_content_type(struct scan *s, void *to, struct error *err)
{
    return take(s, &((struct envelope *)to)->content_type, err);
}

static int read_base64(struct scan *s, void *to, struct error *err)
{
    return take(s, &((struct envelope *)to)->base64, err);
}

static int read_data(struct scan *s, void *to, struct error *err)
{
    struct envelope *e = to;

    (void)scan_peek(s); /* stands at the value then, past the white space */
    e->data.at = s->at;
    int r = scan_skip(s, err);

    e->data.len = (size_t)(s->at - e->data.at);
    return r;
}

/* Attributes that may not be absent, in both modes. */
static int check(bool id, bool source, bool type, bool version, struct error *err)
{
    const char *missing = !id ? "id" : !source ? "source" : !type ? "type" : NULL;

    if (missing)
        return error_set(err, -EINVAL, "the event has no %s", missing);
    return version ? 0
                   : error_set(err, -EINVAL, "the event's specversion should be 1.0 or 0.3");
}

static int read_envelope(const struct request *req, size_t depth, struct envelope *e,
                         struct error *err)
{
    static const struct member members[] = {
        {"id",              read_id          },
        {"source",          read_source      },
        {"type",            read_type        },
        {"specversion",     read_version     },
        {"datacontenttype", read_content_type},
        {"data",            read_data        },
        {"data_base64",     read_base64      },
    };
    struct scan s;
    unsigned seen;

    scan_init(&s, req->body, req->body_len, depth);
    int r = member_read(&s, members, sizeof(members) / sizeof(members[0]), "the event", e,
                        &seen, err);

    if (r == 0)
        r = scan_end(&s, err);
    if (r == 0)
        r = check(e->id.len > 0, e->source.len > 0, e->type.len > 0,
                  scan_equals(e->version, "1.0") || scan_equals(e->version, "0.3"), err);
    if (r == 0 && !e->data.at == !e->base64.at)
        r = error_set(err, -EINVAL, "the event should have one of data and data_base64");
    return r;
}

static void write_time(char out[TIME_MAX])
{
    struct timespec now;
    struct tm utc = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(out, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(out + len, TIME_MAX - len, ".%06ldZ", now.tv_nsec / 1000);
}

/* The source of answers: the setting, or KServe's. */
static void write_source(const struct worker *w, const struct request *req, char *out,
                         size_t max)
{
    const char *setting = w->app->settings->event_source;

    (void)snprintf(out, max, "%s%s", *setting ? setting : "io.kserve.inference.",
                   *setting ? "" : req->model);
}

/* Whether an answer may have this attribute from the question: it is none of those that every
 * answer has its own of. */
static bool is_merged(struct scan_text name)
{
    static const char *const own[] = {"specversion", "id",          "source",
                                      "type",        "time",        "datacontenttype",
                                      "data",        "data_base64", "dataschema"};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (scan_equals(name, own[i]))
            return false;
    return true;
}

/* The scan stands at a value: attributes are strings, numbers and booleans. */
static int merge_member(struct scan *s, struct scan_text name, struct buf *out)
{
    struct error err = {0};
    const char kind = scan_peek(s);
    const char *value = s->at;
    int r = scan_skip(s, &err);

    if (r < 0 || !is_merged(name) || !strchr("\"0tf", kind))
        return r;
    r = buf_print(out, ",\"%.*s\":", (int)name.len, name.at); /* as it is: still escaped */
    return r ? r : buf_append(out, value, (size_t)(s->at - value));
}

/* The body's syntax has been checked. */
static int merge_members(const struct worker *w, const struct request *req, struct buf *out)
{
    struct error err = {0};
    struct scan_text key;
    struct scan s;
    scan_init(&s, req->body, req->body_len, (size_t)w->app->settings->json_depth_max);
    if (!w->app->settings->event_merge)
        return 0;
    int r = scan_enter_object(&s, &err);

    while (r == 0 && scan_next_key(&s, &key, &err) == 1)
        r = merge_member(&s, key, out);
    return r;
}

struct merge {
    struct response *res;
    size_t n;
};

static void merge_header(void *to, const char *name, const char *value)
{
    static const char prefix[] = "ce-";
    struct merge *m = to;
    char lower[ATTRIBUTE_MAX];
    size_t len = 0;

    if (m->n == MERGED_MAX || strncasecmp(name, prefix, sizeof(prefix) - 1) != 0)
        return;
    for (const char *c = name + sizeof(prefix) - 1; *c && len < sizeof(lower); c++)
        lower[len++] = (char)tolower((unsigned char)*c);
    if (is_merged((struct scan_text){lower, len})) {
        response_header(m->res, name, value);
        m->n++;
    }
}

/* All of the answer's envelope before the data. */
static int begin_envelope(const struct worker *w, const struct request *req, struct buf *out)
{
    char id[UUID_LEN + 1];
    char now[TIME_MAX];
    char source[REQUEST_NAME_MAX + PLACE_MAX];

    uuid_make(id);
    write_time(now);
    write_source(w, req, source, sizeof(source));
    int r = buf_print(out, "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":", id);

    if (r == 0)
        r = buf_json_string(out, source, strlen(source));
    if (r == 0)
        r = buf_text(out, ",\"type\":");
    if (r == 0)
        r = buf_json_string(out, w->app->settings->event_type,
                            strlen(w->app->settings->event_type));
    if (r == 0)
        r = merge_members(w, req, out);
    return r ? r
             : buf_print(out,
                         ",\"time\":\"%s\",\"datacontenttype\":\"application/json\","
                         "\"data\":",
                         now);
}

/* Which row takes the event's data depends on the data's type, not the envelope's. */
static int route_by(struct scan_text type, struct request *inner, char text[TYPE_MAX])
{
    const char *allow;

    if (!type.at || type.len >= TYPE_MAX)
        return 0;
    text[scan_copy(type, text)] = '\0';
    inner->content_type = text;
    return routes_find("POST", inner->path, text, inner, &allow);
}

static int decode(struct scan_text base64, void **ret, size_t *ret_len, struct error *err)
{
    char *bytes = malloc(BASE64_DECODED(base64.len) + 1 + base64.len);
    char *text = bytes + BASE64_DECODED(base64.len) + 1;

    *ret = bytes;
    if (!bytes)
        return error_set(err, -ENOMEM, "out of memory for the event's data");
    int r = base64_decode(bytes, text, scan_copy(base64, text), ret_len);

    return r < 0 ? error_set(err, r, "the event's data_base64 is not base64") : 0;
}

static int structured(struct worker *w, const struct request *req, struct response *res)
{
    struct envelope e = {0};
    struct request inner = *req;
    struct error err = {0};
    char type[TYPE_MAX];
    void *bytes = NULL;
    int r = read_envelope(req, (size_t)w->app->settings->json_depth_max, &e, &err);

    if (r == 0 && route_by(e.content_type, &inner, type) < 0)
        r = error_set(&err, -EINVAL, "nothing takes such data");
    inner.body = e.data.at;
    inner.body_len = e.data.len;
    if (r == 0 && e.base64.at) {
        r = decode(e.base64, &bytes, &inner.body_len, &err);
        inner.body = bytes;
    }
    if (r == 0)
        r = begin_envelope(w, req, res->body);
    int status = r < 0 ? api_fail(res, &err) : inner.route->handle(w, &inner, res);

    free(bytes);
    if (status != 200)
        return status;
    if (buf_text(res->body, "}") < 0)
        return api_refuse(res, 503, "out of memory");
    res->content_type = "application/cloudevents+json";
    return status;
}

static bool has(const struct request *req, const char *name)
{
    const char *value = req->header(req, name);

    return value && *value;
}

static int binary(struct worker *w, const struct request *req, struct response *res)
{
    struct error err = {0};
    char id[UUID_LEN + 1];
    char now[TIME_MAX];
    char source[REQUEST_NAME_MAX + PLACE_MAX];
    const char *version = req->header(req, "ce-specversion");

    if (check(has(req, "ce-id"), has(req, "ce-source"), has(req, "ce-type"),
              strcmp(version, "1.0") == 0 || strcmp(version, "0.3") == 0, &err) < 0)
        return api_fail(res, &err);
    int status = req->route->handle(w, req, res);

    if (status != 200)
        return status;
    uuid_make(id);
    write_time(now);
    write_source(w, req, source, sizeof(source));
    response_header(res, "ce-specversion", "1.0");
    response_print(res, "ce-id", "%s", id);
    response_print(res, "ce-source", "%s", source);
    response_header(res, "ce-type", w->app->settings->event_type);
    response_print(res, "ce-time", "%s", now);
    if (w->app->settings->event_merge)
        req->headers(req, merge_header, &(struct merge){.res = res});
    return status;
}

int api_event(struct worker *w, const struct request *req, struct response *res)
{
    return req->event == REQUEST_EVENT_STRUCTURED ? structured(w, req, res)
                                                  : binary(w, req, res);
}
