#include "model/error.h"
#include "server/api.h"
#include "server/app.h"
#include "server/metrics.h"
#include "server/openmetrics.h"

/* Puts the same as OpenMetrics in the place of the text. */
static int convert(struct buf *body)
{
    struct buf open = BUF(body->limit);
    int r = openmetrics_write(body->data, body->len, &open);

    if (r < 0) {
        buf_clear(&open);
        return r;
    }
    buf_clear(body);
    *body = open;
    return 0;
}

int api_metrics(struct worker *w, const struct request *req, struct response *res)
{
    struct error err = {0};
    bool open = openmetrics_wanted(req->header(req, "Accept"));
    int r = metrics_write(w->app, res->body);

    if (r == 0 && open)
        r = convert(res->body);
    if (r < 0) {
        (void)error_set(&err, r, "out of memory");
        return api_fail(res, &err);
    }
    res->content_type = open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                             : "text/plain; version=0.0.4; charset=utf-8";
    response_header(res, "Vary", "Accept");
    res->compressible = true;
    return 200;
}
