#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/base64.h"
#include "model/number.h"
#include "server/image.h"
#include "tests/oom/oom.h"
#include "tests/unit/door.h"
#include "tests/unit/fake_model.h"

enum { PNG_MAX = 4096 };

static int send_v1_rows(struct door *d)
{
    return door_send_text(d, &protocol_v1, "{\"instances\":[[#],[#],[#]]}");
}

static int send_v1_columns(struct door *d)
{
    return door_send_text(d, &protocol_v1, "{\"inputs\":{\"x\":[[@],[@]]}}");
}

static int send_v2(struct door *d)
{
    return door_send_text(
        d, &protocol_v2,
        "{\"id\":\"1\",\"inputs\":[{\"data\":[#],\"name\":\"input\",\"shape\":"
        "[1,784],\"datatype\":\"FP32\"}]}");
}

/* A PNG of a stroke. */
static size_t draw(char ret[PNG_MAX])
{
    static uint8_t grey[40 * 40];
    struct buf png = {.data = ret, .cap = PNG_MAX, .limit = PNG_MAX};

    memset(grey, 255, sizeof(grey));
    for (size_t y = 5; y < 35; y++)
        memset(grey + 40 * y + 18, 0, 5);
    assert_int_equal(image_encode_png(grey, 40, 40, &png), 0);
    return png.len;
}

static int send_png(struct door *d)
{
    char png[PNG_MAX];

    return door_send(d, &protocol_png, png, draw(png));
}

/* The picture in base64 between two texts. */
static int send_base64(struct door *d, const struct protocol *p, const char *before,
                       const char *after)
{
    char png[PNG_MAX], text[2 * PNG_MAX + 512];
    size_t len = strlen(before);

    memcpy(text, before, len);
    len += base64_encode(text + len, png, draw(png));
    memcpy(text + len, after, strlen(after));
    return door_send(d, p, text, len + strlen(after));
}

static int send_v1_base64(struct door *d)
{
    return send_base64(d, &protocol_v1, "{\"instances\":[{\"b64\":\"", "\"}]}");
}

static int send_v2_base64(struct door *d)
{
    return send_base64(d, &protocol_v2,
                       "{\"inputs\":[{\"name\":\"input\",\"shape\":[1],\"datatype\":\"BYTES\","
                       "\"data\":[\"",
                       "\"]}]}");
}

static int send_examples(struct door *d)
{
    return door_send_text(d, &protocol_classify,
                          "{\"context\":{\"x\":[#]},\"examples\":[{},{\"x\":[#]},{}]}");
}

static int send_form(struct door *d)
{
    static const char head[] =
        "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n";
    char body[PNG_MAX + sizeof(head) + 8];
    size_t len = sizeof(head) - 1;

    memcpy(body, head, len);
    len += draw(body + len);
    memcpy(body + len, "\r\n--b--", 7);
    d->content_type = "multipart/form-data; boundary=b";
    return door_send(d, &protocol_form, body, len + 7);
}

/* A tensor and its answer in binary. */
static int send_binary(struct door *d, const char *output)
{
    char body[1024 + MODEL_INPUT] = "", ihcl[16];

    (void)snprintf(body, 1024,
                   "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,784],\"datatype\":\"UINT8\","
                   "\"parameters\":{\"binary_data_size\":784}}],\"outputs\":[{\"name\":"
                   "\"logits\",\"parameters\":{\"binary_data\":%s}}]}",
                   output);
    size_t len = strlen(body);

    (void)snprintf(ihcl, sizeof(ihcl), "%zu", len);
    memset(body + len, 1, MODEL_INPUT);
    d->ihcl = ihcl;
    int r = door_send(d, &protocol_v2, body, len + MODEL_INPUT);

    d->ihcl = NULL;
    return r;
}

static int send_v2_binary(struct door *d)
{
    return send_binary(d, "true");
}

/* Whichever allocation fails, the request is refused as the server's fault and the next one is
 * answered as if nothing had been. */
static void check(int (*send)(struct door *d))
{
    struct door d = {0};
    char answer[4096];
    size_t nth = 1;

    assert_int_equal(send(&d), 0);
    assert_in_range(d.answer.len, 1, sizeof(answer));
    memcpy(answer, d.answer.data, d.answer.len);
    for (;; nth++) {
        door_finish(&d); /* so that all the memory has to be found anew */
        d = (struct door){0};
        oom_at(nth);
        int r = send(&d);

        if (!oom_happened())
            break;
        assert_int_equal(r, -ENOMEM);
        oom_at(0);
        assert_int_equal(send(&d), 0);
        assert_string_equal(d.answer.data, answer);
    }
    oom_at(0);
    assert_true(nth > 3);
    door_finish(&d);
}

static void test_v1(void **state)
{
    (void)state;
    check(send_v1_rows);
    check(send_v1_columns);
    check(send_v1_base64);
    check(send_examples);
}

static void test_v2(void **state)
{
    (void)state;
    check(send_v2);
    check(send_v2_base64);
    check(send_v2_binary);
}

static void test_png(void **state)
{
    (void)state;
    check(send_png);
    check(send_form);
}

/* Digits of a photograph: every step of it needs memory. */
static void test_number(void **state)
{
    enum { SIDE = 80 };
    static uint8_t grey[SIDE * SIDE];
    struct number found;
    bool failed = true;
    (void)state;

    for (size_t i = 0; i < sizeof(grey); i++)
        grey[i] = (uint8_t)(120 + i % SIDE);
    for (size_t y = 20; y < 60; y++) {
        memset(grey + y * SIDE + 20, 10, 6);
        memset(grey + y * SIDE + 50, 10, 6);
    }
    for (size_t nth = 1; failed; nth++) {
        oom_at(nth);
        int r = number_find(fake_served.model, grey, SIDE, SIDE, NULL, &found);

        failed = oom_happened();
        assert_int_equal(r, failed ? -ENOMEM : 0);
        assert_true(failed || nth > 5);
    }
    oom_at(0);
    assert_int_equal(found.n, 2);
}

/* JSON of one image between two texts; numbers of many lengths. */
static void write_image(struct buf *body, const char *before, const char *after)
{
    assert_int_equal(buf_text(body, before), 0);
    for (int i = 0; i < MODEL_INPUT; i++)
        assert_int_equal(buf_print(body, "%s%.*e", i ? "," : "", i % 30, i / 3.0), 0);
    assert_int_equal(buf_text(body, after), 0);
}

/* A worker that has answered one request answers the next of that size without any memory. */
static void test_nothing_is_allocated_once_warm(void **state)
{
    static const struct {
        const struct protocol *protocol;
        const char *before, *after;
    } rows[] = {
        {&protocol_v2,
         "{\"id\":\"1\",\"inputs\":[{\"name\":\"input\",\"shape\":[1,784],"
         "\"datatype\":\"FP32\",\"data\":[",       "]}]}"},
        {&protocol_v1, "{\"instances\":[[",        "]]}" },
        {&protocol_v1, "{\"instances\":[{\"x\":[", "]}]}"},
        {&protocol_v1, "{\"inputs\":{\"x\":[[",    "]]}}"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = BUF(1 << 16);
        struct door d = {0};

        write_image(&body, rows[i].before, rows[i].after);
        assert_int_equal(door_send(&d, rows[i].protocol, body.data, body.len), 0);
        oom_at(1);
        assert_int_equal(door_send(&d, rows[i].protocol, body.data, body.len), 0);
        if (rows[i].protocol == &protocol_v2)
            assert_int_equal(send_binary(&d, "false"), 0);
        assert_false(oom_happened());
        oom_at(0);
        buf_clear(&body);
        door_finish(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v1),
        cmocka_unit_test(test_v2),
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_nothing_is_allocated_once_warm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
