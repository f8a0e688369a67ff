#include "server/complaint.h"

#include <stddef.h>
#include <stdio.h>

#include "server/log.h"

void complain(struct complaint *c, uint64_t now_ns, const char *event, const char *reason)
{
    uint64_t next = atomic_load_explicit(&c->next_ns, memory_order_relaxed);
    char times[24];

    atomic_fetch_add_explicit(&c->times, 1, memory_order_relaxed);
    if (now_ns < next ||
        !atomic_compare_exchange_strong(&c->next_ns, &next,
                                        now_ns + COMPLAINT_EVERY_S * UINT64_C(1000000000)))
        return;
    (void)snprintf(times, sizeof(times), "%lu", atomic_exchange(&c->times, 0));
    log_event(LOG_WARN, event, "reason", reason, "times", times, NULL);
}
