#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "model/preprocess.h"

enum { SIDE = PREPROCESS_SIDE, CANVAS = 120 };

static uint8_t canvas[CANVAS * CANVAS];

static void clear(uint8_t paper)
{
    memset(canvas, paper, sizeof(canvas));
}

static void fill(size_t left, size_t top, size_t width, size_t height, uint8_t grey)
{
    for (size_t y = top; y < top + height; y++)
        memset(canvas + y * CANVAS + left, grey, width);
}

static struct preprocess look(void)
{
    struct preprocess ret;

    preprocess(canvas, CANVAS, CANVAS, &ret);
    return ret;
}

/* A seven with a thick stem, `scale` pixels a unit, 8 units wide and 10 high. */
static void draw_seven(size_t left, size_t top, size_t scale, uint8_t grey)
{
    fill(left, top, 8 * scale, 2 * scale, grey);
    for (size_t unit = 2; unit < 10; unit++)
        fill(left + (9 - unit) / 2 * 2 * scale, top + unit * scale, 2 * scale, scale, grey);
}

static void test_empty_pictures_are_blank(void **state)
{
    static const struct {
        unsigned paper, ink;
        size_t width, height;
        enum preprocess_verdict want;
    } cases[] = {
        {255, 255, 30, 40, PREPROCESS_BLANK},
        {0,   0,   30, 40, PREPROCESS_BLANK},
        {128, 128, 30, 40, PREPROCESS_BLANK},
        {255, 230, 30, 40, PREPROCESS_BLANK}, /* 25 grey levels: too faint */
        {255, 229, 30, 40, PREPROCESS_DIGIT},
        {0,   25,  30, 40, PREPROCESS_BLANK},
        {0,   26,  30, 40, PREPROCESS_DIGIT},
        {255, 0,   1,  1,  PREPROCESS_BLANK},
        {255, 0,   2,  2,  PREPROCESS_BLANK}, /* a speck */
        {255, 0,   2,  3,  PREPROCESS_DIGIT},
    };
    static const uint8_t nothing[PREPROCESS_PIXELS];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        clear((uint8_t)cases[i].paper);
        fill(20, 30, cases[i].width, cases[i].height, (uint8_t)cases[i].ink);

        struct preprocess seen = look();

        assert_int_equal(seen.verdict, cases[i].want);
        if (cases[i].want == PREPROCESS_BLANK)
            assert_memory_equal(seen.pixels, nothing, sizeof(nothing));
    }
}

static void test_shapes_that_no_digit_has(void **state)
{
    static const struct {
        size_t width, height;
        enum preprocess_verdict want;
    } cases[] = {
        {60, 60, PREPROCESS_NOT_A_DIGIT}, /* a full box */
        {60, 52, PREPROCESS_NOT_A_DIGIT},
        {82, 20, PREPROCESS_NOT_A_DIGIT}, /* a dash */
        {80, 20, PREPROCESS_DIGIT      },
        {4,  80, PREPROCESS_DIGIT      }, /* a one */
        {1,  80, PREPROCESS_DIGIT      },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        clear(255);
        fill(20, 20, cases[i].width, cases[i].height, 0);

        struct preprocess seen = look();

        assert_int_equal(seen.verdict, cases[i].want);
        assert_int_equal(seen.left, 20);
        assert_int_equal(seen.top, 20);
        assert_int_equal(seen.right, 20 + cases[i].width);
        assert_int_equal(seen.bottom, 20 + cases[i].height);
    }
}

/* Worked out by hand: where the bar's columns land, and how strong. */
static void test_bars_land_where_they_should(void **state)
{
    static const struct {
        size_t width, height;
        size_t first_column, last_column; /* of the 28 */
    } cases[] = {
        {4,  20, 13, 16}, /* columns 8..11 of 20, centre 10, offset floor(15 - 10) */
        {3,  20, 13, 15}, /* columns 8..10 of 20, centre 9.5, offset 5 */
        {12, 60, 13, 16}, /* three pixels to one */
        {1,  5,  13, 16}, /* one pixel to four */
        {20, 40, 10, 19}, /* columns 5..14 */
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        clear(255);
        fill(33, 44, cases[i].width, cases[i].height, 10);

        struct preprocess seen = look();

        for (size_t y = 0; y < SIDE; y++) {
            for (size_t x = 0; x < SIDE; x++) {
                bool ink =
                    y >= 5 && y < 25 && x >= cases[i].first_column && x <= cases[i].last_column;

                assert_int_equal(seen.pixels[y * SIDE + x], ink ? 255 : 0);
            }
        }
    }
}

static void test_areas_are_averaged_exactly(void **state)
{
    struct preprocess seen;
    (void)state;

    /* 40x40, two pixels to one: a target pixel with one inked source pixel of four. */
    clear(255);
    fill(10, 10, 40, 40, 0);
    fill(10, 10, 2, 2, 255);
    fill(10, 10, 1, 1, 0);
    seen = look();
    assert_int_equal(seen.pixels[4 * SIDE + 4], 64); /* 255 / 4, rounded; mass at 10.02 */
    assert_int_equal(seen.pixels[4 * SIDE + 5], 255);

    /* 30x30, one and a half to one: column 1 blank, so targets 0 and 1 hold 1 of 1.5. */
    clear(255);
    fill(10, 10, 30, 30, 0);
    fill(11, 10, 1, 30, 255);
    seen = look();
    assert_int_equal(seen.pixels[14 * SIDE + 4], 170);
    assert_int_equal(seen.pixels[14 * SIDE + 5], 170);
    assert_int_equal(seen.pixels[14 * SIDE + 6], 255);

    /* 25x25, one and a quarter: column 1 covers 0.25 of target 0 and 0.75 of target 1. */
    clear(255);
    fill(10, 10, 25, 25, 0);
    fill(11, 10, 1, 25, 255);
    seen = look();
    assert_int_equal(seen.pixels[14 * SIDE + 4], 204);
    assert_int_equal(seen.pixels[14 * SIDE + 5], 102);
    assert_int_equal(seen.pixels[14 * SIDE + 6], 255);
}

static void test_paper_is_the_median_of_the_rim(void **state)
{
    struct preprocess seen;
    (void)state;

    /* A little less than half of the rim is dark: it is ink, and so in the box. */
    clear(200);
    fill(0, 0, CANVAS, 50, 0);
    seen = look();
    assert_false(seen.inverted);
    assert_int_equal(seen.top, 0);
    assert_int_equal(seen.bottom, 50);

    clear(200);
    fill(0, 0, CANVAS, 70, 0);
    seen = look();
    assert_true(seen.inverted);
    assert_int_equal(seen.top, 70);
    assert_int_equal(seen.bottom, CANVAS);
}

static void test_polarity_place_size_and_contrast_do_not_matter(void **state)
{
    static const struct {
        size_t left, top, scale;
        uint8_t paper, ink;
    } cases[] = {
        {10, 10, 4,  0,   255},
        {70, 55, 4,  255, 0  },
        {1,  1,  11, 255, 0  },
        {9,  30, 2,  255, 0  },
        {10, 10, 8,  128, 90 },
        {10, 10, 6,  30,  127},
    };
    struct preprocess want;
    (void)state;

    clear(255);
    draw_seven(10, 10, 4, 0);
    want = look();
    assert_int_equal(want.verdict, PREPROCESS_DIGIT);
    assert_false(want.inverted);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        clear(cases[i].paper);
        draw_seven(cases[i].left, cases[i].top, cases[i].scale, cases[i].ink);

        struct preprocess seen = look();

        assert_int_equal(seen.verdict, PREPROCESS_DIGIT);
        assert_int_equal(seen.inverted, cases[i].paper < 128);
        assert_int_equal(seen.left, cases[i].left);
        assert_int_equal(seen.right, cases[i].left + 8 * cases[i].scale);
        assert_memory_equal(seen.pixels, want.pixels, sizeof(want.pixels));
    }
}

/* Faint specks outside the box must not widen it, and count as paper. */
static void test_faint_pixels_do_not_widen_the_box(void **state)
{
    struct preprocess seen;
    (void)state;

    clear(255);
    fill(50, 30, 10, 50, 0);
    fill(10, 5, 100, 3, 243); /* 12: under the threshold */
    seen = look();
    assert_int_equal(seen.left, 50);
    assert_int_equal(seen.top, 30);
    assert_int_equal(seen.pixels[0], 0);
}

static void test_the_longest_and_thinnest_pictures(void **state)
{
    static const size_t sides[][2] = {
        {1,    1   },
        {1,    2   },
        {2,    1   },
        {2,    2   },
        {3,    3   },
        {4096, 1   },
        {1,    4096},
        {4096, 2   },
        {3,    4096},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        size_t len = sides[i][0] * sides[i][1];
        uint8_t *picture = malloc(len);
        struct preprocess seen;

        assert_non_null(picture);
        memset(picture, 255, len);
        preprocess(picture, sides[i][0], sides[i][1], &seen);
        assert_int_equal(seen.verdict, PREPROCESS_BLANK);
        for (size_t k = 0; k < len; k++)
            picture[k] = (uint8_t)(k * 2654435761U >> 13);
        preprocess(picture, sides[i][0], sides[i][1], &seen);
        assert_true(seen.right <= sides[i][0] && seen.bottom <= sides[i][1]);
        free(picture);
    }
}

static void test_the_largest_picture(void **state)
{
    size_t side = PREPROCESS_PICTURE_SIDE_MAX;
    uint8_t *picture = malloc(side * side);
    struct preprocess seen;
    (void)state;

    assert_non_null(picture);
    memset(picture, 0, side * side);
    for (size_t y = 0; y < side; y++) /* all but the rim: the sums are as large as they get */
        if (y > 0 && y + 1 < side)
            memset(picture + y * side + 1, 255, side - 2);
    preprocess(picture, side, side, &seen);
    assert_int_equal(seen.verdict, PREPROCESS_NOT_A_DIGIT);
    assert_int_equal(seen.right - seen.left, side - 2);
    for (size_t i = 0; i < SIDE; i++)
        assert_int_equal(seen.pixels[i * SIDE + 14], i >= 5 && i < 25 ? 255 : 0);
    free(picture);
}

static void test_two_digits_side_by_side_are_several(void **state)
{
    (void)state;

    clear(255);
    draw_seven(10, 30, 5, 0);
    draw_seven(60, 30, 5, 0);
    assert_int_equal(look().verdict, PREPROCESS_SEVERAL);
    clear(255);
    draw_seven(10, 30, 5, 0);
    fill(60, 30, 10, 8, 0); /* too little to be one */
    assert_int_equal(look().verdict, PREPROCESS_DIGIT);
}

static void test_verdicts_have_names(void **state)
{
    (void)state;

    assert_string_equal(preprocess_verdict_name(PREPROCESS_DIGIT), "digit");
    assert_string_equal(preprocess_verdict_name(PREPROCESS_BLANK), "blank");
    assert_string_equal(preprocess_verdict_name(PREPROCESS_NOT_A_DIGIT), "not_a_digit");
    assert_string_equal(preprocess_verdict_name(PREPROCESS_SEVERAL), "several_digits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_pictures_are_blank),
        cmocka_unit_test(test_shapes_that_no_digit_has),
        cmocka_unit_test(test_bars_land_where_they_should),
        cmocka_unit_test(test_areas_are_averaged_exactly),
        cmocka_unit_test(test_paper_is_the_median_of_the_rim),
        cmocka_unit_test(test_polarity_place_size_and_contrast_do_not_matter),
        cmocka_unit_test(test_faint_pixels_do_not_widen_the_box),
        cmocka_unit_test(test_the_longest_and_thinnest_pictures),
        cmocka_unit_test(test_the_largest_picture),
        cmocka_unit_test(test_two_digits_side_by_side_are_several),
        cmocka_unit_test(test_verdicts_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
