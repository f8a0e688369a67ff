#ifndef SERVER_MULTIPART_H
#define SERVER_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

struct error;

enum {
    MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 */
    MULTIPART_HEAD_MAX = 4096,   /* bytes of a part's headers */
};

/* Walks the parts of a multipart/form-data body (RFC 7578) without copying any. */
struct multipart {
    const char *at, *end, *begin;
    char delimiter[MULTIPART_BOUNDARY_MAX + 5]; /* "\r\n--boundary" */
    size_t delimiter_len;
};

/* One part. Spans point into the body. */
struct multipart_part {
    const char *name; /* of the form's field */
    size_t name_len;
    bool file; /* it has a file name, or a type that is a picture's */
    const char *body;
    size_t len;
};

/* Finds the first part. Returns 0; -EINVAL or -EBADMSG with `err` saying what is wrong. */
int multipart_begin(struct multipart *m, const char *content_type, const char *body, size_t len,
                    struct error *err);

/* Returns 1 and the next part, 0 behind the last one, or as multipart_begin(). */
int multipart_next(struct multipart *m, struct multipart_part *ret, struct error *err);

#endif
