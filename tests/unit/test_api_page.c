#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "server/api.h"
#include "web/web.h"

static const char *known;  /* what the client says it has; NULL for nothing */
static const char *accept; /* what it wants; NULL for anything */

static const char *header(const struct request *req, const char *name)
{
    (void)req;
    if (strcmp(name, "Accept") == 0)
        return accept;
    return strcmp(name, "If-None-Match") == 0 ? known : NULL;
}

static int ask(const char *path, struct response *res, struct buf *body)
{
    struct request req = {.path = path, .header = header};

    *res = (struct response){.body = body};
    return api_page(NULL, &req, res);
}

static const char *value_of(const struct response *res, const char *name)
{
    for (size_t i = 0; i < res->n_headers; i++)
        if (strcmp(res->headers[i].name, name) == 0)
            return res->headers[i].value;
    return NULL;
}

static void test_every_file_is_served(void **state)
{
    struct buf body = BUF(1000);
    struct response res;
    (void)state;

    known = NULL;
    assert_true(web_files_count > 0);
    for (size_t i = 0; i < web_files_count; i++) {
        assert_int_equal(ask(web_files[i].path, &res, &body), 200);
        assert_ptr_equal(res.constant, web_files[i].bytes);
        assert_int_equal(res.constant_len, web_files[i].len);
        assert_string_equal(res.content_type, web_files[i].content_type);
        assert_string_equal(value_of(&res, "ETag"), web_files[i].etag);
        assert_string_equal(value_of(&res, "X-Content-Type-Options"), "nosniff");
        assert_non_null(
            strstr(value_of(&res, "Content-Security-Policy"), "default-src 'none'"));
        assert_non_null(strstr(value_of(&res, "Permissions-Policy"), "camera=(self)"));
    }
}

static void test_a_known_file_is_not_sent_again(void **state)
{
    struct buf body = BUF(1000);
    struct response res;
    char list[200];
    (void)state;

    for (size_t i = 0; i < web_files_count; i++) {
        (void)snprintf(list, sizeof(list), "\"other\", W/%s", web_files[i].etag);
        known = list;
        assert_int_equal(ask(web_files[i].path, &res, &body), 304);
        assert_null(res.constant);
        assert_string_equal(value_of(&res, "ETag"), web_files[i].etag);
    }
    known = "*";
    assert_int_equal(ask("/", &res, &body), 304);
    known = "\"other\"";
    assert_int_equal(ask("/", &res, &body), 200);
}

static void test_other_paths_are_not_found(void **state)
{
    static const char *const paths[] = {"/index.html", "//", "/app.js/", "/APP.JS", ""};
    struct buf body = BUF(1000);
    struct response res;
    (void)state;

    known = NULL;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        buf_reset(&body);
        assert_int_equal(ask(paths[i], &res, &body), 404);
        assert_int_equal(res.n_headers, 0);
    }
    buf_clear(&body);
}

static void test_root(void **state)
{
    static const char *const others[] = {NULL, "", "*/*", "application/json", "text/plain"};
    struct request req = {.path = "/", .header = header};
    struct response res = {0};
    (void)state;

    known = NULL;
    accept = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
    assert_int_equal(api_root(NULL, &req, &res), 200);
    assert_string_equal(res.content_type, "text/html; charset=utf-8");
    assert_string_equal(value_of(&res, "Vary"), "Accept");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        accept = others[i];
        res = (struct response){0};
        assert_int_equal(api_root(NULL, &req, &res), 200);
        assert_string_equal(res.constant, "{\"status\":\"alive\"}");
        assert_string_equal(res.content_type, "application/json");
        assert_string_equal(value_of(&res, "Vary"), "Accept");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file_is_served),
        cmocka_unit_test(test_a_known_file_is_not_sent_again),
        cmocka_unit_test(test_other_paths_are_not_found),
        cmocka_unit_test(test_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
