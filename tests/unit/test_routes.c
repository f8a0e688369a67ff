#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/api.h"
#include "server/metrics_shard.h"
#include "server/openapi.h"
#include "server/protocol.h"
#include "server/routes.h"

static struct request req;
static const char *allow;

static int find(const char *method, const char *path, const char *content_type)
{
    return routes_find(method, path, content_type, &req, &allow);
}

static void captures(void **state)
{
    (void)state;
    assert_int_equal(find("POST", "/v1/models/a.b-c/versions/12:predict", ""), 0);
    assert_string_equal(req.model, "a.b-c");
    assert_string_equal(req.version, "12");
    assert_ptr_equal(req.route->protocol, &protocol_v1);
    assert_int_equal(find("GET", "/v2/models/x", ""), 0);
    assert_string_equal(req.model, "x");
    assert_string_equal(req.version, "");
    assert_int_equal(find("GET", "/v2", ""), 0);
    assert_string_equal(req.model, "");
}

static void content_types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const struct protocol *protocol;
    } rows[] = {
        {"image/png",            &protocol_png},
        {"IMAGE/PNG",            &protocol_png},
        {"image/png; q=1",       &protocol_png},
        {"image/png ;q=1",       &protocol_png},
        {"image/pngx",           &protocol_v1 },
        {"application/json",     &protocol_v1 },
        {"",                     &protocol_v1 },
        {"text/plain;image/png", &protocol_v1 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(find("POST", "/v1/models/m:predict", rows[i].type), 0);
        assert_ptr_equal(req.route->protocol, rows[i].protocol);
    }
}

static void methods(void **state)
{
    (void)state;
    assert_int_equal(find("HEAD", "/v2", ""), 0);
    assert_int_equal(find("get", "/v2", ""), -EPERM);
    assert_string_equal(allow, "GET, HEAD, OPTIONS");
    assert_null(req.route);
    assert_int_equal(find("GET", "/v1/models/m:predict", ""), -EPERM);
    assert_string_equal(allow, "OPTIONS, POST");
    assert_string_equal(req.model, "");
}

static void nothing_there(void **state)
{
    (void)state;
    char longest[256] = "/v2/models/";
    const char *const paths[] = {
        "",
        "v2",
        "/v2/models/",
        "/v2/models/a/",
        "//v2",
        "/v2/health",
        "/v2/models/a/b",
        "/v2/models/a:b",
        "/v1/models/:predict",
        "/a/b.js",
        "/.js",
        "/a.js.js",
        "/a",
        "/v1/models/a:predictx",
        "/v1/models/a/versions/:predict",
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_int_equal(find("GET", paths[i], ""), -ENOENT);
    memset(longest + strlen(longest), 'x', REQUEST_NAME_MAX);
    assert_int_equal(find("GET", longest, ""), 0);
    assert_int_equal(strlen(req.model), REQUEST_NAME_MAX);
    longest[strlen(longest)] = 'x';
    assert_int_equal(find("GET", longest, ""), -ENOENT);
}

static bool is_counted(const char *status)
{
    size_t i = 0;

    while (metrics_statuses[i] && metrics_statuses[i] != atoi(status))
        i++;
    return metrics_statuses[i] != 0;
}

/* "201 507", or NULL: none may be "other" in the metrics. */
static void check_statuses(const char *statuses)
{
    for (const char *at = statuses; at && *at; at += strspn(at, " ")) {
        if (!is_counted(at))
            fail_msg("list %.3s in server/metrics.c", at);
        at += strcspn(at, " ");
    }
}

/* What the metrics and api_infer() rely on. */
static void rows_are_sound(void **state)
{
    (void)state;
    size_t n;
    const struct route *rows = routes_all(&n);

    assert_true(n > 0 && n <= METRICS_ROUTES_MAX);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(routes_index(&rows[i]), i);
        assert_non_null(rows[i].handle);
        assert_int_equal(rows[i].pattern[0], '/');
        if (!openapi_find(&rows[i]))
            fail_msg("describe %s %s in server/openapi.c", rows[i].method, rows[i].pattern);
        check_statuses(openapi_find(&rows[i])->statuses);
        bool answers = rows[i].handle == api_infer || rows[i].handle == api_explain;

        assert_true(answers == (rows[i].protocol != NULL));
        assert_true(rows[i].body == (strcmp(rows[i].method, "POST") == 0));
        assert_false(rows[i].admin && rows[i].protocol);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captures),       cmocka_unit_test(content_types),
        cmocka_unit_test(methods),        cmocka_unit_test(nothing_there),
        cmocka_unit_test(rows_are_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
