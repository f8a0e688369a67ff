#include <assert.h>

#include "server/request.h"

void response_header(struct response *res, const char *name, const char *value)
{
    assert(res->n_headers < RESPONSE_HEADERS_MAX);
    res->headers[res->n_headers].name = name;
    res->headers[res->n_headers].value = value;
    res->n_headers++;
}
