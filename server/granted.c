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

static double limit_in(const char *folder, const char *name)
{
    const double none = 1e18; /* cgroup v1 says "no limit" with a number near 2^63 */
    char path[FILE_MAX];
    char line[64];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    double limit = read_line(path, line, sizeof(line)) ? strtod(line, NULL) : 0;

    return limit > 0 && limit < none ? limit : 0;
}

static double limit_v2(const char *folder)
{
    return limit_in(folder, "memory.max"); /* "max" is no number */
}

static double limit_v1(const char *folder)
{
    return limit_in(folder, "memory.limit_in_bytes");
}

/* What a cgroup can limit, and how a folder of either version tells. */
struct resource {
    const char *controller; /* also v1's mount */
    double (*v2)(const char *folder);
    double (*v1)(const char *folder);
};

static const struct resource cpu = {"cpu", quota_v2, quota_v1};
static const struct resource memory = {"memory", limit_v2, limit_v1};

/* The tightest limit of the group and those above it. A container often sees the path of the
 * host's tree but mounts only its own part as root: folders that do not exist have no limit. */
static double tightest(const char *mount, const char *group, double (*limit)(const char *))
{
    char folder[FOLDER_MAX];
    double least = 0;

    if (snprintf(folder, sizeof(folder), "%s%s", mount, group) >= (int)sizeof(folder))
        return 0;
    for (;;) {
        double q = limit(folder);

        if (q > 0 && (least <= 0 || q < least))
            least = q;
        char *slash = strrchr(folder, '/');
        if (!slash || strlen(folder) <= strlen(mount))
            return least;
        *slash = '\0';
    }
}

/* Whether `name` is one of the comma-separated controllers. */
static bool has(const char *controllers, const char *name)
{
    size_t len = strlen(name);

    for (const char *c = controllers; c; c = strchr(c, ',')) {
        c += *c == ',';
        if (strncmp(c, name, len) == 0 && (c[len] == ',' || c[len] == '\0'))
            return true;
    }
    return false;
}

/* One line of /proc/self/cgroup: "0::/group" (v2), "4:cpu,cpuacct:/group" (v1). */
static double limit_of_line(const struct resource *of, const char *root, char *line)
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
        return tightest(root, group, of->v2);
    if (!has(controllers, of->controller))
        return 0;
    (void)snprintf(mount, sizeof(mount), "%s/%s", root, of->controller);
    return tightest(mount, group, of->v1);
}

static double least_of(const struct resource *of, const char *root, const char *self)
{
    char line[FOLDER_MAX];
    double least = 0;
    FILE *f = fopen(self, "re");

    while (f && fgets(line, sizeof(line), f)) {
        double q = limit_of_line(of, root, line);

        if (q > 0 && (least <= 0 || q < least))
            least = q;
    }
    if (f)
        (void)fclose(f);
    return least;
}

double granted_quota(const char *root, const char *self)
{
    return least_of(&cpu, root, self);
}

uint64_t granted_limit(const char *root, const char *self)
{
    return (uint64_t)least_of(&memory, root, self);
}

uint64_t granted_memory(void)
{
    return granted_limit("/sys/fs/cgroup", "/proc/self/cgroup");
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
