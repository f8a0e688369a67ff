#include "tests/unit/unit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "server/image.h"
#include "server/plot.h"
#include "server/score.h"

static const struct model_info info = {.sha256 = "0123456789abcdef"};
static const struct score_run run = {
    .images = "folder/images.gz",
    .model = "",
    .info = &info,
    .width = 28,
    .height = 28,
    .seconds = 2,
};

/* An answer with this confidence; the rest goes to the next digit. From 0.6 on it is given. */
static void answer(struct score *s, unsigned label, unsigned digit, float confidence)
{
    float p[MODEL_CLASSES] = {0};

    p[digit] = confidence;
    p[(digit + 1) % MODEL_CLASSES] = 1 - confidence;
    score_add(s, label, digit, p, confidence >= 0.6F);
}

/* Four 3s (two right, one called 8, one blank), one 8 (right). */
static struct score made(void)
{
    struct score s = {0};

    answer(&s, 3, 3, 1.0F);
    answer(&s, 3, 3, 0.75F);
    answer(&s, 3, 8, 0.75F);
    score_reject(&s, 3);
    answer(&s, 8, 8, 0.5F);
    return s;
}

static void assert_near(double got, double want)
{
    assert_true(fabs(got - want) < 1e-12);
}

static void test_figures(void **state)
{
    struct score s = made();
    (void)state;

    assert_int_equal(s.images, 5);
    assert_near(score_accuracy(&s), 0.6);
    assert_near(score_standard_error(&s), sqrt(0.6 * 0.4 / 5));
    assert_int_equal(score_refused(&s), 2); /* the blank one, and the 8 of 0.5 */
    assert_near(score_answered_accuracy(&s), 2.0 / 3);
    assert_int_equal(score_support(&s, 3), 4);
    assert_near(score_recall(&s, 3), 0.5);
    assert_near(score_recall(&s, 8), 1);
    assert_near(score_precision(&s, 3), 1);
    assert_near(score_precision(&s, 8), 0.5);
    assert_true(isnan(score_precision(&s, 0)) && isnan(score_recall(&s, 0)));
}

static void test_calibration(void **state)
{
    struct score s = made();
    (void)state;

    /* Bin 0.9..1: one, right, gap 0. Bin 0.7..0.8: two at 0.75, one right, gap 0.5 in all.
     * Bin 0.5..0.6: one at 0.5, right, gap 0.5. Four images were predicted. */
    assert_near(score_calibration_error(&s), (0 + 0.5 + 0.5) / 4);
    assert_int_equal(s.bins[9].images, 1);
    assert_int_equal(s.bins[7].images, 2);
    assert_int_equal(s.bins[7].correct, 1);
    assert_int_equal(s.bins[5].images, 1);
}

static void test_log_loss(void **state)
{
    struct score s = {0};
    (void)state;

    answer(&s, 1, 1, 0.5F);
    answer(&s, 2, 2, 0.25F);
    assert_near(score_log_loss(&s), (log(2) + log(4)) / 2);
    answer(&s, 9, 4, 1.0F); /* P(9) is 0: large, and finite */
    assert_true(score_log_loss(&s) > 20 && isfinite(score_log_loss(&s)));
}

static void test_nothing_is_not_a_number(void **state)
{
    struct score s = {0};
    (void)state;

    assert_true(isnan(score_accuracy(&s)) && isnan(score_log_loss(&s)));
    assert_true(isnan(score_standard_error(&s)) && isnan(score_calibration_error(&s)));
}

static bool holds(const struct buf *b, const char *text)
{
    return memmem(b->data, b->len, text, strlen(text)) != NULL;
}

static void test_json(void **state)
{
    struct score s = made();
    struct buf json = BUF(1 << 16);
    struct buf small = BUF(100);
    (void)state;

    assert_int_equal(score_write_json(&s, &run, &json), 0);
    assert_true(holds(&json, "{\"accuracy\":0.6,\"standard_error\":0.219"));
    assert_true(holds(&json, ",\"images\":5,\"correct\":3,"));
    assert_true(holds(&json, ",\"refused\":2,\"answered_accuracy\":0.666666667,"));
    assert_true(holds(&json, ",\"images_per_second\":2.5,"));
    assert_true(holds(&json, "\"model_sha256\":\"0123456789abcdef\""));
    assert_true(holds(&json, "\"precision\":[null,null,null,1,null,null,null,null,0.5,null]"));
    assert_true(holds(&json, "[0,0,0,2,0,0,0,0,1,0]"));
    assert_true(holds(&json, "\"rejected\":[0,0,0,1,0,0,0,0,0,0]"));
    assert_true(holds(&json, "{\"from\":0.7,\"to\":0.8,\"images\":2,\"confidence\":0.75,"
                             "\"accuracy\":0.5}"));
    assert_int_equal(json.data[json.len - 1], '}');
    assert_int_equal(score_write_json(&s, &run, &small), -E2BIG);
    buf_clear(&json);
    buf_clear(&small);
}

/* The share of a region's pixels that are darker than paper. */
static double ink(const struct image *p, size_t left, size_t top, size_t width, size_t height)
{
    size_t dark = 0;

    for (size_t y = top; y < top + height; y++)
        for (size_t x = left; x < left + width; x++)
            dark += p->grey[y * p->width + x] < 200;
    return (double)dark / (double)(width * height);
}

static void test_plot(void **state)
{
    struct score s = made();
    struct score none = {0};
    struct buf png = BUF(1 << 22);
    struct image plot = {0};
    (void)state;

    assert_int_equal(plot_score(&s, &run, &png), 0);
    assert_int_equal(image_decode_png(png.data, png.len, NULL, &plot, NULL), 0);
    assert_true(plot.width >= 800 && plot.height >= 500);
    assert_true(ink(&plot, 0, 0, plot.width, 100) > 0.02);            /* a title */
    assert_true(ink(&plot, 84 + 8 * 52, 168 + 8 * 52, 52, 52) > 0.9); /* all 8s were read */
    assert_true(ink(&plot, 84, 168, 52, 52) < 0.05);                  /* there was no 0 */
    image_finish(&plot);
    buf_reset(&png);
    assert_int_equal(plot_score(&none, &run, &png), 0); /* NaN everywhere */
    buf_clear(&png);
    png = BUF(100);
    assert_int_equal(plot_score(&s, &run, &png), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),  cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_log_loss), cmocka_unit_test(test_nothing_is_not_a_number),
        cmocka_unit_test(test_json),     cmocka_unit_test(test_plot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
