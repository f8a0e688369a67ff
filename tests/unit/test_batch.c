#include "tests/unit/unit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"
#include "server/batch.h"
#include "tests/unit/fake_model.h"

static void test_grows_up_to_its_limit(void **state)
{
    struct batch b = {.served = &fake_served, .max = 5};
    struct error err = {0};
    float *at = NULL;
    (void)state;

    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(batch_add(&b, 1, &at, &err), 0);
        assert_ptr_equal(at, b.images + i * MODEL_INPUT);
        for (size_t k = 0; k < MODEL_INPUT; k++)
            at[k] = (float)i;
    }
    assert_int_equal(batch_add(&b, 1, &at, &err), -E2BIG);
    assert_string_equal(err.text,
                        "a request may hold 5 images at most, this one has more than 5");
    assert_int_equal(b.n, 5);
    assert_int_equal(batch_predict(&b, NULL), 0);
    for (size_t i = 0; i < 5; i++) {
        assert_true(b.logits[i * MODEL_CLASSES + 9] == (float)i);
        assert_true(b.probabilities[i * MODEL_CLASSES + 9] == (float)i / 2);
    }

    batch_reset(&b);
    err = (struct error){0};
    assert_int_equal(b.n, 0);
    assert_int_equal(batch_add(&b, 6, &at, &err), -E2BIG);
    assert_string_equal(err.text, "a request may hold 5 images at most, this one has 6");
    assert_int_equal(batch_add(&b, SIZE_MAX, &at, NULL), -E2BIG);
    assert_int_equal(batch_add(&b, 5, &at, NULL), 0);
    batch_finish(&b);
    assert_null(b.images);
}

static void test_keeps_a_megabyte(void **state)
{
    struct batch b = {.served = &fake_served, .max = 10000};
    float *at;
    (void)state;

    assert_int_equal(batch_add(&b, 256, &at, NULL), 0);
    batch_reset(&b);
    assert_int_equal(b.capacity, 256);
    assert_ptr_equal(b.images, at);
    assert_int_equal(batch_add(&b, 10000, &at, NULL), 0);
    batch_reset(&b);
    assert_int_equal(b.capacity, 0);
    assert_null(b.images);
    assert_int_equal(b.max, 10000);
    assert_ptr_equal(b.served, &fake_served);
    batch_finish(&b);
}

static void test_forgets_the_wish(void **state)
{
    struct batch b = {.served = &fake_served, .max = 1};
    (void)state;

    b.wish.id = "\"1\"";
    b.wish.columns = true;
    b.wish.outputs.n = 1;
    batch_reset(&b);
    assert_null(b.wish.id);
    assert_false(b.wish.columns);
    assert_int_equal(b.wish.outputs.n, 0);
    batch_finish(&b);
}

/* Pictures between tensors: only what is a digit is predicted. */
static void test_pictures_that_are_no_digits(void **state)
{
    static uint8_t blank[40 * 40], bar[40 * 40];
    const struct image paper = {blank, 40, 40}, ink = {bar, 40, 40};
    struct batch b = {.served = &fake_served, .max = 10};
    float *at;
    (void)state;

    memset(blank, 255, sizeof(blank));
    memset(bar, 255, sizeof(bar));
    for (size_t y = 5; y < 35; y++)
        memset(bar + 40 * y + 18, 0, 5);
    assert_int_equal(batch_add(&b, 1, &at, NULL), 0);
    for (size_t k = 0; k < MODEL_INPUT; k++)
        at[k] = 8;
    assert_null(b.seen);
    assert_int_equal(batch_add_picture(&b, &paper, NULL), 0);
    assert_int_equal(batch_add_picture(&b, &paper, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(batch_add_picture(&b, &ink, NULL), 0);
    assert_int_equal(b.n, 6);
    assert_int_equal(b.seen[0].verdict, PREPROCESS_DIGIT);
    assert_int_equal(b.seen[1].verdict, PREPROCESS_BLANK);
    assert_int_equal(b.seen[5].verdict, PREPROCESS_DIGIT);
    fake_predicted = 0;
    b.probabilities[MODEL_CLASSES] = 42;
    assert_int_equal(batch_predict(&b, NULL), 0);
    assert_int_equal(fake_predicted, 4);
    assert_true(b.logits[0] == 8);
    for (size_t k = MODEL_CLASSES; k < 3 * MODEL_CLASSES; k++)
        assert_true(b.probabilities[k] == 0 && b.logits[k] == 0);
    batch_reset(&b);
    assert_null(b.seen);
    batch_finish(&b);
}

static void test_answers_are_finite_or_none(void **state)
{
    struct batch b = {.served = &fake_served, .max = 2};
    struct error err = {0};
    float *at;
    (void)state;

    assert_int_equal(batch_add(&b, 2, &at, NULL), 0);
    memset(at, 0, 2 * MODEL_INPUT * sizeof(float));
    at[MODEL_INPUT + 783] = -1e12F;
    assert_int_equal(batch_predict(&b, &err), 0);
    at[MODEL_INPUT + 783] = -2e12F;
    assert_int_equal(batch_predict(&b, &err), -EINVAL);
    assert_string_equal(err.text,
                        "image 1 has the value -2e+12; expected pixels, at most 1e+12 "
                        "either way");
    at[MODEL_INPUT + 783] = 0;
    at[MODEL_INPUT + 3] = NAN;
    err = (struct error){0};
    assert_int_equal(batch_predict(&b, &err), -EINVAL);
    assert_string_equal(err.text, "image 1 has the value nan; expected pixels, at most 1e+12 "
                                  "either way");
    at[MODEL_INPUT + 3] = 1e12F;
    fake_weight = 1e30F;
    err = (struct error){0};
    assert_int_equal(batch_predict(&b, &err), -EINVAL);
    assert_string_equal(err.text, "the answer to image 1 is not finite");
    fake_weight = 1;
    batch_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_up_to_its_limit),
        cmocka_unit_test(test_keeps_a_megabyte),
        cmocka_unit_test(test_forgets_the_wish),
        cmocka_unit_test(test_pictures_that_are_no_digits),
        cmocka_unit_test(test_answers_are_finite_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
