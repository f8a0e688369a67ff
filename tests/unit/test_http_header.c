#include "tests/unit/unit.h"

#include <string.h>

#include "server/http_header.h"

/* Reads pairs of name and value, ended by NULL. */
static struct http_header read_pairs(const char *const *pairs)
{
    struct http_header h = {0};

    for (size_t i = 0; pairs[i]; i += 2)
        http_header_add(&h, pairs[i], pairs[i + 1]);
    http_header_end(&h);
    return h;
}

#define READ(...) read_pairs((const char *const[]){__VA_ARGS__, NULL})

static void sound(void **state)
{
    (void)state;
    assert_int_equal(READ("Host", "x").refused, 0);
    assert_int_equal(READ("Host", "x").announced, 0);
    assert_int_equal(READ("content-length", "17").announced, 17);
    assert_int_equal(READ("Content-Length", "17").refused, 0);
    assert_int_equal(READ("Content-Length", "17", "content-length", "17").refused, 0);
    assert_int_equal(READ("Transfer-Encoding", "Chunked").refused, 0);
    assert_int_equal(READ("Transfer-Encoding", "chunked").announced, 1);
    assert_int_equal(READ("X-a_b!~", "").refused, 0);
}

static void smuggling(void **state)
{
    (void)state;
    assert_int_equal(READ("Content-Length", "1", "Transfer-Encoding", "chunked").refused, 400);
    assert_int_equal(READ("Content-Length", "1", "Content-Length", "2").refused, 400);
    assert_int_equal(READ("Content-Length", "1", "Content-Length", "01").refused, 400);
    assert_int_equal(READ("Content-Length", "+1").refused, 400);
    assert_int_equal(READ("Content-Length", "-1").refused, 400);
    assert_int_equal(READ("Content-Length", "1, 1").refused, 400);
    assert_int_equal(READ("Content-Length", "").refused, 400);
    assert_int_equal(READ("Content-Length", "99999999999999999999").refused, 400);
    assert_int_equal(READ("Transfer-Encoding", "gzip").refused, 501);
    assert_int_equal(READ("Transfer-Encoding", "gzip, chunked").refused, 501);
    assert_int_equal(
        READ("Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked").refused, 400);
    assert_int_equal(READ("Content-Length ", "5").refused, 400);
    assert_int_equal(READ("Content-\tLength", "5").refused, 400);
    assert_int_equal(READ("", "5").refused, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound),
        cmocka_unit_test(smuggling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
