#include "server/strokes_json.h"

#include <errno.h>
#include <stdlib.h>

#include "model/error.h"
#include "model/strokes.h"
#include "server/batch.h"
#include "server/scan.h"
#include "server/tensor.h"

/* Preprocessing averages the ink down to 20 pixels; a whole multiple of that loses nothing. */
#define INK_SIDE 80
/* The pen's share of the ink's long side: data at hand is read best so. */
#define BRUSH_SHARE 0.115

enum {
    POINT_NUMBERS_MAX = 3,
    NUMBERS_MAX = POINT_NUMBERS_MAX * STROKES_POINTS_MAX,
};

/* One drawing being read. */
struct reading {
    struct strokes *strokes;
    float *numbers; /* [NUMBERS_MAX], of one stroke */
};

static int read_stroke(struct scan *s, size_t i, const struct reading *to, struct error *err)
{
    struct error inner = {0};
    struct scan_shape shape = {0};
    char text[TENSOR_TEXT_MAX];
    size_t n;
    int r = scan_floats(s, to->numbers, NUMBERS_MAX, &n, &shape, &inner);

    if (r == -E2BIG)
        return error_set(err, r, "strokes[%zu] has more than %d numbers; that is the most", i,
                         NUMBERS_MAX);
    if (r < 0)
        return error_set(err, r, "strokes[%zu]: %s", i, inner.text);
    if (n == 0)
        return 0;
    size_t width = shape.rank == 2 ? shape.dims[1] : 0;

    if (width < 2 || width > POINT_NUMBERS_MAX)
        return error_set(err, -EINVAL,
                         "strokes[%zu] has the shape %s; expected points [[x,y], ..]", i,
                         tensor_text(&shape, text));
    strokes_lift(to->strokes);
    for (size_t k = 0; k < n && r == 0; k += width)
        r = strokes_add(to->strokes, to->numbers[k], to->numbers[k + 1], err);
    return r;
}

static int read_strokes(struct scan *s, const struct reading *to, struct error *err)
{
    int r;

    if (scan_peek(s) != '[')
        return scan_expected(s, "a list of strokes", err);
    r = scan_enter_array(s, err);
    for (size_t i = 0; r == 0; i++) {
        r = scan_next_item(s, err);
        if (r <= 0)
            break;
        r = read_stroke(s, i, to, err);
    }
    if (r == 0 && strokes_points(to->strokes) == 0)
        return error_set(err, -EINVAL, "strokes is empty; expected [[[x,y], ..], ..]");
    return r;
}

/* How long a line of digits is drawn, so that each of them is as large as one by itself. */
static double find_line_side(const struct strokes *strokes)
{
    double width, height;

    strokes_extent(strokes, &width, &height);
    if (width <= height)
        return INK_SIDE;
    return width * INK_SIDE < STROKES_SIDE_MAX * height ? width * INK_SIDE / height
                                                        : STROKES_SIDE_MAX;
}

static int add_drawing(const struct strokes *strokes, struct batch *b, struct error *err)
{
    struct strokes_picture drawn;
    double side = b->number ? find_line_side(strokes) : INK_SIDE;
    int r = strokes_draw(strokes, side, BRUSH_SHARE * INK_SIDE / side, &drawn, err);

    if (r < 0)
        return r;
    struct image picture = {.grey = drawn.grey, .width = drawn.width, .height = drawn.height};

    r = batch_add_picture(b, &picture, err);
    image_finish(&picture);
    return r;
}

int strokes_json_read(struct scan *s, struct batch *b, struct error *err)
{
    struct reading to = {
        .strokes = strokes_create(),
        .numbers = malloc(NUMBERS_MAX * sizeof(float)),
    };
    int r = to.strokes && to.numbers ? 0 : error_set(err, -ENOMEM, "out of memory for strokes");

    if (r == 0)
        r = read_strokes(s, &to, err);
    if (r == 0)
        r = add_drawing(to.strokes, b, err);
    free(to.numbers);
    strokes_destroy(to.strokes);
    return r;
}
