#include <string.h>

#include "model/error.h"
#include "server/api.h"
#include "server/api_object.h"
#include "server/app.h"
#include "server/registry.h"
#include "server/statistics.h"

int api_statistics(struct worker *w, const struct request *req, struct response *res)
{
    const struct catalogue *c = registry_hold(w->app->registry);
    const struct served *asked = NULL;
    struct error err = {0};
    bool first = true;
    int r = *req->model ? api_acquire(w, req, &asked, &err) : 0;

    if (r < 0) {
        registry_drop(c);
        return api_fail(res, &err);
    }
    r = buf_text(res->body, "{\"model_stats\":[");
    for (size_t i = 0; i < c->n && r == 0; i++) {
        const struct served *row = &c->served[i];

        if (asked && (strcmp(row->name, asked->name) != 0 ||
                      (*req->version && row->version != asked->version)))
            continue;
        r = first ? 0 : buf_text(res->body, ",");
        first = false;
        if (r == 0)
            r = statistics_write(w->app->metrics, row, res->body);
    }
    registry_drop(c);
    return api_object_finish(res, asked, r ? r : buf_text(res->body, "]}"));
}
