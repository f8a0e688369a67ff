#include "server/routes.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "server/api.h"
#include "server/protocol.h"

/* Hot rows first: the search is linear. */
/* clang-format off */
static const struct route routes[] = {
    {"GET",  "/v2/health/live",                                   NULL,                  false, true,  api_live,              NULL              },
    {"GET",  "/v2/health/ready",                                  NULL,                  false, true,  api_ready,             NULL              },
    {"POST", "/v2/models/{model}/infer",                          "multipart/form-data", true,  false, api_infer,             &protocol_v2_form },
    {"POST", "/v2/models/{model}/infer",                          "image/png",           true,  false, api_infer,             &protocol_v2_png  },
    {"POST", "/v2/models/{model}/infer",                          NULL,                  true,  false, api_infer,             &protocol_v2      },
    {"POST", "/v1/models/{model}:predict",                        "multipart/form-data", true,  false, api_infer,             &protocol_form    },
    {"POST", "/v1/models/{model}:predict",                        "image/png",           true,  false, api_infer,             &protocol_png     },
    {"POST", "/v1/models/{model}:predict",                        NULL,                  true,  false, api_infer,             &protocol_v1      },
    {"POST", "/v2/models/{model}/versions/{version}/infer",       "multipart/form-data", true,  false, api_infer,             &protocol_v2_form },
    {"POST", "/v2/models/{model}/versions/{version}/infer",       "image/png",           true,  false, api_infer,             &protocol_v2_png  },
    {"POST", "/v2/models/{model}/versions/{version}/infer",       NULL,                  true,  false, api_infer,             &protocol_v2      },
    {"POST", "/v1/models/{model}/versions/{version}:predict",     "multipart/form-data", true,  false, api_infer,             &protocol_form    },
    {"POST", "/v1/models/{model}/versions/{version}:predict",     "image/png",           true,  false, api_infer,             &protocol_png     },
    {"POST", "/v1/models/{model}/labels/{label}:predict",         "multipart/form-data", true,  false, api_infer,             &protocol_form    },
    {"POST", "/v1/models/{model}/labels/{label}:predict",         "image/png",           true,  false, api_infer,             &protocol_png     },
    {"POST", "/v1/models/{model}/versions/{version}:predict",     NULL,                  true,  false, api_infer,             &protocol_v1      },
    {"POST", "/v1/models/{model}/labels/{label}:predict",         NULL,                  true,  false, api_infer,             &protocol_v1      },
    {"POST", "/v1/models/{model}:explain",                        "multipart/form-data", true,  false, api_explain,           &protocol_form    },
    {"POST", "/v1/models/{model}:explain",                        "image/png",           true,  false, api_explain,           &protocol_png     },
    {"POST", "/v1/models/{model}:explain",                        NULL,                  true,  false, api_explain,           &protocol_v1      },
    {"POST", "/v1/models/{model}/versions/{version}:explain",     "multipart/form-data", true,  false, api_explain,           &protocol_form    },
    {"POST", "/v1/models/{model}/versions/{version}:explain",     "image/png",           true,  false, api_explain,           &protocol_png     },
    {"POST", "/v1/models/{model}/labels/{label}:explain",         "multipart/form-data", true,  false, api_explain,           &protocol_form    },
    {"POST", "/v1/models/{model}/labels/{label}:explain",         "image/png",           true,  false, api_explain,           &protocol_png     },
    {"POST", "/v1/models/{model}/versions/{version}:explain",     NULL,                  true,  false, api_explain,           &protocol_v1      },
    {"POST", "/v1/models/{model}/labels/{label}:explain",         NULL,                  true,  false, api_explain,           &protocol_v1      },
    {"POST", "/v1/models/{model}:classify",                       NULL,                  true,  false, api_infer,             &protocol_classify},
    {"POST", "/v1/models/{model}:regress",                        NULL,                  true,  false, api_infer,             &protocol_regress },
    {"POST", "/v1/models/{model}/versions/{version}:classify",    NULL,                  true,  false, api_infer,             &protocol_classify},
    {"POST", "/v1/models/{model}/versions/{version}:regress",     NULL,                  true,  false, api_infer,             &protocol_regress },
    {"POST", "/v1/models/{model}/labels/{label}:classify",        NULL,                  true,  false, api_infer,             &protocol_classify},
    {"POST", "/v1/models/{model}/labels/{label}:regress",         NULL,                  true,  false, api_infer,             &protocol_regress },
    {"POST", "/v1/models/{model}/feedback",                       NULL,                  true,  false, api_feedback_add,      NULL              },
    {"GET",  "/v1/models/{model}/feedback",                       NULL,                  false, false, api_feedback,          NULL              },
    {"GET",  "/metrics",                                          NULL,                  false, true,  api_metrics,           NULL              },
    {"GET",  "/monitoring/prometheus/metrics",                    NULL,                  false, true,  api_metrics,           NULL              },
    {"GET",  "/v2",                                               NULL,                  false, true,  api_server,            NULL              },
    {"GET",  "/v2/",                                              NULL,                  false, true,  api_server,            NULL              },
    {"GET",  "/v2/models",                                        NULL,                  false, true,  api_models_v1,         NULL              },
    {"GET",  "/v2/models/stats",                                  NULL,                  false, true,  api_statistics,        NULL              },
    {"GET",  "/v2/models/{model}/stats",                          NULL,                  false, true,  api_statistics,        NULL              },
    {"GET",  "/v2/models/{model}/versions/{version}/stats",       NULL,                  false, true,  api_statistics,        NULL              },
    {"GET",  "/v2/logging",                                       NULL,                  false, true,  api_logging,           NULL              },
    {"POST", "/v2/logging",                                       NULL,                  true,  true,  api_logging_set,       NULL              },
    {"GET",  "/v2/trace/setting",                                 NULL,                  false, true,  api_trace,             NULL              },
    {"POST", "/v2/trace/setting",                                 NULL,                  true,  true,  api_trace_set,         NULL              },
    {"GET",  "/v2/models/{model}/trace/setting",                  NULL,                  false, true,  api_trace,             NULL              },
    {"POST", "/v2/models/{model}/trace/setting",                  NULL,                  true,  true,  api_trace_set,         NULL              },
    {"GET",  "/v2/systemsharedmemory/{*}",                        NULL,                  false, false, api_shared_memory,     NULL              },
    {"POST", "/v2/systemsharedmemory/{*}",                        NULL,                  true,  false, api_shared_memory,     NULL              },
    {"GET",  "/v2/cudasharedmemory/{*}",                          NULL,                  false, false, api_shared_memory,     NULL              },
    {"POST", "/v2/cudasharedmemory/{*}",                          NULL,                  true,  false, api_shared_memory,     NULL              },
    {"GET",  "/v2/models/{model}",                                NULL,                  false, true,  api_model_v2,          NULL              },
    {"GET",  "/v2/models/{model}/versions/{version}",             NULL,                  false, true,  api_model_v2,          NULL              },
    {"GET",  "/v2/models/{model}/ready",                          NULL,                  false, true,  api_model_ready_v2,    NULL              },
    {"GET",  "/v2/models/{model}/versions/{version}/ready",       NULL,                  false, true,  api_model_ready_v2,    NULL              },
    {"GET",  "/v1/models",                                        NULL,                  false, true,  api_models_v1,         NULL              },
    {"GET",  "/v1/models/{model}",                                NULL,                  false, true,  api_model_v1,          NULL              },
    {"GET",  "/v1/models/{model}/versions/{version}",             NULL,                  false, true,  api_model_v1,          NULL              },
    {"GET",  "/v1/models/{model}/labels/{label}",                 NULL,                  false, true,  api_model_v1,          NULL              },
    {"GET",  "/v1/models/{model}/metadata",                       NULL,                  false, true,  api_metadata_v1,       NULL              },
    {"GET",  "/v1/models/{model}/versions/{version}/metadata",    NULL,                  false, true,  api_metadata_v1,       NULL              },
    {"GET",  "/v1/models/{model}/labels/{label}/metadata",        NULL,                  false, true,  api_metadata_v1,       NULL              },
    {"GET",  "/v2/models/{model}/config",                         NULL,                  false, true,  api_config,            NULL              },
    {"GET",  "/v2/models/{model}/versions/{version}/config",      NULL,                  false, true,  api_config,            NULL              },
    {"POST", "/v2/repository/index",                              NULL,                  true,  true,  api_repository_index,  NULL              },
    {"POST", "/v2/repository/models/{model}/load",                NULL,                  true,  true,  api_repository_load,   NULL              },
    {"POST", "/v2/repository/models/{model}/unload",              NULL,                  true,  true,  api_repository_unload, NULL              },
    {"POST", "/v2/repository/{repository}/index",                 NULL,                  true,  true,  api_repository_named,  NULL              },
    {"POST", "/v2/repository/{repository}/models/{model}/load",   NULL,                  true,  true,  api_repository_named,  NULL              },
    {"POST", "/v2/repository/{repository}/models/{model}/unload", NULL,                  true,  true,  api_repository_named,  NULL              },
    {"GET",  "/",                                                 NULL,                  false, false, api_root,              NULL              },
    {"GET",  "/openapi.json",                                     NULL,                  false, true,  api_openapi,           NULL              },
    {"GET",  "/docs",                                             NULL,                  false, false, api_docs,              NULL              },
    {"GET",  "/{file}.js",                                        NULL,                  false, false, api_page,              NULL              },
    {"GET",  "/{file}.css",                                       NULL,                  false, false, api_page,              NULL              },
    {"GET",  "/{file}.svg",                                       NULL,                  false, false, api_page,              NULL              },
};
/* clang-format on */

enum {
    ROUTES = sizeof(routes) / sizeof(routes[0]),
    ALLOW_GET = 1,
    ALLOW_POST = 2,
};

const struct route *routes_all(size_t *ret_count)
{
    *ret_count = ROUTES;
    return routes;
}

size_t routes_index(const struct route *route)
{
    return (size_t)(route - routes);
}

/* Takes the longest run without '/', ':' or `end` off `path` into out[REQUEST_NAME_MAX + 1], or
 * into nothing if that is NULL. Returns what follows it; NULL if the run is empty or too long.
 */
static const char *capture(const char *path, char end, char *out)
{
    const char ends[] = {'/', ':', end, '\0'};
    size_t len = strcspn(path, ends);

    if (len == 0 || len > REQUEST_NAME_MAX)
        return NULL;
    if (out) {
        memcpy(out, path, len);
        out[len] = '\0';
    }
    return path + len;
}

/* Whether the path is the pattern's; its captures are then in `req`. */
static bool match(const char *pattern, const char *path, struct request *req)
{
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        if (pattern[1] == '*')
            return *path != '\0';
        char *out = pattern[1] == 'm'   ? req->model
                    : pattern[1] == 'v' ? req->version
                    : pattern[1] == 'l' ? req->label
                                        : NULL;

        pattern = strchr(pattern, '}') + 1;
        path = capture(path, *pattern, out);
        if (!path)
            return false;
    }
    return *path == '\0';
}

/* Whether a Content-Type's media type, parameters aside, is `type`. */
static bool is_media_type(const char *content_type, const char *type)
{
    size_t len = strlen(type);

    return strncasecmp(content_type, type, len) == 0 &&
           (content_type[len] == '\0' || content_type[len] == ';' ||
            isspace((unsigned char)content_type[len]));
}

static bool same_method(const char *asked, const char *method)
{
    return strcmp(asked, method) == 0 ||
           (strcmp(asked, "HEAD") == 0 && strcmp(method, "GET") == 0);
}

int routes_find(const char *method, const char *path, const char *content_type,
                struct request *req, const char **ret_allow)
{
    static const char *const allow[] = {"", "GET, HEAD, OPTIONS", "OPTIONS, POST",
                                        "GET, HEAD, OPTIONS, POST"};
    unsigned allowed = 0;

    for (size_t i = 0; i < ROUTES; i++) {
        const struct route *route = &routes[i];

        req->model[0] = '\0';
        req->version[0] = '\0';
        req->label[0] = '\0';
        if (!match(route->pattern, path, req))
            continue;
        if (same_method(method, route->method)) {
            if (route->content_type && !is_media_type(content_type, route->content_type))
                continue;
            req->route = route;
            return 0;
        }
        allowed |= strcmp(route->method, "GET") == 0 ? ALLOW_GET : ALLOW_POST;
    }
    req->model[0] = '\0';
    req->version[0] = '\0';
    req->label[0] = '\0';
    req->route = NULL;
    if (!allowed)
        return -ENOENT;
    *ret_allow = allow[allowed];
    return -EPERM;
}
