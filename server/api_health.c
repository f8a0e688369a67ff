#include <string.h>

#include "server/api.h"
#include "server/app.h"
#include "server/registry.h"
#include "server/settings.h"

static int constant(struct response *res, const char *json)
{
    res->constant = json;
    res->constant_len = strlen(json);
    res->content_type = "application/json";
    return 200;
}

int api_live(struct worker *w, const struct request *req, struct response *res)
{
    (void)w;
    (void)req;
    return constant(res, "{\"live\":true}");
}

int api_ready(struct worker *w, const struct request *req, struct response *res)
{
    (void)req;
    if (atomic_load_explicit(&w->app->draining, memory_order_relaxed))
        return api_refuse(res, 503, "the server is shutting down");
    if (!atomic_load_explicit(&w->app->ready, memory_order_relaxed))
        return api_refuse(res, 503, "the server is starting");
    if (!registry_ready(w->app->registry, w->app->settings->repository_api))
        return api_refuse(res, 503, "no model is ready; see /v2/repository/index");
    return constant(res, "{\"ready\":true}");
}

int api_server(struct worker *w, const struct request *req, struct response *res)
{
    int r = buf_print(res->body,
                      "{\"name\":\"digitd\",\"version\":\"" DIGITD_VERSION
                      "\",\"extensions\":[\"binary_tensor_data\",\"classification\","
                      "\"logging\",\"model_configuration\",\"model_repository\",\"parameters\","
                      "\"schedule_policy\",\"statistics\",\"trace\"%s]}",
                      w->app->feedback ? ",\"feedback\"" : "");

    (void)req;
    res->content_type = "application/json";
    return r < 0 ? api_refuse(res, 503, "out of memory") : 200;
}
