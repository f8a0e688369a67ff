#include "server/http_header.h"

#include <ctype.h>
#include <errno.h>
#include <microhttpd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void refuse(struct http_header *h, int status, const char *why)
{
    if (h->refused)
        return; /* the first reason is the one to tell */
    h->refused = status;
    h->why = why;
}

/* RFC 9110's token: no space before the colon, no control characters. */
static bool is_token(const char *name)
{
    if (!*name)
        return false;
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
            return false;
    return true;
}

/* What is only taken down. */
static void note(struct http_header *h, const char *name, const char *value)
{
    static const struct {
        const char *name; /* lower case */
        size_t at;
    } rows[] = {
        {"content-type",     offsetof(struct http_header, type)      },
        {"content-encoding", offsetof(struct http_header, coding)    },
        {"accept-encoding",  offsetof(struct http_header, accepted)  },
        {"origin",           offsetof(struct http_header, origin)    },
        {"x-request-id",     offsetof(struct http_header, id)        },
        {"ce-specversion",   offsetof(struct http_header, event)     },
        {"connection",       offsetof(struct http_header, connection)},
        {"cookie",           offsetof(struct http_header, cookie)    },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if ((*name | 0x20) != *rows[i].name || strcasecmp(name, rows[i].name) != 0)
            continue;
        const char **at = (const char **)(void *)((char *)h + rows[i].at);

        if (!*at)
            *at = value;
        return;
    }
}

void http_header_add(struct http_header *h, const char *name, const char *value)
{
    h->n++;
    if (!is_token(name)) {
        refuse(h, 400, "a header's name holds characters that it must not");
    } else if (strcasecmp(name, "Content-Length") == 0) {
        if (h->length && strcmp(h->length, value) != 0)
            refuse(h, 400, "Content-Length is given twice, with different values");
        h->length = value;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        if (h->encoding)
            refuse(h, 400, "Transfer-Encoding is given twice");
        h->encoding = value;
    } else if (strcasecmp(name, "Host") == 0) {
        if (h->host)
            refuse(h, 400, "Host is given twice");
        h->host = value;
    } else {
        note(h, name, value);
    }
}

void http_header_end(struct http_header *h)
{
    if (h->length && h->encoding)
        refuse(h, 400, "Content-Length and Transfer-Encoding are both given");
    if (h->encoding && strcasecmp(h->encoding, "chunked") != 0)
        refuse(h, 501, "the Transfer-Encoding is not supported; it should be chunked");
    h->announced = h->encoding ? 1 : 0;
    if (h->length) {
        errno = 0;
        h->announced = strtoull(h->length, NULL, 10);
        if (!*h->length || strspn(h->length, "0123456789") != strlen(h->length) || errno)
            refuse(h, 400, "Content-Length is no number");
    }
}

static enum MHD_Result each(void *header, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    (void)kind;
    /* The library makes a new name of the old one and of what a folded line adds, so that a
     * length would be nobody's. */
    if (value && (uintptr_t)value < (uintptr_t)name)
        refuse(header, 400, "a header's line is continued on the next one");
    http_header_add(header, name ? name : "", value ? value : "");
    /* The library has put zeroes where the line ended, and takes one inside of it for the end
     * of the value. */
    if (value && (value[strlen(value) + 1] != '\0' || strchr(value, '\r')))
        refuse(header, 400, "a header's line does not end with CR LF, or holds CR or zero");
    return MHD_YES;
}

void http_header_read(struct MHD_Connection *connection, struct http_header *ret)
{
    *ret = (struct http_header){0};
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, each, ret);
    http_header_end(ret);
}
