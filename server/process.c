#include "server/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Fields of /proc/PID/stat, counted from the one behind the name: the third of proc(5). */
enum { UTIME = 14 - 3, STIME = 15 - 3, STARTTIME = 22 - 3, VSIZE = 23 - 3, RSS = 24 - 3 };

static double boot_time(void)
{
    char line[256];
    double at = 0;
    FILE *f = fopen("/proc/stat", "re");

    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, "btime ", 6) == 0)
            at = strtod(line + 6, NULL);
    if (f)
        (void)fclose(f);
    return at;
}

static void read_stat(struct process_usage *ret)
{
    char line[1024];
    uint64_t fields[RSS + 1] = {0};
    double ticks = (double)sysconf(_SC_CLK_TCK);
    FILE *f = fopen("/proc/self/stat", "re");
    char *at = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;

    if (f)
        (void)fclose(f);
    if (!at || !at[1] || !at[2])
        return;
    at += 3; /* the state, a letter, is the first field */
    for (size_t i = 1; i <= RSS; i++)
        fields[i] = strtoull(at, &at, 10);
    ret->cpu_s = (double)(fields[UTIME] + fields[STIME]) / ticks;
    ret->start_s = boot_time() + (double)fields[STARTTIME] / ticks;
    ret->virtual_bytes = fields[VSIZE];
    ret->resident_bytes = fields[RSS] * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t count_fds(void)
{
    uint64_t n = 0;
    DIR *d = opendir("/proc/self/fd");

    if (!d)
        return 0;
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += *e->d_name != '.';
    (void)closedir(d);
    return n ? n - 1 : 0; /* the folder itself was one of them */
}

void process_usage(struct process_usage *ret)
{
    struct rlimit limit;

    *ret = (struct process_usage){.open_fds = count_fds()};
    read_stat(ret);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        ret->max_fds = limit.rlim_cur;
}
