#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "server/image.h"
#include "server/multipart.h"
#include "tests/unit/door.h"

#define TYPE "multipart/form-data; boundary=xyz"
#define FILE "Content-Disposition: form-data; name=\"a\"; filename=\"7.png\"\r\n"

/* All parts as "name*len," with a star for files; or the error. */
static const char *walk(const char *type, const char *body)
{
    static char text[256];
    struct multipart m;
    struct multipart_part part;
    struct error err = {0};
    int r = multipart_begin(&m, type, body, strlen(body), &err);
    size_t at = 0;

    text[0] = '\0';
    while (r == 0 && (r = multipart_next(&m, &part, &err)) == 1) {
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s%s%.*s,", (int)part.name_len,
                               part.name, part.file ? "*" : "=", (int)part.len, part.body);
        r = 0;
    }
    if (r == 0)
        return text;
    assert_int_equal(err.code, r);
    (void)snprintf(text, sizeof(text), "%s", err.text);
    return text;
}

static void test_parts(void **state)
{
    (void)state;
    assert_string_equal(walk(TYPE, "--xyz\r\n" FILE "\r\nabc\r\n--xyz--\r\n"), "a*abc,");
    assert_string_equal(walk(TYPE,
                             "--xyz\r\n" FILE "Content-Type: image/png\r\n\r\n--x\r\n--\r\n"
                             "--xyz \t\r\nContent-Disposition: form-data; name=b\r\n\r\n"
                             "\r\n--xyz--"),
                        "a*--x\r\n--,b=,");
    assert_string_equal(
        walk("multipart/form-data; charset=\"a;b\"; BOUNDARY=\"x y\"",
             "before\r\n--x y\r\ncontent-disposition: form-data; name=\"f;g\"\r\n"
             "CONTENT-TYPE: Image/png\r\n\r\n1\r\n--x y--after"),
        "f;g*1,");
    assert_string_equal(walk(TYPE, "--xyz\r\n" FILE "\r\n\r\n--xyz--"), "a*,");
    assert_string_equal(walk(TYPE, "--xyz\r\n" FILE "\r\n--xyz--"), "a*,");
    assert_string_equal(walk(TYPE, "--xyz--"), "");
}

static void test_refusals(void **state)
{
    static const char *const types[] = {
        "multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"abc",
        "multipart/form-data; xboundary=abc",
        ("multipart/form-data; boundary="
         "0123456789012345678901234567890123456789012345678901234567890123456789x")};
    (void)state;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        assert_non_null(strstr(walk(types[i], "--abc--"),
                               "it should have a boundary of 1 to 70 characters"));
    assert_string_equal(walk(TYPE, ""), "the body has no boundary 'xyz'");
    assert_string_equal(walk(TYPE, "--xy\r\n"), "the body has no boundary 'xyz'");
    assert_string_equal(walk(TYPE, "--xyzz\r\n"),
                        "at byte 5 a line should end after the boundary");
    assert_string_equal(walk(TYPE, "--xyz"), "at byte 5 a line should end after the boundary");
    assert_string_equal(walk(TYPE, "--xyz\r\n" FILE),
                        "the headers of the part at byte 5 do not end within 4096 bytes");
    assert_string_equal(walk(TYPE, "--xyz\r\n" FILE "\r\nabc"),
                        "the part at byte 69 does not end: its boundary is missing");
    assert_string_equal(walk(TYPE, "--xyz\r\nX: y\r\n\r\nabc\r\n--xyz--"),
                        "the part before byte 13 has no Content-Disposition with a name");
}

/* A PNG of a stroke as a file of a form. */
static void append_file(struct buf *to, const char *name)
{
    static uint8_t grey[40 * 40];
    char bytes[2048];
    struct buf png = {.data = bytes, .cap = sizeof(bytes), .limit = sizeof(bytes)};

    memset(grey, 255, sizeof(grey));
    for (size_t y = 5; y < 35; y++)
        memset(grey + 40 * y + 18, 0, 5);
    assert_int_equal(image_encode_png(grey, 40, 40, &png), 0);
    assert_int_equal(buf_print(to,
                               "--xyz\r\nContent-Disposition: form-data; name=\"%s\"; "
                               "filename=\"7.png\"\r\n\r\n",
                               name),
                     0);
    assert_int_equal(buf_append(to, png.data, png.len), 0);
    assert_int_equal(buf_text(to, "\r\n"), 0);
}

static void test_pictures(void **state)
{
    struct buf body = BUF(1 << 16);
    struct door d = {.content_type = TYPE};
    (void)state;

    append_file(&body, "one");
    assert_int_equal(buf_text(&body, "--xyz\r\nContent-Disposition: form-data; name=\"who\"\r\n"
                                     "\r\nme\r\n"),
                     0);
    append_file(&body, "two");
    assert_int_equal(buf_text(&body, "--xyz--\r\n"), 0);
    assert_int_equal(door_send(&d, &protocol_form, body.data, body.len), 0);
    assert_int_equal(d.batch.n, 2);
    assert_non_null(strstr(d.answer.data, "\"predictions\":[{\"digit\":"));
    assert_int_equal(door_send(&d, &protocol_v2_form, body.data, body.len), 0);
    assert_non_null(strstr(d.answer.data,
                           "\"name\":\"digit\",\"datatype\":\"INT64\",\"shape\":[2],"
                           "\"data\":[-1,-1]"));
    buf_clear(&body);
    door_finish(&d);
}

static int send_text(struct door *d, const char *body)
{
    return door_send(d, &protocol_form, body, strlen(body));
}

static void test_refuses_pictures(void **state)
{
    struct buf body = BUF(1 << 16);
    struct door d = {.content_type = TYPE};
    (void)state;

    assert_int_equal(send_text(&d, "--xyz\r\n" FILE "\r\nGIF89a\r\n--xyz--"), -EBADMSG);
    assert_non_null(strstr(d.err.text, "the file 'a': the picture seems to be a GIF"));
    assert_int_equal(send_text(&d, "--xyz--"), -EINVAL);
    assert_string_equal(d.err.text, "the form has no file; expected pictures, as curl -F "
                                    "picture=@seven.png sends them");
    for (int i = 0; i < 5; i++)
        append_file(&body, "x");
    assert_int_equal(buf_text(&body, "--xyz--"), 0);
    assert_int_equal(door_send(&d, &protocol_form, body.data, body.len), -E2BIG);
    assert_non_null(strstr(d.err.text, "a request may hold 4 images at most"));
    buf_reset(&body);
    for (int i = 0; i < 65; i++)
        assert_int_equal(
            buf_text(&body, "--xyz\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n"), 0);
    assert_int_equal(buf_text(&body, "--xyz--"), 0);
    assert_int_equal(door_send(&d, &protocol_form, body.data, body.len), -E2BIG);
    assert_string_equal(d.err.text, "the form has more than 64 fields that are no files");
    buf_clear(&body);
    door_finish(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_refuses_pictures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
