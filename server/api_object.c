#include "server/api_object.h"

#include <string.h>

#include "model/error.h"
#include "server/api.h"
#include "server/registry.h"

int api_object_text(struct buf *out, const char *key, const char *text)
{
    int r = buf_print(out, "\"%s\":", key);

    return r ? r : buf_json_string(out, text, strlen(text));
}

int api_object_begin(struct worker *w, const struct request *req, const struct served **ret,
                     struct response *res)
{
    struct error err = {0};

    if (api_acquire(w, req, ret, &err) < 0)
        return api_fail(res, &err);
    int r = buf_text(res->body, "{");

    return r ? r : api_object_text(res->body, "name", (*ret)->name);
}

int api_object_finish(struct response *res, const struct served *served, int r)
{
    struct error err = {0};

    registry_release(served);
    if (r < 0) {
        (void)error_set(&err, r, "out of memory");
        return api_fail(res, &err);
    }
    res->content_type = "application/json";
    return 200;
}
