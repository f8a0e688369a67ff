#include "server/granted.h"

#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDER_MAX = 1024, FILE_MAX = FOLDER_MAX + 32 };

/* Reads the file's one line. */
static bool read_line(const char *path, char *line, int len)
{
    FILE *f = fopen(path, "re");

    if (!f)
        return false;
    bool ok = fgets(line, len, f) != NULL;
    (void)fclose(f);
    return ok;
}

/* Both numbers of "50000 100000", or 0 where there is no limit ("max 100000", "-1"). */
static double ratio(const char *quota, const char *period)
{
    double q = strtod(quota, NULL);
    double p = strtod(period, NULL);

    return q > 0 && p > 0 ? q / p : 0;
}

static double quota_v2(const char *folder)
{
    char path[FILE_MAX];
    char line[128];
    char *end = NULL;

    (void)snprintf(path, sizeof(path), "%s/cpu.max", folder);
    if (!read_line(path, line, sizeof(line)) || strncmp(line, "max", 3) == 0)
        return 0;
    (void)strtod(line, &end);
    return ratio(line, end);
}

static double quota_v1(const char *folder)
{
    char path[FILE_MAX];
    char quota[64];
    char period[64];

    (void)snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", folder);
    if (!read_line(path, quota, sizeof(quota)))
        return 0;
    (void)snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", folder);
    return read_line(path, period, sizeof(period)) ? ratio(quota, period) : 0;
}

/* The tightest quota of the group and those above it. A container often sees the path of the
 * host's tree but mounts only its own part as root: folders that do not exist have no quota. */
static double tightest(const char *mount, const char *group, double (*quota)(const char *))
{
    char folder[FOLDER_MAX];
    double least = 0;

    if (snprintf(folder, sizeof(folder), "%s%s", mount, group) >= (int)sizeof(folder))
        return 0;
    for (;;) {
        double q = quota(folder);

        if (q > 0 && (least <= 0 || q < least))
            least = q;
        char *slash = strrchr(folder, '/');
        if (!slash || strlen(folder) <= strlen(mount))
            return least;
        *slash = '\0';
    }
}

/* Whether "cpu" is one of the comma-separated controllers. */
static bool has_cpu(const char *controllers)
{
    for (const char *c = controllers; c; c = strchr(c, ',')) {
        c += *c == ',';
        if (strncmp(c, "cpu", 3) == 0 && (c[3] == ',' || c[3] == '\0'))
            return true;
    }
    return false;
}

/* One line of /proc/self/cgroup: "0::/group" (v2), "4:cpu,cpuacct:/group" (v1). */
static double quota_of_line(const char *root, char *line)
{
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    char mount[FOLDER_MAX];

    if (!group)
        return 0;
    *group++ = '\0';
    controllers++;
    group[strcspn(group, "\n")] = '\0';
    if (strcmp(group, "/") == 0)
        *group = '\0';
    if (!*controllers)
        return tightest(root, group, quota_v2);
    if (!has_cpu(controllers))
        return 0;
    (void)snprintf(mount, sizeof(mount), "%s/cpu", root);
    return tightest(mount, group, quota_v1);
}

double granted_quota(const char *root, const char *self)
{
    char line[FOLDER_MAX];
    double least = 0;
    FILE *f = fopen(self, "re");

    while (f && fgets(line, sizeof(line), f)) {
        double q = quota_of_line(root, line);

        if (q > 0 && (least <= 0 || q < least))
            least = q;
    }
    if (f)
        (void)fclose(f);
    return least;
}

unsigned granted_processors(void)
{
    cpu_set_t set;
    double n = 1;
    double quota = granted_quota("/sys/fs/cgroup", "/proc/self/cgroup");

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        n = CPU_COUNT(&set);
    if (quota > 0 && ceil(quota) < n)
        n = ceil(quota);
    return n < 1 ? 1 : (unsigned)n;
}
