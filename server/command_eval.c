#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/answer.h"
#include "server/batch.h"
#include "server/command.h"
#include "server/file.h"
#include "server/idx.h"
#include "server/plot.h"
#include "server/progress.h"
#include "server/registry.h"
#include "server/score.h"
#include "server/settings.h"
#include "server/terminal.h"

enum { CHUNK = 128, JSON_MAX = 1 << 16, PLOT_MAX = 16 << 20 };

struct evaluation {
    struct idx *images, *labels;
    struct served served;
    struct model *model;
    struct batch batch;
    uint8_t *picture; /* one, as the file has it */
    struct score score;
    struct score_run run;
};

static int open_files(const struct settings *s, struct evaluation *e, struct error *err)
{
    int r = idx_open(s->images, IDX_IMAGES, &e->images, err);

    if (r == 0)
        r = idx_open(s->labels, IDX_LABELS, &e->labels, err);
    if (r < 0)
        return r;

    size_t n = idx_count(e->images);

    if (n != idx_count(e->labels))
        return error_set(err, -EBADMSG, "there are %zu images and %zu labels", n,
                         idx_count(e->labels));
    if (n == 0)
        return error_set(err, -EBADMSG, "'%s' holds no images", file_tail(s->images));
    e->run = (struct score_run){
        .images = s->images,
        .model = s->model,
        .width = idx_width(e->images),
        .height = idx_height(e->images),
    };
    e->run.preprocessed =
        s->preprocess || e->run.width != MODEL_SIDE || e->run.height != MODEL_SIDE;
    e->picture = malloc(e->run.width * e->run.height);
    return e->picture ? 0 : error_set(err, -ENOMEM, "out of memory");
}

/* Reads one picture into the batch. */
static int add_picture(struct evaluation *e, struct error *err)
{
    int r = idx_read(e->images, 1, e->picture, err);

    if (r == 0 && e->run.preprocessed) {
        struct image image = {e->picture, e->run.width, e->run.height};

        return batch_add_picture(&e->batch, &image, err);
    }
    return r < 0 ? r : batch_add_finished(&e->batch, e->picture, err);
}

static void add_score(struct evaluation *e, size_t i, unsigned label)
{
    const struct batch *b = &e->batch;
    const float *p = b->probabilities + i * MODEL_CLASSES;
    enum preprocess_verdict seen = b->seen ? b->seen[i].verdict : PREPROCESS_DIGIT;

    if (seen != PREPROCESS_DIGIT)
        score_reject(&e->score, label);
    else
        score_add(&e->score, label, (unsigned)answer_digit(b, i), p,
                  answer_verdict_of(seen, p) == PREPROCESS_DIGIT);
}

/* Predicts the next `n` images and compares with their labels. */
static int evaluate_chunk(struct evaluation *e, size_t n, struct error *err)
{
    uint8_t labels[CHUNK];
    int r = idx_read(e->labels, n, labels, err);

    batch_reset(&e->batch);
    for (size_t i = 0; i < n && r == 0; i++)
        r = labels[i] < MODEL_CLASSES
                ? add_picture(e, err)
                : error_set(err, -EBADMSG, "image %ju has the label %u; it should be 0 to %d",
                            (uintmax_t)(e->score.images + i), labels[i], MODEL_CLASSES - 1);
    if (r == 0)
        r = batch_predict(&e->batch, err);
    for (size_t i = 0; i < n && r == 0; i++)
        add_score(e, i, labels[i]);
    return r;
}

static int evaluate(struct evaluation *e, struct error *err)
{
    size_t count = idx_count(e->images);
    struct progress progress;
    int r = 0;

    progress_start(&progress, "evaluating", count);
    for (size_t at = 0; at < count && r == 0;) {
        size_t n = count - at < CHUNK ? count - at : CHUNK;

        r = evaluate_chunk(e, n, err);
        at += n;
        progress_add(&progress, n);
    }
    e->run.seconds = progress_end(&progress);
    return r;
}

static int write_plot(const struct settings *s, const struct evaluation *e, struct error *err)
{
    struct buf png = BUF(PLOT_MAX);
    int r = plot_score(&e->score, &e->run, &png);

    r = r < 0 ? error_set(err, r, "the plot cannot be drawn: %s", strerror(-r))
              : file_write(s->plot, png.data, png.len, err);
    buf_clear(&png);
    return r;
}

static int report(const struct settings *s, const struct evaluation *e, struct error *err)
{
    struct buf json = BUF(JSON_MAX);
    int r = 0;

    if (s->json) {
        r = score_write_json(&e->score, &e->run, &json);
        if (r < 0)
            (void)error_set(err, r, "the result cannot be written: %s", strerror(-r));
        else
            printf("%.*s\n", (int)json.len, json.data);
    } else {
        score_print(&e->score, &e->run, terminal_has_colours(stdout));
    }
    buf_clear(&json);
    return r == 0 && *s->plot ? write_plot(s, e, err) : r;
}

int command_eval(const struct settings *s)
{
    struct evaluation e = {.batch = {.max = CHUNK}};
    struct error err = {0};
    int code = COMMAND_FINE;
    int r = 0;

    if (!*s->images || !*s->labels)
        r = error_set(&err, -EINVAL, "--images and --labels are both needed");
    if (r == 0)
        r = command_check_output(s, "--plot", s->plot, &err);
    if (r == 0)
        r = open_files(s, &e, &err);
    if (r == 0)
        r = command_load(s, s->model, &e.model, &err);
    if (r == 0) {
        e.served = (struct served){.model = e.model};
        e.batch.served = &e.served;
        e.run.info = model_info(e.model);
        r = evaluate(&e, &err);
    }
    if (r == 0)
        r = report(s, &e, &err);
    if (r < 0)
        code = command_fail("eval", &err);
    else
        code = command_flush("eval");
    if (code == COMMAND_FINE && score_accuracy(&e.score) < s->min_accuracy) {
        (void)fprintf(stderr, "digitd eval: the accuracy is %.4f; it should be at least %.4f\n",
                      score_accuracy(&e.score), s->min_accuracy);
        code = COMMAND_FAILED;
    }
    batch_finish(&e.batch);
    model_destroy(e.model);
    idx_close(e.images);
    idx_close(e.labels);
    free(e.picture);
    return code;
}
