#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "server/bench.h"
#include "server/canvas.h"
#include "server/file.h"
#include "server/image.h"

enum {
    WIDTH = 1200,
    MARGIN = 40,
    LABEL_X = 420, /* where the bars begin */
    BAR_X = 440,
    BAR_WIDTH = 540,
    BAR_HEIGHT = 22,
    BATCHES_Y = 150,
    ROW = 36,
    SECTION = 84, /* between the two lists of bars */
    LAYERS_MAX = 24,
    TEXT_MAX = 120,
};

#define INK   0x1d2433U
#define FAINT 0x8a93a5U
#define RULE  0xdfe3eaU
#define GOOD  0x2563ebU
#define PALE  0xbfd3fbU
#define MARK  0xdc4a2cU

static void draw_head(struct canvas *c, const struct bench *b)
{
    const struct model_info *info = model_info(b->model);
    char text[TEXT_MAX];

    (void)snprintf(text, sizeof(text), "%.1f us a picture", b->batches[0].median_us);
    canvas_text(c, MARGIN, 32, 4, CANVAS_LEFT, INK, text);
    (void)snprintf(text, sizeof(text), "%.40s, %zu at a time, one thread of %s",
                   *b->path ? file_tail(b->path) : "built-in model", b->batches[0].n,
                   cpu_name(info->cpu));
    canvas_text(c, MARGIN, 76, 2, CANVAS_LEFT, FAINT, text);
    (void)snprintf(text, sizeof(text), "model %.12s", info->sha256);
    canvas_text(c, WIDTH - MARGIN, 32, 2, CANVAS_RIGHT, FAINT, text);
    (void)snprintf(text, sizeof(text), "%.2f MFLOP; peak %.1f GFLOP/s",
                   2e-6 * (double)info->macs, b->peak);
    canvas_text(c, WIDTH - MARGIN, 56, 2, CANVAS_RIGHT, FAINT, text);
}

static int length(double us, double longest)
{
    return longest > 0 ? (int)lround(fmin(1, us / longest) * BAR_WIDTH) : 0;
}

static void draw_rate(struct canvas *c, const struct bench *b, int y, double us, uint64_t macs)
{
    double gflops = us > 0 ? 2e-3 * (double)macs / us : 0;
    char text[TEXT_MAX];

    if (macs == 0)
        return;
    if (b->peak > 0)
        (void)snprintf(text, sizeof(text), "%.0f %%", 100 * gflops / b->peak);
    else
        (void)snprintf(text, sizeof(text), "%.1f", gflops);
    canvas_text(c, WIDTH - MARGIN, y + 4, 2, CANVAS_RIGHT, FAINT, text);
}

/* The median as a bar, and how far it is to the slowest of a hundred calls. */
static void draw_batches(struct canvas *c, const struct bench *b)
{
    double longest = 0;

    for (size_t i = 0; i < b->n_batches; i++)
        longest = fmax(longest, fmax(b->batches[i].median_us * 1.3, b->batches[i].p99_us));
    longest = fmin(longest, 3 * b->batches[0].median_us);
    canvas_text(c, MARGIN, BATCHES_Y - 34, 2, CANVAS_LEFT, INK, "pictures at a time");
    canvas_text(c, BAR_X, BATCHES_Y - 34, 2, CANVAS_LEFT, FAINT,
                "microseconds a picture; the line ends at p99");
    canvas_text(c, WIDTH - MARGIN, BATCHES_Y - 34, 2, CANVAS_RIGHT, FAINT,
                b->peak > 0 ? "of peak" : "GFLOP/s");
    for (size_t i = 0; i < b->n_batches; i++) {
        const struct bench_batch *batch = &b->batches[i];
        int y = BATCHES_Y + (int)i * ROW;
        int end = length(batch->median_us, longest);
        char text[TEXT_MAX];

        (void)snprintf(text, sizeof(text), "%zu", batch->n);
        canvas_text(c, LABEL_X, y + 4, 2, CANVAS_RIGHT, INK, text);
        canvas_fill(c, BAR_X, y, end, BAR_HEIGHT, GOOD);
        canvas_fill(c, BAR_X + end, y + BAR_HEIGHT / 2 - 1,
                    length(batch->p99_us, longest) - end, 2, MARK);
        (void)snprintf(text, sizeof(text), "%.2f", batch->median_us);
        canvas_text(c, BAR_X + BAR_WIDTH + 90, y + 4, 2, CANVAS_RIGHT, INK, text);
        draw_rate(c, b, y, batch->median_us, model_info(b->model)->macs);
    }
}

static size_t layers(const struct bench *b)
{
    size_t n = model_steps(b->model);

    return n < LAYERS_MAX ? n : LAYERS_MAX;
}

static int layers_y(const struct bench *b)
{
    return BATCHES_Y + (int)b->n_batches * ROW + SECTION;
}

/* One bar for each layer: pale with the fewest pictures at a time, full with the most. */
static void draw_layers(struct canvas *c, const struct bench *b)
{
    const double *first = b->batches[0].step_us;
    const double *last = b->batches[b->n_batches - 1].step_us;
    double longest = 0;
    char text[TEXT_MAX];

    for (size_t i = 0; i < layers(b); i++)
        longest = fmax(longest, fmax(first[i], last[i]));
    canvas_text(c, MARGIN, layers_y(b) - 34, 2, CANVAS_LEFT, INK, "layers");
    (void)snprintf(text, sizeof(text), "pale: %zu at a time, blue: %zu", b->batches[0].n,
                   b->batches[b->n_batches - 1].n);
    canvas_text(c, BAR_X, layers_y(b) - 34, 2, CANVAS_LEFT, FAINT, text);
    for (size_t i = 0; i < layers(b); i++) {
        int y = layers_y(b) + (int)i * ROW;
        struct model_step s;

        model_step(b->model, i, &s);
        (void)snprintf(text, sizeof(text), "%.*s -> %.12s", (int)strcspn(s.kernel, " "),
                       s.kernel, s.shape);
        canvas_text(c, LABEL_X, y + 4, 2, CANVAS_RIGHT, INK, text);
        canvas_fill(c, BAR_X, y, length(first[i], longest), BAR_HEIGHT, PALE);
        canvas_fill(c, BAR_X, y + BAR_HEIGHT / 4, length(last[i], longest), BAR_HEIGHT / 2,
                    GOOD);
        (void)snprintf(text, sizeof(text), "%.2f", last[i]);
        canvas_text(c, BAR_X + BAR_WIDTH + 90, y + 4, 2, CANVAS_RIGHT, INK, text);
        draw_rate(c, b, y, last[i], s.macs);
    }
}

int plot_bench(const struct bench *b, struct buf *out)
{
    struct canvas c = {0};
    int bottom = layers_y(b) + (int)layers(b) * ROW;
    int r = canvas_init(&c, WIDTH, bottom + MARGIN);

    if (r < 0)
        return r;
    draw_head(&c, b);
    canvas_fill(&c, MARGIN, 100, WIDTH - 2 * MARGIN, 1, RULE);
    draw_batches(&c, b);
    canvas_fill(&c, MARGIN, layers_y(b) - 50, WIDTH - 2 * MARGIN, 1, RULE);
    draw_layers(&c, b);
    r = image_encode_png_rgb(c.rgb, (size_t)c.width, (size_t)c.height, out);
    canvas_finish(&c);
    return r;
}
