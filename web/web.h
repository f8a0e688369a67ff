#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stddef.h>

/* The page's files, embedded. */
struct web_file {
    const char *path; /* "/", "/app.js", ... */
    const char *content_type;
    const char *etag; /* quoted, of the bytes */
    const unsigned char *bytes;
    size_t len;
};

extern const struct web_file web_files[];
extern const size_t web_files_count;

#endif
