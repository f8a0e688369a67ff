#ifndef SERVER_GRANTED_H
#define SERVER_GRANTED_H

#include <stdint.h>

/* How many processors this process may keep busy: those it may run on, or the cgroup's quota
 * rounded up if that is less. At least 1. */
unsigned granted_processors(void);

/* The bytes of memory that the cgroup allows this process and its kin; 0 if there is no limit.
 */
uint64_t granted_memory(void);

/* The cgroup's limits alone: 0 if there is none. `root` is where the cgroup file systems are
 * mounted ("/sys/fs/cgroup"), `self` the file that names our group ("/proc/self/cgroup"). */
double granted_quota(const char *root, const char *self);
uint64_t granted_limit(const char *root, const char *self);

#endif
