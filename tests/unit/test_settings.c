#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/settings_table.h"
#include "server/settings_value.h"

#define READ(s, err, ...)                                                                  \
    settings_read((int)(sizeof((const char *[]){"digitd", __VA_ARGS__}) / sizeof(char *)), \
                  (const char *[]){"digitd", __VA_ARGS__}, s, err)

static void numbers(void **state)
{
    (void)state;
    long v = 7;

    assert_int_equal(value_number("65535", &v), 0);
    assert_int_equal(v, 65535);
    const char *const bad[] = {"",   "-1",  "+1",   " 1",
                               "1 ", "1.5", "0x10", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(value_number(bad[i], &v), -EINVAL);
    assert_int_equal(v, 65535);
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        long bytes;
    } good[] = {
        {"0",     0         },
        {"4k",    4096      },
        {"4KiB",  4096      },
        {"16MiB", 16777216  },
        {"1G",    1073741824},
        {"12b",   12        },
    };
    const char *const bad[] = {"", "k", "4kk", "4 k", "1.5k", "-4k", "9999999999999999G"};
    long v = 7;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(value_size(good[i].text, &v), 0);
        assert_int_equal(v, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(value_size(bad[i], &v), -EINVAL);
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        long ms;
    } good[] = {
        {"0",     0     },
        {"10",    10000 },
        {"10s",   10000 },
        {"2.5s",  2500  },
        {"250ms", 250   },
        {"2m",    120000},
    };
    const char *const bad[] = {"",    "s",    "1h2",   "-1s", "1e3",
                               "inf", "0x10", "1.2.3", ".",   "99999999s"};
    long v = 7;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(value_duration_ms(good[i].text, &v), 0);
        assert_int_equal(v, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(value_duration_ms(bad[i], &v), -EINVAL);
}

static void defaults(void **state)
{
    (void)state;
    struct settings s;
    struct error err = {0};

    assert_int_equal(READ(&s, &err, "serve"), 0);
    assert_int_equal(s.command, SETTINGS_SERVE);
    assert_string_equal(s.host, "127.0.0.1");
    assert_int_equal(s.port, 8080);
    assert_int_equal(s.admin_port, SETTINGS_OFF);
    assert_int_equal(s.body_max, 16 << 20);
    assert_int_equal(s.read_timeout_ms, 10000);
    assert_string_equal(s.model_name, "mnist");
    assert_false(s.access_log);
    settings_finish(&s);
}

static void last_word_wins(void **state)
{
    (void)state;
    struct settings s;
    struct error err = {0};

    (void)setenv("DIGITD_PORT", "1111", 1);
    (void)setenv("DIGITD_MAX_BODY", "4k", 1);
    (void)setenv("DIGITD_ACCESS_LOG", "1", 1);
    assert_int_equal(READ(&s, &err, "serve", "--port", "2222", "--port=3333", "--model_name=x",
                          "--admin-port", "off", "--log_format", "json"),
                     0);
    assert_int_equal(s.port, 3333);
    assert_int_equal(s.body_max, 4096);
    assert_true(s.access_log);
    assert_string_equal(s.model_name, "x");
    assert_int_equal(s.log_format, LOG_JSON);
    settings_finish(&s);
    (void)unsetenv("DIGITD_PORT");
    (void)unsetenv("DIGITD_MAX_BODY");
    (void)unsetenv("DIGITD_ACCESS_LOG");
}

/* What Kubernetes puts into the environment for a Service of the same name. */
static void service_link_is_not_ours(void **state)
{
    (void)state;
    struct settings s;
    struct error err = {0};

    (void)setenv("DIGITD_PORT", "tcp://10.96.0.7:80", 1);
    assert_int_equal(READ(&s, &err, "serve"), 0);
    assert_int_equal(s.port, 8080);
    settings_finish(&s);
    (void)setenv("DIGITD_PORT", "eighty", 1);
    assert_int_equal(READ(&s, &err, "serve"), -EINVAL);
    assert_string_equal(err.text,
                        "DIGITD_PORT is 'eighty'; it should be a number from 0 to 65535");
    (void)unsetenv("DIGITD_PORT");
}

static void files_and_flags_mix(void **state)
{
    (void)state;
    struct settings s;
    struct error err = {0};

    assert_int_equal(READ(&s, &err, "predict", "a.png", "--json", "-", "--", "--b.png"), 0);
    assert_true(s.json);
    assert_int_equal(s.n_files, 3);
    assert_string_equal(s.files[0], "a.png");
    assert_string_equal(s.files[1], "-");
    assert_string_equal(s.files[2], "--b.png");
    settings_finish(&s);
}

static void refusals(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct {
        const char *argv[4];
        int argc;
        const char *text;
    } rows[] = {
        {{"digitd", "serv"}, 2, "'serv' is no command; see digitd --help"},
        {{"digitd", "serve", "--prot", "1"}, 4, "--prot is no setting of serve; did you mean --port?"},
        {{"digitd", "serve", "--max_bdoy=1"}, 3, "--max_bdoy is no setting of serve; did you mean --max-body?"},
        {{"digitd", "serve", "--colour"}, 3, "--colour is no setting of serve; see digitd serve --help"},
        {{"digitd", "predict", "--port=1"}, 3, "--port is no setting of predict; see digitd predict --help"},
        {{"digitd", "serve", "--port"}, 3, "--port needs a value"},
        {{"digitd", "serve", "--port", "--host"}, 4, "--port needs a value"},
        {{"digitd", "serve", "--port=65536"}, 3, "--port is '65536'; it should be a number from 0 to 65535"},
        {{"digitd", "serve", "--admin-port=no"}, 3, "--admin-port is 'no'; it should be a port from 0 to 65535, or off"},
        {{"digitd", "serve", "--read-timeout=1ms"}, 3, "--read-timeout is '1ms'; it should be a time from 50ms to 3600s, such as 10s"},
        {{"digitd", "serve", "--max-body=1"}, 3, "--max-body is '1'; it should be a size from 1k to 1048576k, such as 64k or 16MiB"},
        {{"digitd", "serve", "--log-level=loud"}, 3, "--log-level is 'loud'; it should be error, warn, info or debug"},
        {{"digitd", "eval", "--min-accuracy=1.1"}, 3, "--min-accuracy is '1.1'; it should be a number from 0 to 1"},
        {{"digitd", "inspect", "--json=maybe"}, 3, "--json is 'maybe'; it should be true or false"},
        {{"digitd", "serve", "-p"}, 3, "-p is no setting; they begin with two dashes"},
        {{"digitd", "serve", "x"}, 3, "serve takes no files, and 'x' is no setting"},
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct settings s;
        struct error err = {0};

        assert_int_equal(settings_read(rows[i].argc, rows[i].argv, &s, &err), -EINVAL);
        assert_string_equal(err.text, rows[i].text);
    }
}

static void variables(void **state)
{
    (void)state;
    char name[SETTING_VARIABLE_MAX];

    for (size_t i = 0; i < settings_rows_count; i++) {
        assert_true(strlen(settings_rows[i].name) + sizeof("DIGITD_") <= sizeof(name));
        setting_variable(&settings_rows[i], name);
        assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(sizes),
        cmocka_unit_test(durations),
        cmocka_unit_test(defaults),
        cmocka_unit_test(last_word_wins),
        cmocka_unit_test(service_link_is_not_ours),
        cmocka_unit_test(files_and_flags_mix),
        cmocka_unit_test(refusals),
        cmocka_unit_test(variables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
