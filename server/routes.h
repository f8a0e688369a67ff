#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "server/request.h"

struct protocol;

/* One row of the table of all URLs. A new URL or wire format is a new row; the row is also the
 * metrics label. */
struct route {
    const char *method; /* GET also answers HEAD */
    const char
        *pattern; /* "/v1/models/{model}:predict"; {model}, {version} and {label} capture;
                    {*} is any rest */
    const char *content_type; /* the row is only for bodies of this type; NULL = any */
    bool body;                /* may carry one; else a body is refused with 413 */
    bool admin;               /* also answered on the admin listener */
    handler_fn *handle;
    const struct protocol *protocol; /* for api_infer(); else NULL */
};

/* Finds the row for a decoded path (no query) and fills req->route, model, version, label. The
 * first row that fits wins. Returns 0; -ENOENT if no row has the path; -EPERM if some have it
 * but not with this method, with *ret_allow a string constant for the Allow header. */
int routes_find(const char *method, const char *path, const char *content_type,
                struct request *req, const char **ret_allow);

/* All rows, for metrics and tests. A row's index is routes_index(). */
const struct route *routes_all(size_t *ret_count);
size_t routes_index(const struct route *route);

#endif
