#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/log.h"

/* Logs one event with the value and gives what came out on stderr, the time cut off. */
static void logged(const char *value, char *out, size_t len)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);

    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    log_event(LOG_INFO, "tested", "value", value, "other", "1", NULL);
    log_event(LOG_DEBUG, "hidden", NULL);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    rewind(file);
    char line[1024];
    assert_non_null(fgets(line, sizeof(line), file));
    assert_null(fgets(out, (int)len, file)); /* one line, and nothing below the level */
    const char *level = strstr(line, "level");
    assert_non_null(level);
    (void)snprintf(out, len, "%s", level);
    (void)fclose(file);
}

static void logfmt(void **state)
{
    (void)state;
    char out[256];

    log_configure(LOG_INFO, LOG_LOGFMT);
    logged("plain/text:1", out, sizeof(out));
    assert_string_equal(out, "level=info event=tested value=plain/text:1 other=1\n");
    logged("two words", out, sizeof(out));
    assert_string_equal(out, "level=info event=tested value=\"two words\" other=1\n");
    logged("a\nlevel=error", out, sizeof(out));
    assert_string_equal(out, "level=info event=tested value=\"a\\u000alevel=error\" other=1\n");
    logged("", out, sizeof(out));
    assert_string_equal(out, "level=info event=tested value=\"\" other=1\n");
}

static void json(void **state)
{
    (void)state;
    char out[256];

    log_configure(LOG_INFO, LOG_JSON);
    logged("say \"hi\"\n", out, sizeof(out));
    assert_string_equal(out, "level\":\"info\",\"event\":\"tested\",\"value\":\"say \\\"hi\\\""
                             "\\u000a\",\"other\":\"1\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logfmt),
        cmocka_unit_test(json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
