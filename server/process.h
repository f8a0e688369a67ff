#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <stdint.h>

/* What the kernel says of this process; what it does not say stays 0. */
struct process_usage {
    double cpu_s;
    double start_s; /* since the epoch */
    uint64_t resident_bytes;
    uint64_t virtual_bytes;
    uint64_t open_fds;
    uint64_t max_fds;
};

void process_usage(struct process_usage *ret);

#endif
