#ifndef SERVER_PROGRESS_H
#define SERVER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line on stderr that shows how far a long command is; nothing where stderr is no terminal.
 * Not for several threads at once. */
struct progress {
    const char *what; /* "evaluating" */
    size_t total, done;
    uint64_t begun_ns, drawn_ns;
    bool visible;
};

void progress_start(struct progress *p, const char *what, size_t total);
void progress_add(struct progress *p, size_t n);

/* Takes the line away. Returns the seconds since the start. */
double progress_end(struct progress *p);

/* The line as it is at `seconds` from the start, without colours: a bar, the counts, the rate,
 * and the time that is left. At most `len` bytes with the NUL. */
void progress_line(const struct progress *p, double seconds, char *out, size_t len);

#endif
