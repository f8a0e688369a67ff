#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "server/buf.h"

struct later_job;
struct route;
struct worker;

enum {
    REQUEST_NAME_MAX = 127, /* bytes of a model's name in a path */
    RESPONSE_HEADERS_MAX = 32,
    RESPONSE_TEXT_MAX = 512,
};

/* Whether the body comes as a CloudEvent, and how. */
enum request_event { REQUEST_NO_EVENT, REQUEST_EVENT_BINARY, REQUEST_EVENT_STRUCTURED };

/* One HTTP request, whole: the body has arrived and fits the limit. Everything in it is
 * borrowed, until the handler returns. */
struct request {
    const struct route *route;
    char model[REQUEST_NAME_MAX + 1];   /* {model} of the path, decoded; "" if it has none */
    char version[REQUEST_NAME_MAX + 1]; /* {version} of the path; "" if it has none */
    char label[REQUEST_NAME_MAX + 1];   /* {label} of the path; "" if it has none */
    const char *path;                   /* decoded, without the query */
    const char *place; /* the prefix's last segment if that is all of the URL; else NULL */
    const char *content_type; /* "" if the client sent none */
    const char *body;
    size_t body_len;
    enum request_event event;

    /* The value of a header by its case-insensitive name; NULL if the client sent none. */
    const char *(*header)(const struct request *req, const char *name);

    /* Calls `take` for each header. What it gets lives as long as the request. */
    void (*headers)(const struct request *req,
                    void (*take)(void *to, const char *name, const char *value), void *to);

    /* The value of a parameter of the query, "" for one without; NULL if it has none so named.
     */
    const char *(*query)(const struct request *req, const char *name);
    void *connection; /* of these functions only */
};

/* What the handler fills; http.c sends it. */
struct response {
    struct buf *body; /* the worker's, empty at first */
    const void
        *constant; /* if set, sent instead of `body`: bytes that live as long as the program */
    size_t constant_len;
    const char *content_type; /* a string constant */
    bool compressible;        /* clients that asked for a compressed one understand it here */
    struct {
        const char *name;
        const char *value; /* both live until the response is sent */
    } headers[RESPONSE_HEADERS_MAX];
    size_t n_headers;
    struct later_job *later;      /* if set, its finish() answers instead, once it has run */
    char text[RESPONSE_TEXT_MAX]; /* of response_value() */
    size_t text_len;
};

/* Answers one request and returns the HTTP status. Knows nothing of sockets or threads; `w` is
 * the calling thread's own. */
typedef int handler_fn(struct worker *w, const struct request *req, struct response *res);

/* Adds a header. Both strings must outlive the response; more than RESPONSE_HEADERS_MAX is a
 * mistake of the caller (asserted). */
void response_header(struct response *res, const char *name, const char *value);

/* The same with a value that is copied into the response: what does not fit is cut off. */
void response_value(struct response *res, const char *name, const char *value, size_t len);
__attribute__((format(printf, 3, 4))) void
response_print(struct response *res, const char *name, const char *format, ...);

#endif
