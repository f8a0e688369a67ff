#ifndef SERVER_COMPLAINT_H
#define SERVER_COMPLAINT_H

#include <stdatomic.h>
#include <stdint.h>

enum { COMPLAINT_EVERY_S = 10 };

/* Trouble that comes as often as clients do: the log has one line of it in COMPLAINT_EVERY_S,
 * which says how often it has been since the line before. For any number of threads. Starts
 * zeroed. */
struct complaint {
    _Atomic uint64_t next_ns;
    atomic_ulong times;
};

/* `now_ns` is metrics_now(), lately. */
void complain(struct complaint *c, uint64_t now_ns, const char *event, const char *reason);

#endif
