#ifndef SERVER_HTTP_QUERY_H
#define SERVER_HTTP_QUERY_H

enum { HTTP_QUERY_VALUE_MAX = 63 };

/* What stands behind the '?' of a URL. libmicrohttpd would make a record of each parameter, and
 * 0.9.75 goes on with freed memory when one does not fit; so the query is hidden from it. */
struct http_query {
    char *text; /* NULL: there is none */
    char first; /* its first character, in whose place is a zero until the query is read */
    char value[HTTP_QUERY_VALUE_MAX + 1]; /* what was found last */
};

/* Ends a URL, as it was sent, behind its '?'. It should live as long as the request does. */
void http_query_hide(struct http_query *q, const char *url);

/* The value of the first parameter so named, decoded, at most its first HTTP_QUERY_VALUE_MAX
 * bytes; "" for one without; NULL if there is none. It lives until the next call. */
const char *http_query_find(struct http_query *q, const char *name);

#endif
