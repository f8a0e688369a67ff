#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/request.h"

void response_header(struct response *res, const char *name, const char *value)
{
    assert(res->n_headers < RESPONSE_HEADERS_MAX);
    res->headers[res->n_headers].name = name;
    res->headers[res->n_headers].value = value;
    res->n_headers++;
}

void response_value(struct response *res, const char *name, const char *value, size_t len)
{
    char *kept = res->text + res->text_len;
    size_t room = RESPONSE_TEXT_MAX - res->text_len;

    assert(room > 0);
    if (len >= room)
        len = room - 1;
    memcpy(kept, value, len);
    kept[len] = '\0';
    res->text_len += len + 1;
    response_header(res, name, kept);
}

void response_print(struct response *res, const char *name, const char *format, ...)
{
    char value[RESPONSE_TEXT_MAX];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    response_value(res, name, value, len < 0 ? 0 : (size_t)len);
}
