#ifndef SERVER_HTTP_HEADER_H
#define SERVER_HTTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;

/* What a request's headers say, found in one walk through them. What they say of its body is
 * checked more strictly than libmicrohttpd does: a proxy in front of us must not read another
 * length out of them than we do (request smuggling). */
struct http_header {
    const char *host;       /* as sent; NULL: none */
    const char *length;     /* Content-Length */
    const char *encoding;   /* Transfer-Encoding */
    const char *coding;     /* Content-Encoding */
    const char *type;       /* Content-Type; of two, the first */
    const char *accepted;   /* Accept-Encoding */
    const char *origin;     /* Origin */
    const char *id;         /* x-request-id */
    const char *event;      /* ce-specversion */
    const char *connection; /* Connection */
    const char *cookie;     /* Cookie; of two, the first */
    size_t n;               /* how many there are */
    uint64_t announced;     /* bytes; 1 if chunked */
    int refused;            /* 0, or the status to answer with */
    const char *why;        /* and the sentence */
};

void http_header_read(struct MHD_Connection *connection, struct http_header *ret);

/* One header at a time, as http_header_read() does. Starts zeroed; then http_header_end(). */
void http_header_add(struct http_header *h, const char *name, const char *value);
void http_header_end(struct http_header *h);

#endif
