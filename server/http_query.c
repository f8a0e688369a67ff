#include "server/http_query.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <string.h>

void http_query_hide(struct http_query *q, const char *url)
{
    char *mark = strchr(url, '?');

    q->text = mark && mark[1] ? mark + 1 : NULL;
    if (!q->text)
        return;
    q->first = *q->text;
    *q->text = '\0';
}

static const char *decode(struct http_query *q, const char *value, size_t len)
{
    if (len > HTTP_QUERY_VALUE_MAX)
        len = HTTP_QUERY_VALUE_MAX;
    for (size_t i = 0; i < len; i++)
        q->value[i] = (char)(value[i] == '+' ? ' ' : value[i]);
    q->value[len] = '\0';
    (void)MHD_http_unescape(q->value);
    return q->value;
}

const char *http_query_find(struct http_query *q, const char *name)
{
    size_t name_len = strlen(name);
    const char *end;

    if (!q->text)
        return NULL;
    *q->text = q->first;
    for (const char *p = q->text; *p; p = *end ? end + 1 : end) {
        end = p + strcspn(p, "&");
        size_t len = (size_t)(end - p);

        if (len < name_len || strncmp(p, name, name_len) != 0)
            continue;
        if (len == name_len)
            return "";
        if (p[name_len] == '=')
            return decode(q, p + name_len + 1, len - name_len - 1);
    }
    return NULL;
}
