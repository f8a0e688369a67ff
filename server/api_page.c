#include "server/api.h"

#include <stdbool.h>
#include <string.h>

#include "web/web.h"

/* Everything the page needs is its own file from its own origin; data: is the picture that the
 * model saw. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
                             "form-action 'none'; frame-ancestors 'none'";

static const struct web_file *find(const char *path)
{
    for (size_t i = 0; i < web_files_count; i++)
        if (strcmp(web_files[i].path, path) == 0)
            return &web_files[i];
    return NULL;
}

/* Whether If-None-Match, a list of quoted tags or "*", holds `etag`. W/ before a tag does not
 * matter here (RFC 9110, 13.1.2). A tag has no quotes inside, so a plain search cannot match
 * across two of them. */
static bool is_known(const char *if_none_match, const char *etag)
{
    return if_none_match &&
           (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag) != NULL);
}

void api_page_policy(struct response *res)
{
    response_header(res, "Content-Security-Policy", policy);
    response_header(res, "X-Content-Type-Options", "nosniff");
    response_header(res, "Referrer-Policy", "no-referrer");
    response_header(res, "Permissions-Policy", "camera=(self), geolocation=(), microphone=()");
}

/* The page's own links are relative to the slash. So is this one to what the browser sees: a
 * proxy may have another host, scheme or path in front. */
static int add_slash(const struct request *req, struct response *res)
{
    response_print(res, "Location", "./%s/", req->place);
    res->constant = "";
    return 308;
}

/* Browsers name text/html, probes and curl do not. */
int api_root(struct worker *w, const struct request *req, struct response *res)
{
    static const char alive[] = "{\"status\":\"alive\"}";
    const char *accept = req->header(req, "Accept");

    response_header(res, "Vary", "Accept");
    if (accept && strcasestr(accept, "text/html"))
        return req->place ? add_slash(req, res) : api_page(w, req, res);
    res->constant = alive;
    res->constant_len = sizeof(alive) - 1;
    res->content_type = "application/json";
    return 200;
}

int api_page(struct worker *w, const struct request *req, struct response *res)
{
    const struct web_file *file = find(req->path);

    (void)w;
    if (!file)
        return api_refuse(res, 404, "there is no such file");
    res->content_type = file->content_type;
    response_header(res, "ETag", file->etag);
    response_header(res, "Cache-Control", "no-cache");
    api_page_policy(res);
    if (is_known(req->header(req, "If-None-Match"), file->etag))
        return 304;
    res->constant = file->bytes;
    res->constant_len = file->len;
    return 200;
}
