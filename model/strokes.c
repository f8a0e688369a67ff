#include "model/strokes.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "model/error.h"

enum { PAPER = 255 };

struct point {
    double x, y;
};

struct strokes {
    size_t n;
    bool lifted;                         /* before the next point */
    bool begins[STROKES_POINTS_MAX];     /* whether the point is the first of its stroke */
    float points[STROKES_POINTS_MAX][2]; /* x, y */
};

/* How much of each pixel is inked. */
struct cover {
    double *share; /* [height][width], 0 to 1 */
    size_t width, height;
    double radius; /* of the brush */
};

struct strokes *strokes_create(void)
{
    struct strokes *s = malloc(sizeof(*s));

    if (s) {
        s->n = 0;
        s->lifted = true;
    }
    return s;
}

void strokes_destroy(struct strokes *s)
{
    free(s);
}

void strokes_lift(struct strokes *s)
{
    s->lifted = true;
}

int strokes_add(struct strokes *s, float x, float y, struct error *err)
{
    if (s->n == STROKES_POINTS_MAX)
        return error_set(err, -E2BIG, "there are more than %d points; that is the most",
                         STROKES_POINTS_MAX);
    s->begins[s->n] = s->lifted;
    s->points[s->n][0] = x;
    s->points[s->n][1] = y;
    s->n++;
    s->lifted = false;
    return 0;
}

size_t strokes_points(const struct strokes *s)
{
    return s->n;
}

static void find_box(const struct strokes *s, struct point *ret_low, struct point *ret_high)
{
    struct point low = {HUGE_VAL, HUGE_VAL};
    struct point high = {-HUGE_VAL, -HUGE_VAL};

    for (size_t i = 0; i < s->n; i++) {
        low.x = fmin(low.x, (double)s->points[i][0]);
        low.y = fmin(low.y, (double)s->points[i][1]);
        high.x = fmax(high.x, (double)s->points[i][0]);
        high.y = fmax(high.y, (double)s->points[i][1]);
    }
    *ret_low = low;
    *ret_high = high;
}

void strokes_extent(const struct strokes *s, double *ret_width, double *ret_height)
{
    struct point low = {0, 0};
    struct point high = {0, 0};

    if (s->n > 0)
        find_box(s, &low, &high);
    *ret_width = high.x - low.x;
    *ret_height = high.y - low.y;
}

/* The pixels from `low` to `high` along an axis of `size`. */
static void clip(double low, double high, size_t size, size_t *ret_begin, size_t *ret_end)
{
    *ret_begin = low > 0 ? (size_t)low : 0;
    *ret_end = high + 1 < (double)size ? (size_t)(high + 1) : size;
}

/* Inks one row of the segment from `a` to `b`, edges one pixel soft. */
static void ink_row(const struct cover *c, size_t row, size_t begin, size_t end, struct point a,
                    struct point b)
{
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    const double length = fmax(dx * dx + dy * dy, 1e-9);
    const double y = (double)row + 0.5 - a.y;
    double *share = c->share + row * c->width;

    for (size_t i = begin; i < end; i++) {
        double x = (double)i + 0.5 - a.x;
        double along = fmin(fmax((x * dx + y * dy) / length, 0), 1);
        double ex = x - along * dx;
        double ey = y - along * dy;
        double ink = c->radius + 0.5 - sqrt(ex * ex + ey * ey);

        share[i] = fmax(share[i], fmin(fmax(ink, 0), 1));
    }
}

/* Draws a line with round ends. Each row is visited only where the brush can reach it. */
static void ink_segment(const struct cover *c, struct point a, struct point b)
{
    const double reach = c->radius + 1;
    const struct point top = a.y < b.y ? a : b;
    const struct point bottom = a.y < b.y ? b : a;
    const double slope = bottom.y > top.y ? (bottom.x - top.x) / (bottom.y - top.y) : 0;
    size_t row, last;

    clip(top.y - reach, bottom.y + reach, c->height, &row, &last);
    for (; row < last; row++) {
        double y = (double)row + 0.5;
        double from = top.x + slope * (fmax(y - reach, top.y) - top.y);
        double to = top.x + slope * (fmin(y + reach, bottom.y) - top.y);
        size_t begin, end;

        if (bottom.y <= top.y) {
            from = top.x;
            to = bottom.x;
        }
        clip(fmin(from, to) - reach, fmax(from, to) + reach, c->width, &begin, &end);
        ink_row(c, row, begin, end, a, b);
    }
}

static void ink_all(const struct strokes *s, struct point low, double scale, double margin,
                    const struct cover *c)
{
    struct point before = {0, 0};

    for (size_t i = 0; i < s->n; i++) {
        struct point p = {((double)s->points[i][0] - low.x) * scale + margin,
                          ((double)s->points[i][1] - low.y) * scale + margin};
        bool last = i + 1 == s->n || s->begins[i + 1];

        if (!s->begins[i])
            ink_segment(c, before, p);
        else if (last)
            ink_segment(c, p, p);
        before = p;
    }
}

static uint8_t *to_grey(const struct cover *c)
{
    uint8_t *grey = malloc(c->width * c->height);

    for (size_t i = 0; grey && i < c->width * c->height; i++)
        grey[i] = (uint8_t)floor(PAPER * (1 - c->share[i]) + 0.5);
    return grey;
}

int strokes_draw(const struct strokes *s, double side, double share,
                 struct strokes_picture *ret, struct error *err)
{
    const double brush = side * share;
    const double margin = brush / 2 + 2;
    struct point low, high;

    if (s->n == 0)
        return error_set(err, -EINVAL, "there is no point to draw");
    find_box(s, &low, &high);
    double scale = (side - brush) / fmax(fmax(high.x - low.x, high.y - low.y), 1e-6);
    struct cover c = {
        .width = (size_t)ceil((high.x - low.x) * scale + 2 * margin),
        .height = (size_t)ceil((high.y - low.y) * scale + 2 * margin),
        .radius = brush / 2,
    };
    uint8_t *grey = NULL;

    c.share = calloc(c.width * c.height, sizeof(*c.share));
    if (c.share) {
        ink_all(s, low, scale, margin, &c);
        grey = to_grey(&c);
        free(c.share);
    }
    if (!grey)
        return error_set(err, -ENOMEM, "out of memory for a drawing of %zu points", s->n);
    *ret = (struct strokes_picture){.grey = grey, .width = c.width, .height = c.height};
    return 0;
}
