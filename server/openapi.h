#ifndef SERVER_OPENAPI_H
#define SERVER_OPENAPI_H

#include <stddef.h>

#include "server/request.h"
#include "server/routes.h"

/* What the table of routes does not say of a row, for people and their tools. */
struct openapi_row {
    handler_fn *handle;
    const struct protocol *protocol; /* NULL also stands for any */
    const char *tag;
    const char *summary;
    const char *request;  /* a name of openapi_schemas; NULL: no body, or none that matters */
    const char *response; /* likewise, or a media type, which has a slash; NULL: no body */
    const char *also;     /* another media type of the answer; NULL: none */
    const char *statuses; /* those beyond the ones that every such row has, "201 507" */
};

struct openapi_schema {
    const char *name;
    const char *json; /* with ' for " */
};

extern const char *const openapi_tags[]; /* in the order of reading; ends with NULL */
extern const struct openapi_schema openapi_schemas[];
extern const size_t openapi_schemas_count;

/* NULL if nobody has described it: a test sees to it that somebody has. */
const struct openapi_row *openapi_find(const struct route *route);

#endif
