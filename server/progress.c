#include "server/progress.h"

#include <stdio.h>
#include <string.h>

#include "server/metrics.h"
#include "server/terminal.h"

enum {
    BAR = 30,   /* characters */
    LINE = 160, /* bytes; block characters take three */
    REDRAW_NS = 100 * 1000 * 1000,
};

void progress_line(const struct progress *p, double seconds, char *out, size_t len)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double share = p->total ? (double)p->done / (double)p->total : 1;
    double rate = seconds > 0 ? (double)p->done / seconds : 0;
    unsigned left = rate > 0 ? (unsigned)((double)(p->total - p->done) / rate + 0.5) : 0;
    unsigned filled = (unsigned)(share * BAR * 8);
    char bar[BAR * 3 + 1] = "";

    for (unsigned i = 0; i < BAR; i++) {
        unsigned eighth = filled < i * 8 ? 0 : filled - i * 8;

        (void)strncat(bar, eighth >= 8 ? "█" : eighths[eighth], sizeof(bar) - strlen(bar) - 1);
    }
    (void)snprintf(out, len, "%s [%s] %zu / %zu  %.0f/s  %u:%02u left", p->what, bar, p->done,
                   p->total, rate, left / 60, left % 60);
}

static void draw(struct progress *p, uint64_t now)
{
    char line[LINE + BAR];

    progress_line(p, (double)(now - p->begun_ns) / 1e9, line, sizeof(line));
    (void)fprintf(stderr, "\r%s\033[K", line);
    (void)fflush(stderr);
    p->drawn_ns = now;
}

void progress_start(struct progress *p, const char *what, size_t total)
{
    *p = (struct progress){.what = what, .total = total, .visible = terminal_is(stderr)};
    p->begun_ns = metrics_now();
    if (p->visible)
        draw(p, p->begun_ns);
}

void progress_add(struct progress *p, size_t n)
{
    p->done += n;
    if (!p->visible)
        return;

    uint64_t now = metrics_now();

    if (now - p->drawn_ns >= REDRAW_NS)
        draw(p, now);
}

double progress_end(struct progress *p)
{
    if (p->visible)
        (void)fputs("\r\033[K", stderr);
    return (double)(metrics_now() - p->begun_ns) / 1e9;
}
