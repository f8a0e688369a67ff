#include "model/error.h"
#include "server/api.h"
#include "server/app.h"
#include "server/metrics.h"

int api_metrics(struct worker *w, const struct request *req, struct response *res)
{
    struct error err = {0};
    int r = metrics_write(w->app, res->body);

    (void)req;
    if (r < 0) {
        (void)error_set(&err, r, "out of memory");
        return api_fail(res, &err);
    }
    res->content_type = "text/plain; version=0.0.4; charset=utf-8";
    res->compressible = true;
    return 200;
}
