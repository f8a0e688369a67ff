#include "server/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/buf.h"

enum { LINE_MAX_LEN = 16 * 1024 };

static _Atomic(enum log_level) level_max = LOG_INFO;
static enum log_format line_format = LOG_LOGFMT;
static atomic_ulong lost; /* lines, since one last got through */

void log_configure(enum log_level level, enum log_format format)
{
    log_set_level(level);
    line_format = format;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_max, level, memory_order_relaxed);
}

enum log_level log_level_now(void)
{
    return atomic_load_explicit(&level_max, memory_order_relaxed);
}

static int append_time(struct buf *line)
{
    struct timespec now;
    struct tm utc;
    char seconds[32];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &utc) ||
        strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        return buf_text(line, "unknown");
    return buf_print(line, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* Whether logfmt readers take the value without quotes. */
static bool is_plain(const char *value)
{
    if (!*value)
        return false;
    for (const char *c = value; *c; c++)
        if (*c <= ' ' || *c == '"' || *c == '=' || *c == '\\' || *c > '~')
            return false;
    return true;
}

static int append_field(struct buf *line, const char *name, const char *value)
{
    int r;

    if (line_format == LOG_JSON) {
        r = buf_print(line, ",\"%s\":", name);
        return r ? r : buf_json_string(line, value, strlen(value));
    }
    r = buf_print(line, " %s=", name);
    if (r == 0)
        r = is_plain(value) ? buf_text(line, value)
                            : buf_json_string(line, value, strlen(value));
    return r;
}

static bool is_writable(void)
{
    struct pollfd to = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&to, 1, 0) != 0;
}

/* One at a time, so that what was writable still is. */
static void write_line(const struct buf *line)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

    (void)pthread_mutex_lock(&one);
    if (is_writable())
        (void)!write(STDERR_FILENO, line->data, line->len);
    else
        atomic_fetch_add(&lost, 1);
    (void)pthread_mutex_unlock(&one);
}

static void tell_lost(void)
{
    char lines[24];

    if (atomic_load_explicit(&lost, memory_order_relaxed) == 0 || !is_writable())
        return;
    unsigned long n = atomic_exchange(&lost, 0);

    (void)snprintf(lines, sizeof(lines), "%lu", n);
    if (n > 0)
        log_event(LOG_WARN, "log-lost", "lines", lines, NULL);
}

void log_event(enum log_level level, const char *event, ...)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    struct buf line = BUF(LINE_MAX_LEN);
    va_list fields;

    if (level > log_level_now())
        return;
    tell_lost();
    int r = buf_text(&line, line_format == LOG_JSON ? "{\"time\":\"" : "time=");
    if (r == 0)
        r = append_time(&line);
    if (r == 0 && line_format == LOG_JSON)
        r = buf_text(&line, "\"");
    if (r == 0)
        r = append_field(&line, "level", levels[level]);
    if (r == 0)
        r = append_field(&line, "event", event);
    va_start(fields, event);
    for (const char *name = va_arg(fields, const char *); name && r == 0;
         name = va_arg(fields, const char *))
        r = append_field(&line, name, va_arg(fields, const char *));
    va_end(fields);
    if (r == 0)
        r = buf_text(&line, line_format == LOG_JSON ? "}\n" : "\n");
    /* A line that cannot be built is lost: there is nobody left to tell. */
    if (r == 0)
        write_line(&line);
    buf_clear(&line);
}
