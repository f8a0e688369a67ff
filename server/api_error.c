#include "server/api.h"

#include <errno.h>
#include <string.h>

#include "model/error.h"

enum {
    BAD_REQUEST = 400,
    NOT_FOUND = 404,
    TOO_LARGE = 413,
    WRONG_TYPE = 415,
    INTERNAL = 500,
    NOT_IMPLEMENTED = 501,
    UNAVAILABLE = 503,
};

static int status_of(int code)
{
    switch (code) {
    case -EINVAL:
    case -EBADMSG:
        return BAD_REQUEST;
    case -ENOENT:
        return NOT_FOUND;
    case -E2BIG:
        return TOO_LARGE;
    case -ENOTSUP:
        return WRONG_TYPE;
    case -ENOSYS:
        return NOT_IMPLEMENTED;
    case -ENOMEM:
    case -EAGAIN:
    case -ETIMEDOUT:
        return UNAVAILABLE;
    default:
        return INTERNAL;
    }
}

int api_refuse(struct response *res, int status, const char *text)
{
    static const char last_resort[] = "{\"error\":\"out of memory\"}";

    buf_reset(res->body);
    int r = buf_text(res->body, "{\"error\":");

    if (r == 0)
        r = buf_json_string(res->body, text, strlen(text));
    if (r == 0)
        r = buf_text(res->body, "}");
    res->constant = r ? last_resort : NULL;
    res->constant_len = r ? sizeof(last_resort) - 1 : 0;
    res->content_type = "application/json";
    if (status == UNAVAILABLE)
        response_header(res, "Retry-After", "1");
    return status;
}

int api_fail(struct response *res, const struct error *err)
{
    return api_refuse(res, status_of(err->code), err->text);
}
