#include "tests/unit/unit.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "model/base64.h"
#include "server/answer.h"

enum { JSON_MAX = 1 << 14 };

static float probabilities[3 * MODEL_CLASSES];
static struct preprocess seen[3];
static struct batch batch = {.n = 3, .probabilities = probabilities, .seen = seen};

static int make_batch(void **state)
{
    (void)state;
    for (int k = 0; k < MODEL_CLASSES; k++)
        probabilities[MODEL_CLASSES + k] = k == 7 ? 0.91F : 0.01F;
    for (size_t i = 0; i < PREPROCESS_PIXELS; i++)
        seen[1].pixels[i] = (uint8_t)(i * i >> 4);
    seen[0].verdict = PREPROCESS_BLANK;
    seen[1].verdict = PREPROCESS_DIGIT;
    seen[1].right = 30;
    seen[2].verdict = PREPROCESS_NOT_A_DIGIT;
    return 0;
}

static json_t *answer(size_t i)
{
    struct buf b = BUF(JSON_MAX);
    json_error_t why;

    assert_int_equal(buf_text(&b, "{"), 0);
    assert_int_equal(answer_write(&batch, i, &b), 0);
    assert_int_equal(buf_text(&b, "}"), 0);
    json_t *parsed = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, &why);

    assert_non_null(parsed);
    buf_clear(&b);
    return parsed;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    assert_non_null(text);
    return text;
}

static void test_a_digit(void **state)
{
    json_t *a = answer(1);
    const json_t *list = json_object_get(a, "probabilities");
    (void)state;

    assert_int_equal(json_object_size(a), 6);
    assert_int_equal(json_integer_value(json_object_get(a, "digit")), 7);
    assert_true((float)json_real_value(json_object_get(a, "confidence")) == 0.91F);
    assert_int_equal(json_array_size(list), MODEL_CLASSES);
    assert_true((float)json_real_value(json_array_get(list, 3)) == 0.01F);
    assert_string_equal(text_of(a, "verdict"), "digit");
    assert_int_equal(json_integer_value(json_array_get(json_object_get(a, "box"), 2)), 30);
    json_decref(a);
}

static void test_a_digit_that_is_not_sure_is_none(void **state)
{
    float *p = probabilities + MODEL_CLASSES;
    (void)state;

    p[7] = 0.59F;
    p[1] = 0.33F;
    json_t *a = answer(1);

    assert_true(json_is_null(json_object_get(a, "digit")));
    assert_true(json_is_null(json_object_get(a, "confidence")));
    assert_int_equal(json_array_size(json_object_get(a, "probabilities")), MODEL_CLASSES);
    assert_string_equal(text_of(a, "verdict"), "not_a_digit");
    json_decref(a);
    make_batch(NULL);
}

static void test_no_digit_has_no_numbers(void **state)
{
    static const struct {
        size_t i;
        const char *verdict;
    } cases[] = {
        {0, "blank"      },
        {2, "not_a_digit"}
    };
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        json_t *a = answer(cases[i].i);

        assert_true(json_is_null(json_object_get(a, "digit")));
        assert_true(json_is_null(json_object_get(a, "confidence")));
        assert_true(json_is_null(json_object_get(a, "probabilities")));
        assert_string_equal(text_of(a, "verdict"), cases[i].verdict);
        assert_true(strlen(text_of(a, "seen")) > 60);
        json_decref(a);
    }
}

static void test_the_picture_that_was_seen(void **state)
{
    static const char prefix[] = "data:image/png;base64,";
    json_t *a = answer(1);
    const char *url = text_of(a, "seen");
    uint8_t png[JSON_MAX];
    size_t len = 0;
    struct image image = {0};
    (void)state;

    assert_memory_equal(url, prefix, strlen(prefix));
    url += strlen(prefix);
    assert_int_equal(base64_decode(png, url, strlen(url), &len), 0);
    assert_int_equal(image_decode_png(png, len, NULL, &image, NULL), 0);
    assert_int_equal(image.width, PREPROCESS_SIDE);
    assert_int_equal(image.height, PREPROCESS_SIDE);
    assert_memory_equal(image.grey, seen[1].pixels, PREPROCESS_PIXELS);
    image_finish(&image);
    json_decref(a);
}

/* A picture that does not compress must fit the room that answer.c keeps for it. */
static void test_noise_fits_too(void **state)
{
    struct preprocess saved = seen[0];
    uint32_t seed = 1;
    (void)state;

    for (size_t i = 0; i < PREPROCESS_PIXELS; i++) {
        seed = seed * 1664525 + 1013904223;
        seen[0].pixels[i] = (uint8_t)(seed >> 24);
    }
    json_decref(answer(0));
    seen[0] = saved;
}

static void test_ties_go_to_the_lower_digit(void **state)
{
    (void)state;

    probabilities[4] = probabilities[6] = 0.5F;
    assert_int_equal(answer_digit(&batch, 0), 4);
    probabilities[4] = probabilities[6] = 0;
    assert_int_equal(answer_digit(&batch, 0), 0);
    assert_int_equal(answer_digit(&batch, 1), 7);
}

static void test_every_limit_is_reported(void **state)
{
    struct buf whole = BUF(JSON_MAX);
    (void)state;

    assert_int_equal(answer_write(&batch, 1, &whole), 0);
    for (size_t limit = 0; limit < whole.len; limit++) {
        struct buf b = BUF(limit);

        assert_int_equal(answer_write(&batch, 1, &b), -E2BIG);
        buf_clear(&b);
    }
    buf_clear(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_digit),
        cmocka_unit_test(test_a_digit_that_is_not_sure_is_none),
        cmocka_unit_test(test_no_digit_has_no_numbers),
        cmocka_unit_test(test_the_picture_that_was_seen),
        cmocka_unit_test(test_noise_fits_too),
        cmocka_unit_test(test_ties_go_to_the_lower_digit),
        cmocka_unit_test(test_every_limit_is_reported),
    };

    return cmocka_run_group_tests(tests, make_batch, NULL);
}
