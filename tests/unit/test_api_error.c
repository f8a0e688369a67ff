#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "server/api.h"

static void test_errnos_become_statuses(void **state)
{
    static const struct {
        int code, status;
        bool retry;
    } cases[] = {
        {-EINVAL,  400, false},
        {-EBADMSG, 400, false},
        {-ENOENT,  404, false},
        {-E2BIG,   413, false},
        {-ENOTSUP, 415, false},
        {-ENOMEM,  503, true },
        {-EAGAIN,  503, true },
        {-EIO,     500, false},
        {-EDOM,    500, false},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf body = BUF(1000);
        struct response res = {.body = &body};
        struct error err = {0};

        (void)error_set(&err, cases[i].code, "the \"reason\"\n");
        assert_int_equal(buf_text(&body, "half an answer"), 0);
        assert_int_equal(api_fail(&res, &err), cases[i].status);
        assert_null(res.constant);
        assert_string_equal(res.content_type, "application/json");
        assert_int_equal(body.len, strlen("{\"error\":\"the \\\"reason\\\"\\u000a\"}"));
        assert_memory_equal(body.data, "{\"error\":\"the \\\"reason\\\"\\u000a\"}", body.len);
        assert_int_equal(res.n_headers, cases[i].retry);
        if (cases[i].retry) {
            assert_string_equal(res.headers[0].name, "Retry-After");
            assert_string_equal(res.headers[0].value, "1");
        }
        buf_clear(&body);
    }
}

static void test_there_is_always_an_answer(void **state)
{
    struct buf body = BUF(5);
    struct response res = {.body = &body};
    (void)state;

    assert_int_equal(api_refuse(&res, 503, "the server is draining"), 503);
    assert_string_equal(res.constant, "{\"error\":\"out of memory\"}");
    assert_int_equal(res.constant_len, strlen("{\"error\":\"out of memory\"}"));
    buf_clear(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errnos_become_statuses),
        cmocka_unit_test(test_there_is_always_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
