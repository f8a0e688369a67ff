/* Triton's logging extension. Our levels are one threshold, so not every combination of its
 * switches can be; where the log goes and how its lines look is settled at the start. */

#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "server/api.h"
#include "server/api_object.h"
#include "server/log.h"
#include "server/member.h"
#include "server/scan.h"

struct logging {
    bool error, warning, info;
    int64_t verbose;
};

static int read_error(struct scan *s, void *to, struct error *err)
{
    return scan_boolean(s, &((struct logging *)to)->error, err);
}

static int read_warning(struct scan *s, void *to, struct error *err)
{
    return scan_boolean(s, &((struct logging *)to)->warning, err);
}

static int read_info(struct scan *s, void *to, struct error *err)
{
    return scan_boolean(s, &((struct logging *)to)->info, err);
}

static int read_verbose(struct scan *s, void *to, struct error *err)
{
    return scan_integer(s, &((struct logging *)to)->verbose, err);
}

static int read_file(struct scan *s, void *to, struct error *err)
{
    struct scan_text file;
    int r = scan_string(s, &file, err);

    (void)to;
    if (r == 0 && file.len > 0)
        return error_set(err, -ENOSYS, "log_file is '%.*s'; the log goes to stderr only",
                         file.len < 60 ? (int)file.len : 60, file.at);
    return r;
}

static int read_format(struct scan *s, void *to, struct error *err)
{
    struct scan_text format;
    int r = scan_string(s, &format, err);

    (void)to;
    if (r == 0 && !scan_equals(format, "default"))
        return error_set(err, -EINVAL,
                         "log_format is '%.*s'; it should be default: --log-format settles at "
                         "the start how lines look",
                         format.len < 24 ? (int)format.len : 24, format.at);
    return r;
}

static int read_body(const struct request *req, struct logging *to, struct error *err)
{
    static const struct member members[] = {
        {"log_error",         read_error  },
        {"log_warning",       read_warning},
        {"log_info",          read_info   },
        {"log_verbose_level", read_verbose},
        {"log_file",          read_file   },
        {"log_format",        read_format },
    };
    struct scan scan;
    unsigned seen;

    if (req->body_len == 0)
        return 0;
    scan_init(&scan, req->body, req->body_len, API_SETTINGS_DEPTH_MAX);
    int r = member_read(&scan, members, sizeof(members) / sizeof(members[0]), "the body", to,
                        &seen, err);

    return r ? r : scan_end(&scan, err);
}

static int level_of(const struct logging *l, enum log_level *ret, struct error *err)
{
    if (!l->error || (l->info && !l->warning))
        return error_set(err, -EINVAL,
                         "log_error is %s, log_warning %s and log_info %s; each level includes "
                         "those before it, and errors are always logged",
                         l->error ? "true" : "false", l->warning ? "true" : "false",
                         l->info ? "true" : "false");
    if (l->verbose < 0 || (l->verbose > 0 && !l->info))
        return error_set(err, -EINVAL,
                         "log_verbose_level is %lld; it should be 0, or 1 or more together "
                         "with log_info",
                         (long long)l->verbose);
    *ret = l->verbose ? LOG_DEBUG : l->info ? LOG_INFO : l->warning ? LOG_WARN : LOG_ERROR;
    return 0;
}

static int answer(struct response *res)
{
    const enum log_level level = log_level_now();
    int r =
        buf_print(res->body,
                  "{\"log_file\":\"\",\"log_info\":%s,\"log_warning\":%s,\"log_error\":true,"
                  "\"log_verbose_level\":%d,\"log_format\":\"default\"}",
                  level >= LOG_INFO ? "true" : "false", level >= LOG_WARN ? "true" : "false",
                  level >= LOG_DEBUG);

    return api_object_finish(res, NULL, r);
}

int api_logging(struct worker *w, const struct request *req, struct response *res)
{
    (void)w;
    (void)req;
    return answer(res);
}

int api_logging_set(struct worker *w, const struct request *req, struct response *res)
{
    enum log_level level = log_level_now();
    struct logging l = {true, level >= LOG_WARN, level >= LOG_INFO, level >= LOG_DEBUG};
    struct error err = {0};
    int r = read_body(req, &l, &err);

    (void)w;
    if (r == 0)
        r = level_of(&l, &level, &err);
    if (r < 0)
        return api_fail(res, &err);
    log_set_level(level);
    return answer(res);
}
