#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "server/image.h"
#include "tests/unit/door.h"
#include "tests/unit/fake_model.h"

enum { SIDE = 56 };

/* A bar of ink on paper, as a PNG; no ink at all if `width` is 0. */
static void draw(struct buf *png, size_t width)
{
    static uint8_t grey[SIDE * SIDE];

    memset(grey, 255, sizeof(grey));
    for (size_t y = 10; y < 46; y++)
        memset(grey + y * SIDE + 20, 0, width);
    assert_int_equal(image_encode_png(grey, SIDE, SIDE, png), 0);
}

static void test_a_digit(void **state)
{
    struct buf png = BUF(1 << 16);
    struct door d = {0};
    (void)state;

    draw(&png, 8);
    fake_predicted = 0;
    assert_int_equal(door_send(&d, &protocol_png, png.data, png.len), 0);
    assert_int_equal(fake_predicted, 1);
    assert_non_null(d.batch.seen);
    for (size_t i = 0; i < MODEL_INPUT; i++)
        assert_true(d.batch.images[i] == (float)d.batch.seen[0].pixels[i] / 2);
    assert_ptr_equal(strstr(d.answer.data,
                            "{\"model_name\":\"mnist\",\"model_version\":\"3\","
                            "\"predictions\":[{\"digit\":null,\"confidence\":null,"),
                     d.answer.data);
    assert_non_null(strstr(d.answer.data, "\"verdict\":\"not_a_digit\",\"box\":[20,10,28,46],"
                                          "\"seen\":\"data:image/png;base64,"));
    assert_string_equal(d.answer.data + strlen(d.answer.data) - 4, "\"}]}");
    buf_clear(&png);
    door_finish(&d);
}

static void test_blank_paper(void **state)
{
    struct buf png = BUF(1 << 16);
    struct door d = {0};
    (void)state;

    draw(&png, 0);
    fake_predicted = 0;
    assert_int_equal(door_send(&d, &protocol_png, png.data, png.len), 0);
    assert_int_equal(fake_predicted, 0);
    assert_non_null(strstr(
        d.answer.data, "\"predictions\":[{\"digit\":null,\"confidence\":null,"
                       "\"probabilities\":null,\"verdict\":\"blank\",\"box\":null,\"seen\":"));
    buf_clear(&png);
    door_finish(&d);
}

static void test_no_picture(void **state)
{
    struct buf png = BUF(1 << 16);
    struct door d = {0};
    (void)state;

    draw(&png, 8);
    assert_int_equal(door_send(&d, &protocol_png, "", 0), -EBADMSG);
    assert_int_equal(door_send(&d, &protocol_png, "{}", 2), -EBADMSG);
    assert_int_equal(door_send(&d, &protocol_png, png.data, png.len / 2), -EBADMSG);
    assert_string_not_equal(d.err.text, "");
    buf_clear(&png);
    door_finish(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_digit),
        cmocka_unit_test(test_blank_paper),
        cmocka_unit_test(test_no_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
