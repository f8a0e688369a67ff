#ifndef SERVER_GRANTED_H
#define SERVER_GRANTED_H

/* How many processors this process may keep busy: those it may run on, or the cgroup's quota
 * rounded up if that is less. At least 1. */
unsigned granted_processors(void);

/* The quota alone: 0 if there is none. `root` is where the cgroup file systems are mounted
 * ("/sys/fs/cgroup"), `self` the file that names our group ("/proc/self/cgroup"). */
double granted_quota(const char *root, const char *self);

#endif
