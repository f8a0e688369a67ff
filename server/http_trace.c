#include "server/http_trace.h"

#include <string.h>

#include "server/uuid.h"

const char *http_trace_request_id(const char *sent, bool wanted,
                                  char made[HTTP_TRACE_REQUEST_ID_MAX + 1])
{
    size_t len = sent ? strlen(sent) : 0;
    bool sane = len > 0 && len <= HTTP_TRACE_REQUEST_ID_MAX;

    for (size_t i = 0; i < len && sane; i++)
        sane = sent[i] > ' ' && sent[i] <= '~';
    if (sane)
        return sent;
    if (!wanted)
        return NULL;
    uuid_make(made);
    return made;
}

/* Whether `len` lowercase hexadecimal digits are at `at`, and not all of them zero. */
static bool is_id(const char *at, size_t len)
{
    return strspn(at, "0123456789abcdef") >= len && strspn(at, "0") < len;
}

void http_trace_id(const char *traceparent, char out[HTTP_TRACE_ID_LEN + 1])
{
    enum { TRACE = 3, PARENT = 36, FLAGS = 53, WHOLE = 55 };
    static const char hex[] = "0123456789abcdef";
    const char *t = traceparent ? traceparent : "";

    *out = '\0';
    if (strlen(t) < WHOLE || strspn(t, hex) != 2 || strncmp(t, "ff", 2) == 0 ||
        t[TRACE - 1] != '-' || !is_id(t + TRACE, HTTP_TRACE_ID_LEN) || t[PARENT - 1] != '-' ||
        !is_id(t + PARENT, 16) || t[FLAGS - 1] != '-' || strspn(t + FLAGS, hex) != 2)
        return;
    /* Later versions may add to it. */
    if (t[WHOLE] != '\0' && (strncmp(t, "00", 2) == 0 || t[WHOLE] != '-'))
        return;
    memcpy(out, t + TRACE, HTTP_TRACE_ID_LEN);
    out[HTTP_TRACE_ID_LEN] = '\0';
}

/* Milliseconds with three decimals; by hand, because it is written for every answer. */
static char *write_ms(char *at, uint64_t ns)
{
    uint64_t us = (ns + 500) / 1000;
    char digits[24];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + us % 10);
        us /= 10;
        if (n == 3)
            digits[n++] = '.';
    } while (us > 0 || n < 5);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static char *write_text(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

void http_trace_timing(const uint64_t stage_ns[METRICS_STAGES], struct response *res)
{
    char text[METRICS_STAGES * 48];
    char *at = text;

    for (int i = 0; i < METRICS_STAGES; i++) {
        const char *name = metrics_stage_name((enum metrics_stage)i);

        if (stage_ns[i] == 0)
            continue;
        if (at > text)
            at = write_text(at, ", ", 2);
        at = write_text(at, name, strlen(name));
        at = write_text(at, ";dur=", 5);
        at = write_ms(at, stage_ns[i]);
    }
    if (at > text)
        response_value(res, "Server-Timing", text, (size_t)(at - text));
}
