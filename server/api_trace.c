/* Triton's trace settings. What they can mean here is the access log: TIMESTAMPS is a line for
 * one of each trace_rate requests. There are no traces of tensors and no trace files. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/api.h"
#include "server/api_object.h"
#include "server/app.h"
#include "server/registry.h"
#include "server/scan.h"
#include "server/settings.h"

struct trace {
    bool on;
    long rate;
};

static int refuse(const char *key, struct scan_text value, const char *expected, int code,
                  struct error *err)
{
    return error_set(err, code, "%s is '%.*s'; it should be %s", key,
                     value.len < 40 ? (int)value.len : 40, value.at, expected);
}

/* A level, or one of a list. */
static int read_level(struct scan *s, struct trace *to, struct error *err)
{
    struct scan_text level;
    int r = scan_string(s, &level, err);

    if (r < 0)
        return r;
    if (scan_equals(level, "TIMESTAMPS"))
        to->on = true;
    else if (!scan_equals(level, "OFF"))
        return refuse("trace_level", level, "OFF or TIMESTAMPS", -ENOSYS, err);
    return 0;
}

static int read_levels(struct scan *s, struct trace *to, struct error *err)
{
    int r;

    to->on = false;
    if (scan_peek(s) != '[')
        return read_level(s, to, err);
    r = scan_enter_array(s, err);
    while (r == 0) {
        r = scan_next_item(s, err);
        if (r <= 0)
            break;
        r = read_level(s, to, err);
    }
    return r;
}

static int read_rate(struct scan *s, struct trace *to, struct error *err)
{
    enum { DIGITS_MAX = 9 };
    struct scan_text text;
    int r = scan_string(s, &text, err);
    long rate = 0;

    for (size_t i = 0; i < text.len && r == 0; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || text.len > DIGITS_MAX)
            return refuse("trace_rate", text, "a number from 1 to 999999999", -EINVAL, err);
        rate = rate * 10 + (text.at[i] - '0');
    }
    if (r == 0 && rate == 0)
        return refuse("trace_rate", text, "a number from 1 to 999999999", -EINVAL, err);
    to->rate = rate;
    return r;
}

/* The others can only be what they are. */
static int read_fixed(struct scan *s, struct scan_text key, struct error *err)
{
    static const struct {
        const char *key, *value, *text;
    } fixed[] = {
        {"trace_count",   "-1",     "-1: traces do not run out"  },
        {"log_frequency", "0",      "0: there are no trace files"},
        {"trace_file",    "",       "empty: traces go to the log"},
        {"trace_mode",    "triton", "triton"                     },
    };
    struct scan_text value;
    int r = scan_string(s, &value, err);

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && r == 0; i++)
        if (scan_equals(key, fixed[i].key))
            return scan_equals(value, fixed[i].value)
                       ? 0
                       : refuse(fixed[i].key, value, fixed[i].text, -ENOSYS, err);
    return r ? r
             : error_set(err, -EINVAL, "there is no trace setting '%.*s'",
                         key.len < 40 ? (int)key.len : 40, key.at);
}

/* null is back to what the server was started with. */
static int read_one(struct scan *s, struct scan_text key, const struct trace *first,
                    struct trace *to, struct error *err)
{
    const bool null = scan_peek(s) == 'n';

    if (scan_equals(key, "trace_level")) {
        to->on = first->on;
        return null ? scan_skip(s, err) : read_levels(s, to, err);
    }
    if (scan_equals(key, "trace_rate")) {
        to->rate = first->rate;
        return null ? scan_skip(s, err) : read_rate(s, to, err);
    }
    return null ? scan_skip(s, err) : read_fixed(s, key, err);
}

static int read_body(const struct request *req, const struct trace *first, struct trace *to,
                     struct error *err)
{
    struct scan_text key;
    struct scan s;

    if (req->body_len == 0)
        return 0;
    scan_init(&s, req->body, req->body_len, API_SETTINGS_DEPTH_MAX);
    int r = scan_enter_object(&s, err);

    while (r == 0) {
        r = scan_next_key(&s, &key, err);
        if (r <= 0)
            break;
        r = read_one(&s, key, first, to, err);
    }
    return r ? r : scan_end(&s, err);
}

static int answer(const struct app *app, struct response *res)
{
    const long every = atomic_load_explicit(&app->trace_every, memory_order_relaxed);

    return api_object_finish(
        res, NULL,
        buf_print(res->body,
                  "{\"trace_level\":[\"%s\"],\"trace_rate\":\"%ld\",\"trace_count\":\"-1\","
                  "\"log_frequency\":\"0\",\"trace_file\":\"\",\"trace_mode\":\"triton\"}",
                  every > 0 ? "TIMESTAMPS" : "OFF", labs(every)));
}

/* The settings of a model are those of the server. */
static int find(struct worker *w, const struct request *req, struct error *err)
{
    const struct served *served = NULL;
    int r = *req->model ? api_acquire(w, req, &served, err) : 0;

    registry_release(served);
    return r;
}

int api_trace(struct worker *w, const struct request *req, struct response *res)
{
    struct error err = {0};

    return find(w, req, &err) < 0 ? api_fail(res, &err) : answer(w->app, res);
}

int api_trace_set(struct worker *w, const struct request *req, struct response *res)
{
    const long every = atomic_load_explicit(&w->app->trace_every, memory_order_relaxed);
    const struct trace first = {w->app->settings->access_log, 1};
    struct trace trace = {every > 0, labs(every)};
    struct error err = {0};
    int r = find(w, req, &err);

    if (r == 0 && *req->model)
        r = error_set(&err, -ENOSYS,
                      "trace settings are the whole server's: POST /v2/trace/setting");
    if (r == 0)
        r = read_body(req, &first, &trace, &err);
    if (r < 0)
        return api_fail(res, &err);
    atomic_store_explicit(&w->app->trace_every, trace.on ? trace.rate : -trace.rate,
                          memory_order_relaxed);
    return answer(w->app, res);
}

int api_shared_memory(struct worker *w, const struct request *req, struct response *res)
{
    (void)w;
    (void)req;
    return api_refuse(res, 501,
                      "there is no shared memory with clients; tensors should come with the "
                      "request, in JSON or in binary");
}
