#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/error.h"
#include "server/file.h"

static char folder[] = "/tmp/test_file_XXXXXX";
static char path[sizeof(folder) + 16];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* fails if something was left behind */
}

static void test_what_is_written_can_be_read(void **state)
{
    static char bytes[200000];
    struct buf all = BUF(sizeof(bytes));
    struct buf less = BUF(sizeof(bytes) - 1);
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7 >> 3);
    assert_int_equal(file_write(path, "old", 3, &err), 0);
    assert_int_equal(file_write(path, bytes, sizeof(bytes), &err), 0);
    assert_int_equal(file_read(path, &all, &err), 0);
    assert_int_equal(all.len, sizeof(bytes));
    assert_memory_equal(all.data, bytes, sizeof(bytes));
    assert_int_equal(file_read(path, &less, &err), -EFBIG);
    assert_non_null(strstr(err.text, "199999"));
    buf_clear(&all);
    buf_clear(&less);
}

static void test_others_may_read_as_the_umask_says(void **state)
{
    struct stat st;
    mode_t mask = umask(027);
    (void)state;

    assert_int_equal(file_write(path, "", 0, NULL), 0);
    (void)umask(mask);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(st.st_size, 0);
}

static void test_reads_standard_input(void **state)
{
    struct buf b = BUF(100);
    int saved = dup(STDIN_FILENO);
    (void)state;

    assert_int_equal(file_write(path, "through a pipe", 14, NULL), 0);
    assert_non_null(freopen(path, "r", stdin));
    assert_int_equal(file_read("-", &b, NULL), 0);
    assert_int_equal(b.len, 14);
    assert_memory_equal(b.data, "through a pipe", 14);
    assert_true(dup2(saved, STDIN_FILENO) >= 0);
    assert_int_equal(close(saved), 0);
    buf_clear(&b);
}

static void test_failures_leave_nothing_behind(void **state)
{
    struct buf b = BUF(100);
    struct error err = {0};
    char target[sizeof(path) + 16];
    (void)state;

    assert_int_equal(file_read("/nowhere/x", &b, &err), -ENOENT);
    assert_true(err.text[0]);
    assert_int_equal(file_read(folder, &b, NULL), -EISDIR);

    err = (struct error){0};
    assert_int_equal(file_write("/nowhere/x", "", 0, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/x"));
    (void)snprintf(target, sizeof(target), "%s/taken", folder);
    assert_int_equal(mkdir(target, 0700), 0);
    assert_true(file_write(target, "x", 1, NULL) < 0); /* a folder is in its place */
    assert_int_equal(rmdir(target), 0);

    DIR *d = opendir(folder);
    int files = 0;

    assert_non_null(d);
    for (const struct dirent *entry = readdir(d); entry; entry = readdir(d))
        files += entry->d_name[0] != '.';
    assert_int_equal(closedir(d), 0);
    assert_int_equal(files, 1); /* "file" alone, no temporary one */
    buf_clear(&b);
}

/* What a link leads to is written, and the link stays. */
static void test_links_and_devices(void **state)
{
    static const char large[100000];
    char link[sizeof(path) + 16];
    struct buf b = BUF(100);
    struct error err = {0};
    struct stat st;
    (void)state;

    (void)snprintf(link, sizeof(link), "%s/link", folder);
    assert_int_equal(file_write(path, "old", 3, &err), 0);
    assert_int_equal(symlink("file", link), 0);
    assert_true(file_same(path, link));
    assert_int_equal(file_write(link, "new", 3, &err), 0);
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(file_read(path, &b, &err), 0);
    assert_memory_equal(b.data, "new", 3);

    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("/dev/full", link), 0);
    assert_false(file_same(path, link));
    assert_int_equal(file_write(link, "x", 1, &err), -ENOSPC);
    assert_int_equal(file_write(link, large, sizeof(large), NULL), -ENOSPC);
    assert_non_null(strstr(err.text, "link"));
    assert_int_equal(stat(link, &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(unlink(link), 0);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_can_be_read),
        cmocka_unit_test(test_others_may_read_as_the_umask_says),
        cmocka_unit_test(test_reads_standard_input),
        cmocka_unit_test(test_failures_leave_nothing_behind),
        cmocka_unit_test(test_links_and_devices),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
