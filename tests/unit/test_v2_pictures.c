#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/base64.h"
#include "server/image.h"
#include "tests/unit/door.h"
#include "tests/unit/fake_model.h"

#define HEAD "{\"model_name\":\"mnist\",\"model_version\":\"3\",\"outputs\":["

enum { SIDE = 40, FILE_MAX = 2048 };

/* A PNG of a stroke, or of nothing. */
static size_t draw(bool blank, char ret[FILE_MAX])
{
    static uint8_t grey[SIDE * SIDE];
    struct buf png = {.data = ret, .cap = FILE_MAX, .limit = FILE_MAX};

    memset(grey, 255, sizeof(grey));
    for (size_t y = 5; y < 35 && !blank; y++)
        memset(grey + SIDE * y + 18, 0, 5);
    assert_int_equal(image_encode_png(grey, SIDE, SIDE, &png), 0);
    return png.len;
}

static void check(struct door *d, int got, int r, const char *want)
{
    if (got != r || strcmp(r ? d->err.text : d->answer.data, want) != 0)
        fail_msg("%d %s", got, got ? d->err.text : d->answer.data);
    door_finish(d);
}

static int send_json(struct door *d, const char *shape, const char *data, const char *outputs)
{
    struct buf body = BUF(1 << 16);

    assert_int_equal(buf_print(&body,
                               "{\"inputs\":[{\"name\":\"input\",\"datatype\":\"BYTES\","
                               "\"shape\":%s,\"data\":%s}],\"outputs\":[%s]}",
                               shape, data, outputs),
                     0);
    int r = door_send(d, &protocol_v2, body.data, body.len);

    buf_clear(&body);
    return r;
}

static void test_pictures_in_json(void **state)
{
    char png[FILE_MAX], text[BASE64_ENCODED(FILE_MAX) + 1], data[3 * sizeof(text)];
    struct door d = {0};
    (void)state;

    text[base64_encode(text, png, draw(false, png))] = '\0';
    (void)snprintf(data, sizeof(data), "[\"%s\"]", text);
    assert_int_equal(send_json(&d, "[1]", data, ""), 0);
    for (size_t i = 0; i < V2_OUTPUTS; i++)
        assert_non_null(strstr(d.answer.data, v2_output_infos[i].name));
    assert_non_null(strstr(d.answer.data, "\"datatype\":\"BYTES\",\"shape\":[1],"
                                          "\"data\":[\"not_a_digit\"]}"));
    assert_non_null(strstr(d.answer.data, "\"data\":[\"iVBORw0KGgo"));
    door_finish(&d);
    check(&d, send_json(&d, "[1,1]", data, "{\"name\":\"digit\"},{\"name\":\"verdict\"}"), 0,
          HEAD "{\"name\":\"digit\",\"datatype\":\"INT64\",\"shape\":[1],\"data\":[-1]},"
               "{\"name\":\"verdict\",\"datatype\":\"BYTES\",\"shape\":[1],\"data\":[\"not_a_"
               "digit\"]}]}");
}

/* The dialects of base64 that clients send. */
static void test_forms_of_base64(void **state)
{
    char png[FILE_MAX], plain[BASE64_ENCODED(FILE_MAX) + 1];
    const size_t len = draw(false, png), n = base64_encode(plain, png, len);
    char want[FILE_MAX] = "";
    (void)state;

    plain[n] = '\0';
    for (int form = 0; form < 5; form++) {
        struct buf data = BUF(1 << 16);
        struct door d = {0};

        assert_int_equal(buf_text(&data, form == 1 ? "[\"data:image/png;base64," : "[\""), 0);
        for (size_t i = 0; i < n; i++) {
            const char *c = plain[i] == '/' && form == 2   ? "\\/"
                            : plain[i] == '/' && form == 3 ? "_"
                            : plain[i] == '+' && form == 3 ? "-"
                            : plain[i] == '=' && form == 3 ? ""
                                                           : NULL;

            if (form == 4 && i % 76 == 0)
                assert_int_equal(buf_text(&data, "\\n"), 0);
            assert_int_equal(c ? buf_text(&data, c) : buf_append(&data, plain + i, 1), 0);
        }
        assert_int_equal(buf_append(&data, "\"]", 3), 0);
        int r = send_json(&d, "[1]", data.data, "{\"name\":\"seen\"}");

        if (r < 0)
            fail_msg("form %d: %s", form, d.err.text);
        if (form == 0)
            (void)snprintf(want, sizeof(want), "%s", d.answer.data);
        assert_string_equal(d.answer.data, want);
        buf_clear(&data);
        door_finish(&d);
    }
}

/* Appends an element of type BYTES in binary. */
static void append(struct buf *to, const char *bytes, size_t len)
{
    const unsigned char head[4] = {(unsigned char)len, (unsigned char)(len >> 8), 0, 0};

    assert_int_equal(buf_append(to, head, 4), 0);
    assert_int_equal(buf_append(to, bytes, len), 0);
}

static int send_binary(struct door *d, const char *shape, const struct buf *tail,
                       const char *outputs)
{
    struct buf body = BUF(1 << 16);
    char ihcl[24];

    assert_int_equal(buf_print(&body,
                               "{\"inputs\":[{\"name\":\"input\",\"datatype\":\"BYTES\","
                               "\"shape\":%s,\"parameters\":{\"binary_data_size\":%zu}}],"
                               "\"outputs\":[%s]}",
                               shape, tail->len, outputs),
                     0);
    (void)snprintf(ihcl, sizeof(ihcl), "%zu", body.len);
    d->ihcl = ihcl;
    assert_int_equal(buf_append(&body, tail->data, tail->len), 0);
    int r = door_send(d, &protocol_v2, body.data, body.len);

    buf_clear(&body);
    return r;
}

static void test_pictures_in_binary(void **state)
{
    char png[FILE_MAX], text[BASE64_ENCODED(FILE_MAX)];
    const size_t len = draw(false, png);
    struct buf tail = BUF(1 << 16);
    struct door d = {0};
    (void)state;

    append(&tail, png, len);
    append(&tail, text, base64_encode(text, png, len));
    append(&tail, png, draw(true, png));
    check(&d,
          send_binary(&d, "[3]", &tail,
                      "{\"name\":\"digit\"},{\"name\":\"confidence\"},{\"name\":\"verdict\"}"),
          0,
          HEAD "{\"name\":\"digit\",\"datatype\":\"INT64\",\"shape\":[3],\"data\":[-1,-1,-1]},"
               "{\"name\":\"confidence\",\"datatype\":\"FP32\",\"shape\":[3],\"data\":[0,0,0]},"
               "{\"name\":\"verdict\",\"datatype\":\"BYTES\",\"shape\":[3],"
               "\"data\":[\"not_a_digit\",\"not_a_digit\",\"blank\"]}]}");
    check(&d, send_binary(&d, "[2]", &tail, ""), -EINVAL,
          "behind the 2 pictures that the shape means are 89 bytes more");
    check(&d, send_binary(&d, "[4]", &tail, ""), -EINVAL,
          "data[3] should be a length in 4 bytes and so many bytes; of the input's bytes 0 are "
          "left");
    tail.len--;
    check(
        &d, send_binary(&d, "[3]", &tail, ""), -EINVAL,
        "data[2] should be a length in 4 bytes and so many bytes; of the input's bytes 88 are "
        "left");
    check(&d, send_binary(&d, "[5]", &tail, ""), -E2BIG,
          "the shape is [5]; a request may hold 4 images at most");
    check(&d, send_binary(&d, "[0]", &tail, ""), -EINVAL,
          "the shape is [0]; expected [n] for n pictures");
    buf_clear(&tail);
}

static void test_pictures_out_in_binary(void **state)
{
    static const char verdict[] = "\13\0\0\0not_a_digit"; /* the fake model is not sure */
    static const char outputs[] =
        "{\"name\":\"verdict\",\"parameters\":{\"binary_data\":true}},"
        "{\"name\":\"digit\",\"parameters\":{\"binary_data\":true}},"
        "{\"name\":\"confidence\",\"parameters\":{\"binary_data\":true}},"
        "{\"name\":\"seen\",\"parameters\":{\"binary_data\":true}}";
    char png[FILE_MAX];
    struct buf tail = BUF(1 << 16);
    struct door d = {0};
    (void)state;

    append(&tail, png, draw(false, png));
    assert_int_equal(send_binary(&d, "[1]", &tail, outputs), 0);
    const char *at = d.answer.data + d.json_len;

    assert_memory_equal(at, verdict, sizeof(verdict) - 1);
    at += sizeof(verdict) - 1;
    assert_memory_equal(at, "\377\377\377\377\377\377\377\377\0\0\0\0", 12);
    at += 12 + 4;
    assert_memory_equal(at, "\x89PNG\r\n\x1a\n", 8);
    buf_clear(&tail);
    door_finish(&d);
}

static void test_refuses_pictures(void **state)
{
    static const struct {
        const char *shape, *data;
        int r;
        const char *want;
    } cases[] = {
        {"[1]", "[7]",             -EBADMSG,
         "expected a string, a picture in base64, at byte 66, found '7'"                       },
        {"[1]", "\"iVBORw0KGgo\"", -EBADMSG,
         "expected a list of strings, pictures in base64, at byte 65, found '\"'"              },
        {"[1]", "[\"%\"]",         -EINVAL,
         "data[0]: the text '%' is no base64; expected a PNG in base64"                        },
        {"[1]", "[\"iVBO*\"]",     -EINVAL,
         "data[0]: the text 'iVBO*' is no base64; expected a PNG in base64"                    },
        {"[1]", "[]",              -EINVAL,  "data has fewer pictures than the shape [1] means"},
    };
    char png[FILE_MAX], text[BASE64_ENCODED(FILE_MAX) + 1], data[3 * sizeof(text)];
    struct door d = {0};
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(&d, send_json(&d, cases[i].shape, cases[i].data, ""), cases[i].r, cases[i].want);
    text[base64_encode(text, png, draw(false, png))] = '\0';
    (void)snprintf(data, sizeof(data), "[\"%s\",[\"%s\"]]", text, text);
    assert_int_equal(send_json(&d, "[2]", data, ""), 0);
    check(&d, send_json(&d, "[1]", data, ""), -EINVAL,
          "data has more pictures than the shape [1] means");
}

static void test_classification(void **state)
{
    static const char input[] = "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,784],"
                                "\"datatype\":\"FP32\",\"data\":[#]}],\"outputs\":[";
    char body[512];
    struct door d = {0};
    (void)state;

    (void)snprintf(body, sizeof(body),
                   "%s{\"name\":\"scores\",\"parameters\":{\"classification\":3}}]}", input);
    fake_info.labels[9] = "ni\"ne";
    check(&d, door_send_text(&d, &protocol_v2, body), 0,
          HEAD "{\"name\":\"scores\",\"datatype\":\"BYTES\",\"shape\":[1,3],"
               "\"data\":[\"9.000000:9:ni\\\"ne\",\"8.000000:8\",\"7.000000:7\"]}]}");
    (void)snprintf(body, sizeof(body),
                   "%s{\"name\":\"probabilities\",\"parameters\":{\"classification\":99,"
                   "\"binary_data\":true}},{\"name\":\"logits\",\"parameters\":"
                   "{\"classification\":0}}]}",
                   input);
    assert_int_equal(door_send_text(&d, &protocol_v2, body), 0);
    assert_non_null(strstr(d.answer.data, "\"shape\":[1,10],\"parameters\""));
    assert_non_null(strstr(d.answer.data, "\"shape\":[1,10],\"data\":[0,1,2,"));
    assert_memory_equal(d.answer.data + d.json_len, "\x10\0\0\0004.500000:9:ni\"ne\x0a\0\0\0",
                        24);
    fake_info.labels[9] = NULL;
    door_finish(&d);
}

static void test_timeout(void **state)
{
    static const char body[] =
        "{\"parameters\":{\"timeout\":5},\"inputs\":[{\"name\":\"input\","
        "\"shape\":[1,784],\"datatype\":\"FP32\",\"data\":[#]}]}";
    struct door d = {0};
    (void)state;

    fake_now = 5000;
    assert_int_equal(door_send_text(&d, &protocol_v2, body), 0);
    fake_now = 5001;
    check(&d, door_send_text(&d, &protocol_v2, body), -ETIMEDOUT,
          "the request's timeout of 5 us has passed after 5.001 us, with 0 of 1 images "
          "predicted");
    fake_now = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_in_json),
        cmocka_unit_test(test_forms_of_base64),
        cmocka_unit_test(test_pictures_in_binary),
        cmocka_unit_test(test_pictures_out_in_binary),
        cmocka_unit_test(test_refuses_pictures),
        cmocka_unit_test(test_classification),
        cmocka_unit_test(test_timeout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
