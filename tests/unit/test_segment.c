#include "tests/unit/unit.h"

#include <string.h>

#include "model/components.h"
#include "model/segment.h"

enum { WIDTH = 200, HEIGHT = 80 };

static uint8_t ink[WIDTH * HEIGHT];

static void clear(void)
{
    memset(ink, 0, sizeof(ink));
}

static void fill(size_t left, size_t top, size_t width, size_t height)
{
    for (size_t y = top; y < top + height; y++)
        memset(ink + y * WIDTH + left, 255, width);
}

static struct segment find(void)
{
    struct segment s;

    assert_int_equal(segment_find(ink, WIDTH, HEIGHT, &s), 0);
    return s;
}

static void test_patches_that_touch_slantwise_are_one(void **state)
{
    struct components c;
    (void)state;

    clear();
    fill(10, 10, 2, 2);
    fill(12, 12, 3, 4);
    fill(20, 10, 5, 1);
    assert_int_equal(components_find(ink, WIDTH, HEIGHT, 1, &c), 0);
    assert_int_equal(c.n, 2);
    assert_int_equal(c.all[0].area, 16);
    assert_int_equal(c.all[0].mass, 16 * 255);
    assert_int_equal(c.all[0].left, 10);
    assert_int_equal(c.all[0].right, 15);
    assert_int_equal(c.all[0].bottom, 16);
    assert_int_equal(c.all[1].area, 5);
    assert_int_equal(c.labels[10 * WIDTH + 20], 2);
    components_finish(&c);
}

static void test_more_patches_than_are_kept(void **state)
{
    struct components c;
    (void)state;

    clear();
    for (size_t i = 0; i < sizeof(ink); i += 2)
        if (i / WIDTH % 2 == 0)
            ink[i] = 200;
    assert_int_equal(components_find(ink, WIDTH, HEIGHT, 1, &c), 0);
    assert_int_equal(c.n, COMPONENTS_MAX);
    components_finish(&c);
}

static void test_nothing_is_no_piece(void **state)
{
    struct segment s;
    (void)state;

    clear();
    s = find();
    assert_int_equal(s.n, 0);
    segment_finish(&s);
}

static void test_bars_are_pieces_from_left_to_right(void **state)
{
    struct segment s;
    (void)state;

    clear();
    fill(120, 15, 8, 50);
    fill(40, 20, 8, 50);
    fill(80, 10, 8, 50);
    fill(150, 40, 3, 3); /* a speck */
    s = find();
    assert_int_equal(s.n, 3);
    assert_int_equal(s.high, 50);
    assert_int_equal(s.pieces[0].left, 40);
    assert_int_equal(s.pieces[1].left, 80);
    assert_int_equal(s.pieces[2].left, 120);
    assert_int_equal(s.owners[30 * WIDTH + 121], 3);
    assert_int_equal(s.owners[41 * WIDTH + 151], 0);
    segment_finish(&s);
}

static void test_a_low_part_joins_what_it_stands_over(void **state)
{
    struct segment s;
    (void)state;

    clear();
    fill(20, 10, 30, 6);  /* the bar of a 5 */
    fill(20, 20, 8, 40);  /* its body */
    fill(100, 10, 8, 50); /* its neighbour */
    s = find();
    assert_int_equal(s.n, 2);
    assert_int_equal(s.pieces[0].top, 10);
    assert_int_equal(s.pieces[0].right, 50);
    assert_int_equal(s.pieces[0].bottom, 60);
    segment_finish(&s);
}

static void test_a_wide_patch_is_cut_where_it_is_thin(void **state)
{
    struct segment s;
    bool thin = false;
    (void)state;

    clear();
    fill(20, 10, 20, 50);
    fill(40, 50, 20, 4);
    fill(60, 10, 20, 50);
    s = find();
    assert_true(s.n >= 2);
    assert_false(s.pieces[0].cut);
    for (size_t i = 1; i < s.n; i++) {
        assert_true(s.pieces[i].cut);
        thin = thin || (s.pieces[i].left >= 40 && s.pieces[i].left <= 60);
    }
    assert_true(thin);
    assert_int_equal(segment_box(&s, 0, s.n).left, 20);
    assert_int_equal(segment_box(&s, 0, s.n).right, 80);
    segment_finish(&s);
}

/* Two strokes that lean, and touch in the middle: no column could part them. */
static void test_a_seam_leans_with_what_it_parts(void **state)
{
    struct segment s;
    size_t owner = 0;
    (void)state;

    clear();
    for (size_t y = 0; y < 60; y++) {
        fill(90 - y, 10 + y, 8, 1);
        fill(110 - y, 10 + y, 8, 1);
    }
    fill(70, 40, 12, 2);
    s = find();
    assert_true(s.n >= 2);
    for (size_t y = 11; y < 69; y++) {
        size_t left = s.owners[y * WIDTH + 102 - y], right = s.owners[y * WIDTH + 123 - y];

        assert_true(left > 0 && left < right);
        owner = owner > 0 && right > owner ? owner : right;
    }
    for (size_t y = 11; y < 69; y++)
        assert_true(s.owners[y * WIDTH + 102 - y] < owner);
    assert_true(s.pieces[owner - 1].cut);
    assert_in_range(s.pieces[owner - 1].ink, 1, 15);
    segment_finish(&s);
}

static void test_a_piece_is_drawn_alone(void **state)
{
    enum { WIDE = 18, HIGH = 50 };
    uint8_t drawn[(WIDE + 2) * (HIGH + 2)];
    struct segment s;
    (void)state;

    clear();
    fill(60, 10, 8, HIGH);
    fill(50, 10, 10, 3);
    fill(40, 20, 8, HIGH);
    fill(48, 40, 8, 3); /* an arm that reaches into the other's box */
    s = find();
    assert_int_equal(s.n, 2);
    segment_draw(&s, ink, 1, 1, drawn);
    for (size_t y = 0; y < HIGH + 2; y++)
        for (size_t x = 0; x < WIDE + 2; x++) {
            bool bar = x >= 11 && x <= WIDE && y >= 1 && y <= HIGH;
            bool hat = x >= 1 && x <= WIDE && y >= 1 && y <= 3;

            assert_int_equal(drawn[y * (WIDE + 2) + x], bar || hat ? 255 : 0);
        }
    segment_finish(&s);
}

static void test_too_many_pieces_are_left_out(void **state)
{
    struct segment s;
    (void)state;

    clear();
    for (size_t x = 1; x + 1 < WIDTH; x += 2)
        fill(x, 10, 1, 50);
    s = find();
    assert_int_equal(s.n, SEGMENT_MAX);
    segment_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patches_that_touch_slantwise_are_one),
        cmocka_unit_test(test_more_patches_than_are_kept),
        cmocka_unit_test(test_nothing_is_no_piece),
        cmocka_unit_test(test_bars_are_pieces_from_left_to_right),
        cmocka_unit_test(test_a_low_part_joins_what_it_stands_over),
        cmocka_unit_test(test_a_wide_patch_is_cut_where_it_is_thin),
        cmocka_unit_test(test_a_seam_leans_with_what_it_parts),
        cmocka_unit_test(test_a_piece_is_drawn_alone),
        cmocka_unit_test(test_too_many_pieces_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
