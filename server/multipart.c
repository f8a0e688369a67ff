#include "server/multipart.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "model/error.h"

/* From `p` to behind the next semicolon that is not in quotes; NULL if there is none. */
static const char *behind_semicolon(const char *p, const char *end)
{
    bool quoted = false;

    for (; p < end; p++) {
        quoted ^= *p == '"';
        if (*p == ';' && !quoted)
            return p + 1;
    }
    return NULL;
}

/* A value that may be quoted; a quoted one ends at the next quote: browsers write %22 for one
 * inside. Returns NULL if it does not end. */
static const char *value_at(const char *p, const char *end, size_t *ret_len)
{
    bool quoted = p < end && *p == '"';

    p += quoted;
    const char *last = memchr(p, quoted ? '"' : ';', (size_t)(end - p));

    if (!last && quoted)
        return NULL;
    *ret_len = (size_t)((last ? last : end) - p);
    return p;
}

/* The value of a parameter, "; name=value" or "; name=\"value\"", in text[0..len-1]. Returns
 * NULL if there is none. */
static const char *parameter(const char *text, size_t len, const char *name, size_t *ret_len)
{
    const char *end = text + len;
    const size_t name_len = strlen(name);

    for (const char *p = text; (p = behind_semicolon(p, end));) {
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        if ((size_t)(end - p) > name_len && p[name_len] == '=' &&
            strncasecmp(p, name, name_len) == 0)
            return value_at(p + name_len + 1, end, ret_len);
    }
    return NULL;
}

/* Steps from behind a delimiter to what follows its line: 1 if a part begins there, 0 if the
 * delimiter was the last one. */
static int behind_delimiter(struct multipart *m, struct error *err)
{
    if (m->end - m->at >= 2 && m->at[0] == '-' && m->at[1] == '-')
        return 0;
    while (m->at < m->end && (*m->at == ' ' || *m->at == '\t'))
        m->at++;
    if (m->end - m->at < 2 || m->at[0] != '\r' || m->at[1] != '\n')
        return error_set(err, -EBADMSG, "at byte %zu a line should end after the boundary",
                         (size_t)(m->at - m->begin));
    return 1;
}

int multipart_begin(struct multipart *m, const char *content_type, const char *body, size_t len,
                    struct error *err)
{
    size_t n = 0;
    const char *boundary = parameter(content_type, strlen(content_type), "boundary", &n);

    if (!boundary || n == 0 || n > MULTIPART_BOUNDARY_MAX)
        return error_set(err, -EINVAL,
                         "the Content-Type is '%.80s'; it should have a boundary of 1 to %d "
                         "characters",
                         content_type, MULTIPART_BOUNDARY_MAX);
    *m = (struct multipart){
        .at = body, .end = body + len, .begin = body, .delimiter_len = n + 4};
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary, n);
    /* The first one may stand at the very beginning, without a line before it. */
    if (len >= n + 2 && memcmp(body, m->delimiter + 2, n + 2) == 0) {
        m->at = body + n + 2;
        return 0;
    }
    const char *first = memmem(body, len, m->delimiter, m->delimiter_len);

    if (!first)
        return error_set(err, -EBADMSG, "the body has no boundary '%.*s'", (int)n, boundary);
    m->at = first + m->delimiter_len;
    return 0;
}

/* Reads one header line. */
static void read_header(const char *line, size_t len, struct multipart_part *part)
{
    static const char disposition[] = "Content-Disposition:", type[] = "Content-Type:";
    const size_t type_len = sizeof(type) - 1;
    size_t n;

    if (len >= sizeof(disposition) - 1 &&
        strncasecmp(line, disposition, sizeof(disposition) - 1) == 0) {
        part->name = parameter(line, len, "name", &part->name_len);
        part->file |= parameter(line, len, "filename", &n) != NULL ||
                      parameter(line, len, "filename*", &n) != NULL;
    }
    if (len >= type_len && strncasecmp(line, type, type_len) == 0) {
        line += type_len;
        len -= type_len;
        while (len > 0 && (*line == ' ' || *line == '\t')) {
            line++;
            len--;
        }
        part->file |= len >= 6 && strncasecmp(line, "image/", 6) == 0;
    }
}

/* Reads the header lines up to the empty one. */
static int read_head(struct multipart *m, struct multipart_part *part, struct error *err)
{
    const char *begin = m->at;

    for (;;) {
        const char *line = m->at + 2; /* behind the end of the line before */
        const char *end = memmem(line, (size_t)(m->end - line), "\r\n", 2);

        if (!end || end - begin > MULTIPART_HEAD_MAX)
            return error_set(err, -EBADMSG,
                             "the headers of the part at byte %zu do not end within %d bytes",
                             (size_t)(begin - m->begin), MULTIPART_HEAD_MAX);
        m->at = end;
        if (end == line)
            return 0;
        read_header(line, (size_t)(end - line), part);
    }
}

int multipart_next(struct multipart *m, struct multipart_part *ret, struct error *err)
{
    int r = behind_delimiter(m, err);

    if (r <= 0)
        return r;
    *ret = (struct multipart_part){0};
    r = read_head(m, ret, err);
    if (r < 0)
        return r;
    if (!ret->name)
        return error_set(err, -EBADMSG,
                         "the part before byte %zu has no Content-Disposition with a name",
                         (size_t)(m->at - m->begin));
    /* The empty line may itself be that before the delimiter. */
    const char *body = m->at + 2;
    const char *end = memmem(m->at, (size_t)(m->end - m->at), m->delimiter, m->delimiter_len);

    if (!end)
        return error_set(err, -EBADMSG,
                         "the part at byte %zu does not end: its boundary is missing",
                         (size_t)(body - m->begin));
    ret->body = body;
    ret->len = end > body ? (size_t)(end - body) : 0;
    m->at = end + m->delimiter_len;
    return 1;
}
