#include "server/openmetrics.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOTAL "_total"

/* The q of one item of an Accept header, which ends at `end`. */
static double quality(const char *item, const char *end)
{
    for (const char *at = memchr(item, ';', (size_t)(end - item)); at && at < end;
         at = memchr(at, ';', (size_t)(end - at))) {
        at++;
        at += strspn(at, " \t");
        if (end - at > 2 && strncasecmp(at, "q=", 2) == 0)
            return strtod(at + 2, NULL);
    }
    return 1;
}

static bool is_type(const char *item, const char *type)
{
    size_t len = strcspn(item, ";, \t");

    return len == strlen(type) && strncasecmp(item, type, len) == 0;
}

bool openmetrics_wanted(const char *accept)
{
    double open = 0;
    double plain = 0;

    for (const char *at = accept; at && *at;) {
        at += strspn(at, " \t,");
        const char *end = at + strcspn(at, ",");
        double q = quality(at, end);

        if (is_type(at, "application/openmetrics-text"))
            open = q > open ? q : open;
        else if (is_type(at, "text/plain") || is_type(at, "text/*"))
            plain = q > plain ? q : plain;
        at = end;
    }
    return open > 0 && open >= plain;
}

/* "# TYPE name_total counter" and its like. */
static int write_comment(const char *line, const char *end, struct buf *out)
{
    const size_t prefix = strlen("# TYPE ");
    const char *name = line + prefix;
    const char *space = memchr(name, ' ', (size_t)(end - name));
    size_t total = strlen(TOTAL);
    size_t cut =
        space && (size_t)(space - name) > total && memcmp(space - total, TOTAL, total) == 0
            ? total
            : 0;

    if (!space)
        return buf_append(out, line, (size_t)(end - line));
    int r = buf_append(out, line, (size_t)(space - line) - cut);

    /* A counter has to be called so. */
    if (r == 0 && !cut && end - space >= 8 && memcmp(space, " counter", 8) == 0)
        return buf_text(out, " unknown\n");
    return r ? r : buf_append(out, space, (size_t)(end - space));
}

/* le="1" becomes le="1.0". */
static int write_sample(const char *line, const char *end, struct buf *out)
{
    static const char key[] = "le=\"";
    const char *le = memmem(line, (size_t)(end - line), key, sizeof(key) - 1);
    const char *at = le ? le + sizeof(key) - 1 : line;
    size_t digits = le ? strspn(at, "0123456789") : 0;

    if (digits == 0 || at[digits] != '"')
        return buf_append(out, line, (size_t)(end - line));
    int r = buf_append(out, line, (size_t)(at - line) + digits);

    if (r == 0)
        r = buf_text(out, ".0");
    return r ? r : buf_append(out, at + digits, (size_t)(end - at) - digits);
}

int openmetrics_write(const char *text, size_t len, struct buf *out)
{
    const char *end = text + len;
    int r = 0;

    while (text < end && r == 0) {
        const char *line = memchr(text, '\n', (size_t)(end - text));
        const char *next = line ? line + 1 : end;

        r = next - text > 8 && *text == '#' ? write_comment(text, next, out)
                                            : write_sample(text, next, out);
        text = next;
    }
    return r ? r : buf_text(out, "# EOF\n");
}
