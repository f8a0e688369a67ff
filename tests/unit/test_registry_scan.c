#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/error.h"
#include "server/registry_scan.h"

static char root[32];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof(root), "/tmp/test_registry_XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command); /* NOLINT(cert-env33-c): a path of our own making */
}

/* Makes a file, and the folders above it. */
static void put(const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
}

static int scan(struct registry_files *files, struct error *err)
{
    return registry_scan(root, "mnist", files, err);
}

static void sorted(void **state)
{
    (void)state;
    struct registry_files files = {0};
    struct error err = {0};

    put("b/10/model.onnx");
    put("b/9/model.onnx");
    put("a/1/model.onnx");
    put("a/config.pbtxt");
    put("a/old/model.onnx");
    put(".hidden/1/model.onnx");
    put("README.md");
    assert_int_equal(scan(&files, &err), 0);
    assert_int_equal(files.n, 3);
    assert_string_equal(files.files[0].name, "a");
    assert_int_equal(files.files[1].version, 9);
    assert_int_equal(files.files[2].version, 10);
    assert_non_null(strstr(files.files[2].path, "/b/10/model.onnx"));
    registry_files_finish(&files);
}

static void flat(void **state)
{
    (void)state;
    struct registry_files files = {0};
    struct error err = {0};

    put("model.onnx");
    put("7/model.onnx");
    assert_int_equal(scan(&files, &err), 0);
    assert_int_equal(files.n, 2);
    assert_string_equal(files.files[0].name, "mnist");
    assert_int_equal(files.files[0].version, 1);
    assert_int_equal(files.files[1].version, 7);
    registry_files_finish(&files);

    put("1/model.onnx");
    assert_int_equal(scan(&files, &err), 0);
    assert_int_equal(files.n, 2);
    assert_string_equal(files.problem.text, "version 1 of model mnist is there twice");
    registry_files_finish(&files);
}

static void empty(void **state)
{
    (void)state;
    struct registry_files files = {0};
    struct error err = {0};

    assert_int_equal(scan(&files, &err), -ENOENT);
    assert_non_null(strstr(err.text, "holds no <model>/<version>/model.onnx"));
    assert_int_equal(files.n_folders, 1);
    registry_files_finish(&files);
    err.code = 0;
    assert_int_equal(registry_scan("/nonexistent", "x", &files, &err), -ENOENT);
    assert_non_null(strstr(err.text, "No such file"));
    registry_files_finish(&files);
}

static void any_name(void **state)
{
    (void)state;
    struct registry_files files = {0};
    struct error err = {0};
    char path[64];

    put("digits.onnx");
    put("notes.txt");
    assert_int_equal(scan(&files, &err), 0);
    assert_int_equal(files.n, 1);
    assert_non_null(strstr(files.files[0].path, "/digits.onnx"));
    registry_files_finish(&files);
    (void)snprintf(path, sizeof(path), "%s/digits.onnx", root);
    assert_int_equal(registry_scan(path, "x", &files, &err), 0);
    assert_int_equal(files.n, 1);
    assert_string_equal(files.files[0].name, "x");
    assert_string_equal(files.folders[0], root);
    registry_files_finish(&files);
    put("other.onnx");
    assert_int_equal(scan(&files, &err), -ENOENT);
    assert_non_null(strstr(err.text, "holds 2 ONNX files"));
    registry_files_finish(&files);
}

static void holes(void **state)
{
    (void)state;
    struct registry_files files = {0};
    struct error err = {0};

    put("a/1/weights.bin");
    assert_int_equal(scan(&files, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/a/1/model.onnx is missing"));
    registry_files_finish(&files);
    err.code = 0;
    put("a/2/model.onnx");
    put("b/c.txt");
    put("with space/1/model.onnx");
    assert_int_equal(scan(&files, &err), 0);
    assert_int_equal(files.n, 1);
    assert_int_equal(files.files[0].version, 2);
    assert_int_equal(files.n_folders, 7);
    assert_int_not_equal(files.problem.code, 0);
    registry_files_finish(&files);
}

static void labels(void **state)
{
    (void)state;
    struct registry_files files = {0};
    struct error err = {0};
    const char *const links[][2] = {
        {"a/stable",    "1"   },
        {"a/canary",    "./2/"},
        {"a/elsewhere", "../b"},
        {"a/gone",      "9"   },
        {"a/.hidden",   "1"   },
        {"newest",      "7"   },
    };

    put("a/1/model.onnx");
    put("a/2/model.onnx");
    put("7/model.onnx");
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", root, links[i][0]);
        assert_int_equal(symlink(links[i][1], path), 0);
    }
    assert_int_equal(scan(&files, &err), 0);
    assert_int_equal(files.problem.code, 0);
    assert_int_equal(files.n, 3);
    assert_int_equal(files.n_labels, 4);
    assert_string_equal(files.labels[0].text, "canary");
    assert_int_equal(files.labels[0].version, 2);
    assert_string_equal(files.labels[1].text, "gone"); /* and says so when asked for */
    assert_string_equal(files.labels[2].text, "stable");
    assert_string_equal(files.labels[3].text, "newest");
    assert_string_equal(files.labels[3].name, "mnist");
    registry_files_finish(&files);
}

static void no_version(void **state)
{
    (void)state;
    struct registry_files files = {0};
    struct error err = {0};

    put("a/model.onnx");
    assert_int_equal(scan(&files, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/a holds no <version>/model.onnx"));
    registry_files_finish(&files);
}

static void names(void **state)
{
    (void)state;
    char longest[129];
    struct error err = {0};

    memset(longest, 'x', 128);
    longest[128] = '\0';
    assert_int_equal(registry_check_name(longest, &err), -EINVAL);
    assert_int_equal(registry_check_name(longest + 1, &err), 0);
    assert_int_equal(registry_check_name("", &err), -EINVAL);
    assert_int_equal(registry_check_name("a:b", &err), -EINVAL);
    assert_int_equal(registry_check_name("a b", &err), -EINVAL);
    assert_int_equal(registry_check_name("a\"b", &err), -EINVAL);
    assert_int_equal(registry_check_name("stats", &err), -EINVAL);
}

static void versions(void **state)
{
    (void)state;
    unsigned v = 0;
    const char *const bad[] = {"", "0", "01", "-1", "1.0", "v1", "1234567890", "1 "};

    assert_int_equal(registry_parse_version("123456789", &v), 0);
    assert_int_equal(v, 123456789);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(registry_parse_version(bad[i], &v), -EINVAL);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(sorted),     IN_FOLDER(flat),         IN_FOLDER(empty),
        IN_FOLDER(any_name),   IN_FOLDER(holes),        IN_FOLDER(labels),
        IN_FOLDER(no_version), cmocka_unit_test(names), cmocka_unit_test(versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
