#include "server/plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "server/canvas.h"
#include "server/image.h"

enum {
    WIDTH = 1200,
    HEIGHT = 730,
    MARGIN = 40,

    MATRIX_X = 84,
    MATRIX_Y = 168,
    CELL = 52,

    CURVE_X = 770, /* the reliability diagram, and the histogram under it */
    CURVE_Y = 168,
    CURVE_WIDTH = 390,
    CURVE_HEIGHT = 320,
    HISTOGRAM_Y = 556,
    HISTOGRAM_HEIGHT = 104,

    TEXT_MAX = 120,
    COUNT_MAX = 32,
};

#define INK   0x1d2433U
#define FAINT 0x8a93a5U
#define RULE  0xdfe3eaU
#define WHITE 0xffffffU
#define GOOD  0x2563ebU
#define BAD   0xdc4a2cU
#define PALE  0xf6f7f9U

/* "10,000" */
static void format_count(uint64_t n, char out[COUNT_MAX])
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
    size_t at = 0;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void draw_head(struct canvas *c, const struct score *s, const struct score_run *run)
{
    char text[TEXT_MAX];
    char count[COUNT_MAX];

    (void)snprintf(text, sizeof(text), "%.2f %% accuracy", 100 * score_accuracy(s));
    canvas_text(c, MARGIN, 32, 4, CANVAS_LEFT, INK, text);
    format_count(s->images, count);
    (void)snprintf(text, sizeof(text), "%s images, %.40s; standard error %.2f points", count,
                   file_name(run->images), 100 * score_standard_error(s));
    canvas_text(c, MARGIN, 76, 2, CANVAS_LEFT, FAINT, text);
    (void)snprintf(text, sizeof(text), "model %.12s", run->info->sha256);
    canvas_text(c, WIDTH - MARGIN, 32, 2, CANVAS_RIGHT, FAINT, text);
    (void)snprintf(text, sizeof(text), "calibration error %.4f", score_calibration_error(s));
    canvas_text(c, WIDTH - MARGIN, 56, 2, CANVAS_RIGHT, FAINT, text);
}

/* Right answers by their share of the row; errors by their logarithm, so that one is seen and
 * a hundred do not drown it. */
static void draw_cell(struct canvas *c, int row, int column, uint64_t n, uint64_t support,
                      bool right)
{
    int x = MATRIX_X + column * CELL;
    int y = MATRIX_Y + row * CELL;
    double share = support ? (double)n / (double)support : 0;
    double weight = right ? share : fmin(1, log1p((double)n) / log1p(0.05 * (double)support));
    uint32_t colour = canvas_mix(WHITE, right ? GOOD : BAD, n ? 0.12 + 0.78 * weight : 0);
    char text[TEXT_MAX];

    canvas_fill(c, x + 1, y + 1, CELL - 2, CELL - 2, n ? colour : PALE);
    if (n == 0)
        return;
    (void)snprintf(text, sizeof(text), "%" PRIu64, n);

    int scale = strlen(text) > 4 ? 1 : 2;

    canvas_text(c, x + CELL / 2, y + (CELL - CANVAS_LETTER_HEIGHT * scale) / 2, scale,
                CANVAS_CENTRE, weight > 0.6 ? WHITE : INK, text);
}

static void draw_matrix(struct canvas *c, const struct score *s)
{
    const int middle = CELL / 2 - CANVAS_LETTER_HEIGHT;
    const int none = MODEL_CLASSES; /* the column of what was taken for no digit */

    canvas_text(c, MATRIX_X + MODEL_CLASSES * CELL / 2, MATRIX_Y - 48, 2, CANVAS_CENTRE, INK,
                "answered");
    canvas_text(c, MATRIX_X + none * CELL + CELL / 2 + 6, MATRIX_Y - 22, 2, CANVAS_CENTRE,
                FAINT, "none");
    canvas_text(c, MARGIN - 12, MATRIX_Y - 22, 2, CANVAS_LEFT, INK, "is");
    for (int i = 0; i < MODEL_CLASSES; i++) {
        const char digit[2] = {(char)('0' + i), '\0'};
        uint64_t support = score_support(s, (unsigned)i);

        canvas_text(c, MATRIX_X + i * CELL + CELL / 2, MATRIX_Y - 22, 2, CANVAS_CENTRE, INK,
                    digit);
        canvas_text(c, MATRIX_X - 24, MATRIX_Y + i * CELL + middle, 2, CANVAS_CENTRE, INK,
                    digit);
        for (int k = 0; k < MODEL_CLASSES; k++)
            draw_cell(c, i, k, s->confusion[i][k], support, i == k);
        draw_cell(c, i, none, s->rejected[i], support, false);
    }
}

static void draw_axes(struct canvas *c)
{
    for (int i = 0; i <= 5; i++) {
        char text[TEXT_MAX];
        int x = CURVE_X + CURVE_WIDTH * i / 5;
        int y = CURVE_Y + CURVE_HEIGHT - CURVE_HEIGHT * i / 5;

        (void)snprintf(text, sizeof(text), "%d", 20 * i);
        canvas_fill(c, CURVE_X, y, CURVE_WIDTH, 1, RULE);
        canvas_text(c, CURVE_X - 10, y - 7, 2, CANVAS_RIGHT, FAINT, text);
        canvas_text(c, x, HISTOGRAM_Y + HISTOGRAM_HEIGHT + 10, 2, CANVAS_CENTRE, FAINT, text);
    }
    canvas_text(c, CURVE_X + 22, CURVE_Y - 30, 2, CANVAS_LEFT, INK, "right, %");
    canvas_text(c, CURVE_X, HISTOGRAM_Y - 26, 2, CANVAS_LEFT, INK, "images, logarithmic");
    canvas_text(c, CURVE_X + CURVE_WIDTH / 2, HISTOGRAM_Y + HISTOGRAM_HEIGHT + 34, 2,
                CANVAS_CENTRE, INK, "confidence of the answer, %");
}

/* A bin's share of right answers as a bar, and its mean confidence as a tick: where they meet,
 * the confidence can be believed. */
static void draw_bin(struct canvas *c, const struct score *s, int i)
{
    const struct score_bin *bin = &s->bins[i];
    const int width = CURVE_WIDTH / SCORE_BINS;
    int x = CURVE_X + width * i;
    double n = (double)bin->images;

    if (bin->images == 0)
        return;
    int right = (int)(CURVE_HEIGHT * (double)bin->correct / n + 0.5);
    int confidence = (int)(CURVE_HEIGHT * bin->confidence / n + 0.5);
    int count = (int)(HISTOGRAM_HEIGHT * log1p(n) / log1p((double)s->images) + 0.5);

    canvas_fill(c, x + 3, CURVE_Y + CURVE_HEIGHT - right, width - 6, right,
                canvas_mix(WHITE, GOOD, 0.75));
    canvas_fill(c, x + 3, CURVE_Y + CURVE_HEIGHT - confidence - 1, width - 6, 3, BAD);
    canvas_fill(c, x + 3, HISTOGRAM_Y + HISTOGRAM_HEIGHT - count, width - 6, count,
                canvas_mix(WHITE, FAINT, 0.7));
}

static void draw_calibration(struct canvas *c, const struct score *s)
{
    draw_axes(c);
    for (int i = 0; i < SCORE_BINS; i++)
        draw_bin(c, s, i);
    canvas_line(c, CURVE_X, CURVE_Y + CURVE_HEIGHT, CURVE_X + CURVE_WIDTH, CURVE_Y, 6, FAINT);
    canvas_fill(c, CURVE_X, CURVE_Y + CURVE_HEIGHT, CURVE_WIDTH, 2, INK);
    canvas_fill(c, CURVE_X, HISTOGRAM_Y + HISTOGRAM_HEIGHT, CURVE_WIDTH, 2, INK);
    canvas_text(c, CURVE_X + CURVE_WIDTH, CURVE_Y - 30, 2, CANVAS_RIGHT, INK,
                "mean confidence");
    canvas_fill(c, CURVE_X + CURVE_WIDTH - 208, CURVE_Y - 24, 20, 3, BAD);
    canvas_fill(c, CURVE_X, CURVE_Y - 30, 14, 14, canvas_mix(WHITE, GOOD, 0.75));
}

int plot_score(const struct score *s, const struct score_run *run, struct buf *out)
{
    struct canvas c = {0};
    int r = canvas_init(&c, WIDTH, HEIGHT);

    if (r == 0) {
        draw_head(&c, s, run);
        draw_matrix(&c, s);
        draw_calibration(&c, s);
        r = image_encode_png_rgb(c.rgb, WIDTH, HEIGHT, out);
    }
    canvas_finish(&c);
    return r;
}
