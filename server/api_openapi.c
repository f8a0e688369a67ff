/* OpenAPI 3.1, made of the table of routes and what server/openapi.h adds. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/api.h"
#include "server/app.h"
#include "server/openapi.h"
#include "server/protocol.h"
#include "server/routes.h"
#include "server/settings.h"

static const char schemas[] = "#/components/schemas/";

/* ' becomes ". */
static int write_quoted(struct buf *out, const char *json)
{
    size_t begin = out->len;
    int r = buf_text(out, json);

    for (size_t i = begin; r == 0 && i < out->len; i++)
        if (out->data[i] == '\'')
            out->data[i] = '"';
    return r;
}

static int write_content(struct buf *out, const char *type, const char *schema)
{
    return schema ? buf_print(out, "\"%s\":{\"schema\":{\"$ref\":\"%s%s\"}}", type, schemas,
                              schema)
                  : buf_print(out, "\"%s\":{}", type);
}

/* {*} is what is left of the path; here it needs a name. */
static int write_path(struct buf *out, const char *pattern)
{
    const char *rest = strstr(pattern, "{*}");

    return rest ? buf_print(out, "\"%.*s{rest}\":{", (int)(rest - pattern), pattern)
                : buf_print(out, "\"%s\":{", pattern);
}

/* {model} and the like, as parameters. */
static int write_parameters(struct buf *out, const char *pattern)
{
    int r = buf_text(out, "\"parameters\":[");
    bool first = true;

    for (const char *at = strchr(pattern, '{'); at && r == 0; at = strchr(at + 1, '{')) {
        bool rest = at[1] == '*';
        int len = rest ? 4 : (int)strcspn(at + 1, "}");

        r = buf_print(out,
                      "%s{\"name\":\"%.*s\",\"in\":\"path\",\"required\":true,"
                      "\"schema\":{\"type\":\"string\"}}",
                      first ? "" : ",", len, rest ? "rest" : at + 1);
        first = false;
    }
    if (r == 0 && (strstr(pattern, ":predict") || strstr(pattern, ":explain")))
        r = buf_text(out, ",{\"name\":\"number\",\"in\":\"query\",\"schema\":{\"type\":"
                          "\"boolean\",\"default\":false},\"description\":\"Whether pictures "
                          "and drawings hold several digits; each gets an object\"}");
    return r ? r : buf_text(out, "]");
}

/* All types of body that rows of this path and method take. */
static int write_request(struct buf *out, const struct route *rows, size_t n, size_t at)
{
    int r = buf_print(out, ",\"requestBody\":{\"required\":%s,\"content\":{",
                      rows[at].protocol ? "true" : "false");
    bool first = true;

    for (size_t i = at; i < n && r == 0; i++) {
        const struct openapi_row *about = openapi_find(&rows[i]);

        if (!about || !about->request || strcmp(rows[i].pattern, rows[at].pattern) != 0 ||
            strcmp(rows[i].method, rows[at].method) != 0)
            continue;
        r = first ? 0 : buf_text(out, ",");
        if (r == 0)
            r = write_content(out,
                              rows[i].content_type ? rows[i].content_type : "application/json",
                              about->request);
        if (r == 0 && rows[i].protocol == &protocol_v2)
            r = buf_text(out, ",\"application/octet-stream\":{}");
        first = false;
    }
    return r ? r : buf_text(out, "}}");
}

static int write_success(struct buf *out, const struct openapi_row *about, bool created)
{
    const char *response = about->response;
    int r = buf_print(out, "\"%s\":{\"description\":\"%s\",\"content\":{",
                      created ? "201" : "200", created ? "Stored" : "The answer");

    if (r == 0 && response)
        r = strchr(response, '/') ? write_content(out, response, NULL)
                                  : write_content(out, "application/json", response);
    if (r == 0 && about->also)
        r = buf_print(out, ",\"%s\":{}", about->also);
    return r ? r : buf_text(out, "}}");
}

static int write_responses(struct buf *out, const struct route *route,
                           const struct openapi_row *about)
{
    static const char *const every[] = {"404", "408", "413", "414", "431", "500", "503", "505"};
    static const char *const some[] = {"501", "507"};
    static const char *const bare[][2] = {
        {"304", "It is known already"              },
        {"308", "The same, with a slash at its end"}
    };
    bool created = about->statuses && strstr(about->statuses, "201");
    int r = buf_text(out, ",\"responses\":{");

    if (r == 0)
        r = write_success(out, about, created);
    for (size_t i = 0; i < sizeof(every) / sizeof(every[0]) && r == 0; i++)
        r = buf_print(out, ",\"%s\":{\"$ref\":\"#/components/responses/Error\"}", every[i]);
    if (r == 0)
        r = buf_text(out, ",\"400\":{\"$ref\":\"#/components/responses/Error\"}");
    if (r == 0 && route->body)
        r = buf_text(out, ",\"415\":{\"$ref\":\"#/components/responses/Error\"}");
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]) && r == 0 && about->statuses; i++)
        if (strstr(about->statuses, some[i]))
            r = buf_print(out, ",\"%s\":{\"$ref\":\"#/components/responses/Error\"}", some[i]);
    for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]) && r == 0 && about->statuses; i++)
        if (strstr(about->statuses, bare[i][0]))
            r = buf_print(out, ",\"%s\":{\"description\":\"%s\"}", bare[i][0], bare[i][1]);
    return r ? r : buf_text(out, "}");
}

static int write_operation(struct buf *out, const struct route *rows, size_t n, size_t at)
{
    static const struct openapi_row nothing = {.tag = "Server", .summary = ""};
    const struct openapi_row *found = openapi_find(&rows[at]);
    const struct openapi_row *about = found ? found : &nothing;
    int r = buf_print(out, "\"%s\":{\"tags\":[\"%s\"],\"summary\":\"%s\",",
                      strcmp(rows[at].method, "GET") == 0 ? "get" : "post", about->tag,
                      about->summary);

    if (r == 0)
        r = write_parameters(out, rows[at].pattern);
    if (r == 0 && rows[at].body)
        r = write_request(out, rows, n, at);
    if (r == 0)
        r = write_responses(out, &rows[at], about);
    return r ? r : buf_text(out, "}");
}

/* Whether an earlier row has the path, and the method if one is given. */
static bool is_repeated(const struct route *rows, size_t at, const char *method)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(rows[i].pattern, rows[at].pattern) == 0 &&
            (!method || strcmp(rows[i].method, method) == 0))
            return true;
    return false;
}

/* The operations of the path that row `at` is the first to have. */
static int write_methods(struct buf *out, const struct route *rows, size_t n, size_t at)
{
    const char *before = "";
    int r = 0;

    for (size_t i = at; i < n && r == 0; i++) {
        if (strcmp(rows[i].pattern, rows[at].pattern) != 0 ||
            is_repeated(rows, i, rows[i].method))
            continue;
        r = buf_text(out, before);
        if (r == 0)
            r = write_operation(out, rows, n, i);
        before = ",";
    }
    return r ? r : buf_text(out, "}");
}

static int write_paths(struct buf *out)
{
    size_t n;
    const struct route *rows = routes_all(&n);
    int r = buf_text(out, "\"paths\":{");

    for (size_t i = 0; i < n && r == 0; i++) {
        if (is_repeated(rows, i, NULL))
            continue;
        r = i ? buf_text(out, ",") : 0;
        if (r == 0)
            r = write_path(out, rows[i].pattern);
        if (r == 0)
            r = write_methods(out, rows, n, i);
    }
    return r ? r : buf_text(out, "},");
}

static int write_components(struct buf *out)
{
    int r = write_quoted(out, "'components':{'responses':{'Error':{'description':'A refusal',"
                              "'content':{'application/json':{'schema':{'$ref':"
                              "'#/components/schemas/Error'}}}}},'schemas':{");

    for (size_t i = 0; i < openapi_schemas_count && r == 0; i++) {
        r = buf_print(out, "%s\"%s\":", i ? "," : "", openapi_schemas[i].name);
        if (r == 0)
            r = write_quoted(out, openapi_schemas[i].json);
    }
    return r ? r : buf_text(out, "}}}");
}

int api_openapi(struct worker *w, const struct request *req, struct response *res)
{
    struct buf *out = res->body;
    const char *prefix = w->app->settings->path_prefix;
    struct error err = {0};
    int r = buf_text(out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"digitd\",\"version\":"
                          "\"" DIGITD_VERSION "\",\"license\":{\"name\":\"Apache-2.0\","
                          "\"identifier\":\"Apache-2.0\"}},\"servers\":[{\"url\":");

    (void)req;
    if (r == 0)
        r = buf_json_string(out, *prefix ? prefix : "/", *prefix ? strlen(prefix) : 1);
    if (r == 0)
        r = buf_text(out, "}],");
    if (r == 0)
        r = write_paths(out);
    if (r == 0)
        r = write_components(out);
    if (r < 0) {
        (void)error_set(&err, r, "out of memory");
        return api_fail(res, &err);
    }
    res->content_type = "application/json";
    res->compressible = true;
    return 200;
}
