/* The same description as GET /openapi.json, for reading. */

#include <string.h>

#include "model/error.h"
#include "server/api.h"
#include "server/openapi.h"
#include "server/routes.h"

static int write_text(struct buf *out, const char *text)
{
    int r = 0;

    for (const char *c = text; *c && r == 0; c++)
        r = *c == '&'    ? buf_text(out, "&amp;")
            : *c == '<'  ? buf_text(out, "&lt;")
            : *c == '>'  ? buf_text(out, "&gt;")
            : *c == '\'' ? buf_text(out, "&quot;")
                         : buf_append(out, c, 1);
    return r;
}

static int write_name(struct buf *out, const char *before, const char *name)
{
    int r = buf_text(out, before);

    if (r == 0 && name)
        r = strchr(name, '/') ? write_text(out, name)
                              : buf_print(out, "<a href=\"#%s\">%s</a>", name, name);
    return r;
}

static int write_row(struct buf *out, const struct route *route,
                     const struct openapi_row *about)
{
    int r = buf_print(out, "<tr><td>%s<td><code>", route->method);

    if (r == 0)
        r = write_text(out, route->pattern);
    if (r == 0)
        r = buf_text(out, "</code><td>");
    if (r == 0)
        r = write_text(out, about->summary);
    if (r == 0)
        r = write_name(out, "<td>", about->request);
    return r ? r : write_name(out, "<td>", about->response);
}

static int write_tag(struct buf *out, const char *tag)
{
    size_t n;
    const struct route *rows = routes_all(&n);
    int r = buf_print(out,
                      "<h2>%s</h2><table><thead><tr><th>Method<th>Path<th>Does<th>Takes"
                      "<th>Answers<tbody>",
                      tag);

    for (size_t i = 0; i < n && r == 0; i++) {
        const struct openapi_row *about = openapi_find(&rows[i]);

        if (about && strcmp(about->tag, tag) == 0)
            r = write_row(out, &rows[i], about);
    }
    return r ? r : buf_text(out, "</table>");
}

static int write_schemas(struct buf *out)
{
    int r = buf_text(out, "<h2>Bodies</h2>");

    for (size_t i = 0; i < openapi_schemas_count && r == 0; i++) {
        r = buf_print(out, "<h3 id=\"%s\">%s</h3><pre><code>", openapi_schemas[i].name,
                      openapi_schemas[i].name);
        if (r == 0)
            r = write_text(out, openapi_schemas[i].json);
        if (r == 0)
            r = buf_text(out, "</code></pre>");
    }
    return r;
}

int api_docs(struct worker *w, const struct request *req, struct response *res)
{
    static const char head[] =
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\"><title>digitd: interface</title>"
        "<link rel=\"icon\" href=\"icon.svg\" type=\"image/svg+xml\">"
        "<link rel=\"stylesheet\" href=\"style.css\"><link rel=\"stylesheet\" "
        "href=\"docs.css\">"
        "</head><body><header><h1><img src=\"icon.svg\" alt=\"\" width=\"28\" height=\"28\">"
        "digitd</h1></header><main class=\"docs\">"
        "<p>What this server answers. Errors are <code>{\"error\":\"a sentence\"}</code>. For "
        "programs: <a href=\"openapi.json\">openapi.json</a>. <a href=\"./\">Draw a digit.</a>";
    struct error err = {0};
    int r = buf_text(res->body, head);

    (void)w;
    (void)req;
    for (size_t i = 0; openapi_tags[i] && r == 0; i++)
        r = write_tag(res->body, openapi_tags[i]);
    if (r == 0)
        r = write_schemas(res->body);
    if (r == 0)
        r = buf_text(res->body, "</main></body></html>");
    if (r < 0) {
        (void)error_set(&err, r, "out of memory");
        return api_fail(res, &err);
    }
    res->content_type = "text/html; charset=utf-8";
    res->compressible = true;
    api_page_policy(res);
    return 200;
}
