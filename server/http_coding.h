#ifndef SERVER_HTTP_CODING_H
#define SERVER_HTTP_CODING_H

#include <stddef.h>

#include "server/buf.h"

struct error;

/* Compressed bodies: Content-Encoding in, Accept-Encoding out. */
enum http_coding {
    HTTP_IDENTITY,
    HTTP_GZIP,
    HTTP_DEFLATE, /* zlib's wrapper around deflate, RFC 9110, 8.4.1.2 */
    HTTP_CODING_UNKNOWN,
};

/* What a Content-Encoding says; NULL and "" are identity. A list is unknown. */
enum http_coding http_coding_of(const char *content_encoding);

/* The one that an Accept-Encoding likes best; of equals the first listed. NULL is identity:
 * whoever says nothing may take nothing else. Never unknown. */
enum http_coding http_coding_accepted(const char *accept_encoding);

const char *http_coding_name(enum http_coding coding);

/* Whether bytes look like a gzip file. */
int http_coding_is_gzip(const void *bytes, size_t len);

/* Appends what `bytes` unpack to; `out`'s limit is the most. A gzip may have several members;
 * what some clients call deflate has no wrapper, and is taken too. Returns 0; -EBADMSG if it is
 * damaged, cut short or followed by something else; -E2BIG beyond the limit or, after the first
 * megabyte, beyond `ratio` times its length; -ENOMEM; each with `err`. */
int http_coding_unpack(enum http_coding coding, const void *bytes, size_t len, size_t ratio,
                       struct buf *out, struct error *err);

/* Appends `bytes`, packed. Returns 0, -E2BIG, -ENOMEM. */
int http_coding_pack(enum http_coding coding, const void *bytes, size_t len, struct buf *out);

#endif
