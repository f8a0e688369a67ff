#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "model/error.h"
#include "model/strokes.h"

/* The inked pixels of a drawing whose paper is 255. */
static double ink_of(const struct strokes_picture *p)
{
    double ink = 0;

    for (size_t i = 0; i < p->width * p->height; i++)
        ink += (255 - p->grey[i]) / 255.0;
    return ink;
}

static struct strokes_picture draw(const float (*points)[2], size_t n, double side,
                                   double share)
{
    struct strokes *s = strokes_create();
    struct strokes_picture p;

    assert_non_null(s);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(strokes_add(s, points[i][0], points[i][1], NULL), 0);
    assert_int_equal(strokes_draw(s, side, share, &p, NULL), 0);
    strokes_destroy(s);
    return p;
}

static void test_a_dot_is_a_disc(void **state)
{
    const float point[][2] = {
        {-7, 1e30F}
    };
    struct strokes_picture p = draw(point, 1, 60, 0.1);
    (void)state;

    assert_int_equal(p.width, 10);
    assert_int_equal(p.height, 10);
    assert_true(ink_of(&p) > 27.5 && ink_of(&p) < 29.2); /* pi * 9 */
    free(p.grey);
}

static void test_a_line_has_round_ends(void **state)
{
    const float points[][2] = {
        {3,  5},
        {13, 5}
    };
    struct strokes_picture p = draw(points, 2, 100, 0.1);
    (void)state;

    assert_int_equal(p.width, 104);
    assert_int_equal(p.height, 14);
    assert_true(ink_of(&p) > 970 && ink_of(&p) < 990); /* 90 * 10 + pi * 25 */
    free(p.grey);
}

/* A pen that goes back the way it came leaves the same ink, in any unit. */
static void test_direction_and_unit_do_not_matter(void **state)
{
    const float there[][2] = {
        {0,    0},
        {1,    8},
        {4,    2},
        {4.5F, 8}
    };
    const float back[][2] = {
        {4608, 8192},
        {4096, 2048},
        {1024, 8192},
        {0,    0   }
    };
    struct strokes_picture a = draw(there, 4, 80, 0.115);
    struct strokes_picture b = draw(back, 4, 80, 0.115);
    (void)state;

    assert_int_equal(a.width, b.width);
    assert_int_equal(a.height, b.height);
    for (size_t i = 0; i < a.width * a.height; i++)
        assert_true(a.grey[i] - b.grey[i] <= 1 && b.grey[i] - a.grey[i] <= 1);
    free(a.grey);
    free(b.grey);
}

/* Each row is inked only where the brush can reach; here every pixel would show a gap. */
static void test_steep_and_flat_lines_have_no_gap(void **state)
{
    (void)state;
    for (int i = 0; i <= 40; i++) {
        const float points[][2] = {
            {0,  0       },
            {40, (float)i}
        };
        const float turned[][2] = {
            {0,        0 },
            {(float)i, 40}
        };
        struct strokes_picture a = draw(points, 2, 90, 0.1);
        struct strokes_picture b = draw(turned, 2, 90, 0.1);

        assert_int_equal(a.width, b.height);
        assert_int_equal(a.height, b.width);
        for (size_t y = 0; y < a.height; y++)
            for (size_t x = 0; x < a.width; x++)
                assert_int_equal(a.grey[y * a.width + x], b.grey[x * b.width + y]);
        free(a.grey);
        free(b.grey);
    }
}

static void test_a_lifted_pen_leaves_a_gap(void **state)
{
    struct strokes *s = strokes_create();
    struct strokes_picture p;
    (void)state;

    assert_int_equal(strokes_add(s, 0, 0, NULL), 0);
    strokes_lift(s);
    assert_int_equal(strokes_add(s, 100, 0, NULL), 0);
    assert_int_equal(strokes_draw(s, 100, 0.1, &p, NULL), 0);
    assert_int_equal(p.grey[p.height / 2 * p.width + p.width / 2], 255);
    assert_int_equal(p.grey[p.height / 2 * p.width + 7], 0);
    free(p.grey);
    strokes_destroy(s);
}

static void test_limits(void **state)
{
    struct strokes *s = strokes_create();
    struct strokes_picture p;
    struct error err = {0};
    double width, height;
    (void)state;

    assert_int_equal(strokes_draw(s, 80, 0.1, &p, &err), -EINVAL);
    strokes_extent(s, &width, &height);
    assert_true(width == 0 && height == 0);
    for (size_t i = 0; i < STROKES_POINTS_MAX; i++)
        assert_int_equal(strokes_add(s, (float)(i % 2) * 3e38F, (float)i, NULL), 0);
    assert_int_equal(strokes_add(s, 0, 0, NULL), -E2BIG);
    assert_int_equal(strokes_points(s), STROKES_POINTS_MAX);
    assert_int_equal(strokes_draw(s, 80, 0.1, &p, NULL), 0);
    assert_true(p.width <= 84 + 1);
    free(p.grey);
    strokes_destroy(s);
    strokes_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dot_is_a_disc),
        cmocka_unit_test(test_a_line_has_round_ends),
        cmocka_unit_test(test_direction_and_unit_do_not_matter),
        cmocka_unit_test(test_steep_and_flat_lines_have_no_gap),
        cmocka_unit_test(test_a_lifted_pen_leaves_a_gap),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
