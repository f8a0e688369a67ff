#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/granted.h"

static char root[] = "/tmp/test_granted_XXXXXX";
static char self[64];

static void put(const char *name, const char *text)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void folder(const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(root))
        return -1;
    (void)snprintf(self, sizeof(self), "%s/self", root);
    folder("pod");
    folder("pod/box");
    folder("cpu");
    folder("cpu/old");
    folder("memory");
    folder("memory/old");
    return 0;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command); /* NOLINT(cert-env33-c): a path of our own making */
}

static void none(void **state)
{
    (void)state;
    assert_true(granted_quota(root, "/nonexistent") == 0);
    put("self", "0::/pod/box\n");
    assert_true(granted_quota(root, self) == 0);
    put("pod/box/cpu.max", "max 100000\n");
    assert_true(granted_quota(root, self) == 0);
}

static void v2_takes_the_tightest(void **state)
{
    (void)state;
    put("self", "0::/pod/box\n");
    put("pod/box/cpu.max", "250000 100000\n");
    assert_true(granted_quota(root, self) == 2.5);
    put("pod/cpu.max", "150000 100000\n");
    assert_true(granted_quota(root, self) == 1.5);
}

/* A container sees the host's path, but only its own group mounted as root. */
static void v2_path_that_is_not_mounted(void **state)
{
    (void)state;
    put("self", "0::/kubepods/pod1/abc\n");
    put("cpu.max", "50000 100000\n");
    assert_true(granted_quota(root, self) == 0.5);
    put("cpu.max", "max 100000\n");
}

static void v1(void **state)
{
    (void)state;
    put("self", "5:cpuset:/\n4:cpu,cpuacct:/old\n0::/\n");
    put("cpu/old/cpu.cfs_quota_us", "-1\n");
    put("cpu/old/cpu.cfs_period_us", "100000\n");
    assert_true(granted_quota(root, self) == 0);
    put("cpu/old/cpu.cfs_quota_us", "300000\n");
    assert_true(granted_quota(root, self) == 3);
    put("self", "4:cpuacct,cpu:/old\n");
    assert_true(granted_quota(root, self) == 3);
    put("self", "4:cpuacct:/old\n");
    assert_true(granted_quota(root, self) == 0);
}

static void memory_v2(void **state)
{
    (void)state;
    put("self", "0::/pod/box\n");
    assert_int_equal(granted_limit(root, self), 0);
    put("pod/box/memory.max", "max\n");
    assert_int_equal(granted_limit(root, self), 0);
    put("pod/box/memory.max", "134217728\n");
    assert_int_equal(granted_limit(root, self), 128 << 20);
    put("pod/memory.max", "67108864\n");
    assert_int_equal(granted_limit(root, self), 64 << 20);
}

static void memory_v1(void **state)
{
    (void)state;
    put("self", "7:memory:/old\n4:cpu,cpuacct:/\n");
    put("memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("memory/old/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(granted_limit(root, self), 0);
    put("memory/old/memory.limit_in_bytes", "67108864\n");
    assert_int_equal(granted_limit(root, self), 64 << 20);
    put("self", "7:memory:/kubepods/pod1/abc\n");
    put("memory/memory.limit_in_bytes", "1048576\n");
    assert_int_equal(granted_limit(root, self), 1 << 20);
    assert_true(granted_quota(root, self) == 0);
}

static void at_least_one(void **state)
{
    (void)state;
    assert_true(granted_processors() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none),
        cmocka_unit_test(v2_takes_the_tightest),
        cmocka_unit_test(v2_path_that_is_not_mounted),
        cmocka_unit_test(v1),
        cmocka_unit_test(memory_v2),
        cmocka_unit_test(memory_v1),
        cmocka_unit_test(at_least_one),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
