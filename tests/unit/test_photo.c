#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "model/photo.h"
#include "model/preprocess.h"

enum { WIDTH = 320, HEIGHT = 240, GRAIN = 7 };

static uint8_t grey[WIDTH * HEIGHT];

/* Paper under light that falls off from left to right, with a grain that repeats itself. */
static void lay_paper(int bright, int dark)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            grey[y * WIDTH + x] =
                (uint8_t)(bright + (dark - bright) * x / WIDTH + (x * 5 + y * 3) % GRAIN);
}

/* A bar of ink, which throws back `percent` of what the paper does. */
static void write_bar(int left, int top, int width, int height, int percent)
{
    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++)
            grey[y * WIDTH + x] = (uint8_t)(grey[y * WIDTH + x] * percent / 100);
}

static struct preprocess look(void)
{
    struct preprocess seen;

    assert_int_equal(photo_preprocess(grey, WIDTH, HEIGHT, &seen), 0);
    return seen;
}

static void test_drawings_are_no_photos(void **state)
{
    (void)state;

    memset(grey, 255, sizeof(grey));
    write_bar(100, 50, 20, 120, 0);
    assert_false(photo_is_one(grey, WIDTH, HEIGHT));
    write_bar(0, 100, WIDTH, HEIGHT / 4, 0); /* ink that reaches the edge */
    assert_false(photo_is_one(grey, WIDTH, HEIGHT));
    lay_paper(200, 100);
    assert_true(photo_is_one(grey, WIDTH, HEIGHT));
    assert_false(photo_is_one(grey, 63, HEIGHT)); /* too small */
}

/* Squared paper: lines over all of it, which throw back `percent` of what the paper does. */
static void rule(int percent)
{
    for (int x = 10; x < WIDTH; x += 30)
        write_bar(x, 0, 1, HEIGHT, percent);
    for (int y = 10; y < HEIGHT; y += 30)
        write_bar(0, y, WIDTH, 1, percent);
}

static void test_rules_make_a_photo_of_flat_paper(void **state)
{
    struct preprocess seen;
    (void)state;

    memset(grey, 240, sizeof(grey));
    rule(70);
    assert_true(photo_is_one(grey, WIDTH, HEIGHT));
    assert_int_equal(look().verdict, PREPROCESS_BLANK);
    write_bar(150, 60, 16, 120, 20);
    seen = look();
    assert_int_equal(seen.verdict, PREPROCESS_DIGIT);
    assert_in_range(seen.left, 147, 151);
    assert_in_range(seen.bottom, 179, 183);

    memset(grey, 255, sizeof(grey));
    for (int x = 30; x < WIDTH; x += 60) /* a row of strokes that was cut out closely */
        write_bar(x, 0, 9, HEIGHT, 0);
    assert_false(photo_is_one(grey, WIDTH, HEIGHT));
}

/* Fainter than the pen, yet as strong as ink: whatever is written hangs on them. */
static void test_strong_rules_let_go_of_the_ink(void **state)
{
    struct preprocess seen;
    (void)state;

    lay_paper(220, 160);
    for (int y = 10; y < HEIGHT; y += 30)
        write_bar(0, y, WIDTH, 3, 70);
    write_bar(150, 60, 16, 120, 40);
    seen = look();
    assert_int_equal(seen.verdict, PREPROCESS_DIGIT);
    assert_in_range(seen.left, 146, 151);
    assert_in_range(seen.right, 165, 170);
    assert_in_range(seen.top, 56, 61);
    assert_in_range(seen.bottom, 179, 184);
}

static void test_a_drawing_is_seen_as_ever(void **state)
{
    struct preprocess want, got;
    (void)state;

    memset(grey, 255, sizeof(grey));
    write_bar(100, 50, 20, 120, 0);
    preprocess(grey, WIDTH, HEIGHT, &want);
    got = look();
    assert_memory_equal(got.pixels, want.pixels, sizeof(got.pixels));
    assert_int_equal(got.left, 100);
}

static void test_ink_is_found_under_uneven_light(void **state)
{
    struct preprocess seen;
    (void)state;

    lay_paper(220, 90);
    write_bar(150, 60, 16, 120, 40);
    seen = look();
    assert_int_equal(seen.verdict, PREPROCESS_DIGIT);
    assert_false(seen.inverted);
    assert_in_range(seen.left, 147, 151);
    assert_in_range(seen.right, 165, 169);
    assert_in_range(seen.top, 57, 61);
    assert_in_range(seen.bottom, 179, 183);
}

static void test_chalk_is_found_too(void **state)
{
    struct preprocess seen;
    (void)state;

    lay_paper(70, 40);
    write_bar(150, 60, 16, 120, 300);
    seen = look();
    assert_int_equal(seen.verdict, PREPROCESS_DIGIT);
    assert_true(seen.inverted);
    assert_in_range(seen.left, 147, 151);
}

static void test_empty_paper_is_blank(void **state)
{
    (void)state;

    lay_paper(220, 90);
    assert_int_equal(look().verdict, PREPROCESS_BLANK);
    write_bar(200, 0, 40, HEIGHT, 30); /* something that lies across the picture */
    assert_int_equal(look().verdict, PREPROCESS_BLANK);
}

static void test_a_speck_is_no_ink(void **state)
{
    struct preprocess seen;
    (void)state;

    lay_paper(220, 120);
    write_bar(150, 60, 16, 120, 40);
    write_bar(30, 30, 3, 3, 30);
    write_bar(290, 200, 2, 4, 30);
    seen = look();
    assert_in_range(seen.left, 147, 151);
    assert_in_range(seen.right, 165, 169);
}

static void test_a_large_photo_is_reduced(void **state)
{
    const size_t scale = 5;
    uint8_t *large = malloc(scale * scale * WIDTH * HEIGHT);
    struct photo photo;
    struct preprocess seen;
    (void)state;

    assert_non_null(large);
    lay_paper(220, 90);
    write_bar(150, 60, 16, 120, 40);
    for (size_t y = 0; y < scale * HEIGHT; y++)
        for (size_t x = 0; x < scale * WIDTH; x++)
            large[y * scale * WIDTH + x] = grey[y / scale * WIDTH + x / scale];
    assert_int_equal(photo_clean(large, scale * WIDTH, scale * HEIGHT, &photo), 0);
    assert_int_equal(photo.scale, 4);
    assert_int_equal(photo.width, scale * WIDTH / 4);
    photo_finish(&photo);
    assert_int_equal(photo_preprocess(large, scale * WIDTH, scale * HEIGHT, &seen), 0);
    assert_in_range(seen.left, 5 * 146, 5 * 151);
    assert_in_range(seen.bottom, 5 * 179, 5 * 184);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drawings_are_no_photos),
        cmocka_unit_test(test_rules_make_a_photo_of_flat_paper),
        cmocka_unit_test(test_strong_rules_let_go_of_the_ink),
        cmocka_unit_test(test_a_drawing_is_seen_as_ever),
        cmocka_unit_test(test_ink_is_found_under_uneven_light),
        cmocka_unit_test(test_chalk_is_found_too),
        cmocka_unit_test(test_empty_paper_is_blank),
        cmocka_unit_test(test_a_speck_is_no_ink),
        cmocka_unit_test(test_a_large_photo_is_reduced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
