#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "server/request.h"

void response_header(struct response *res, const char *name, const char *value)
{
    assert(res->n_headers < RESPONSE_HEADERS_MAX);
    res->headers[res->n_headers].name = name;
    res->headers[res->n_headers].value = value;
    res->n_headers++;
}

void response_print(struct response *res, const char *name, const char *format, ...)
{
    char *value = res->text + res->text_len;
    size_t room = RESPONSE_TEXT_MAX - res->text_len;
    va_list args;

    assert(room > 0);
    va_start(args, format);
    int len = vsnprintf(value, room, format, args);
    va_end(args);
    res->text_len += len < 0 ? 0 : (size_t)len >= room ? room - 1 : (size_t)len + 1;
    response_header(res, name, value);
}
