#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "model/quantize.h"
#include "server/command.h"
#include "server/file.h"
#include "server/idx.h"
#include "server/overrides.h"
#include "server/progress.h"
#include "server/settings.h"

enum { CALIBRATION_MAX = 2000 }; /* pictures: more say nothing new */

/* Two models on the same labelled pictures. */
struct comparison {
    const struct model *models[2];
    void *scratch[2];
    size_t correct[2], images;
};

static int check_side(const char *flag, const struct idx *idx, struct error *err)
{
    if (idx_width(idx) != MODEL_SIDE || idx_height(idx) != MODEL_SIDE)
        return error_set(err, -EBADMSG, "%s holds pictures of %zux%zu; it should be %dx%d",
                         flag, idx_width(idx), idx_height(idx), MODEL_SIDE, MODEL_SIDE);
    if (idx_count(idx) == 0)
        return error_set(err, -EBADMSG, "%s holds no pictures", flag);
    return 0;
}

static int show_all(struct quantize *q, const char *path, struct progress *p, struct error *err)
{
    uint8_t picture[MODEL_INPUT];
    struct idx *idx = NULL;
    int r = idx_open(path, IDX_IMAGES, &idx, err);
    size_t n = 0;

    if (r == 0)
        r = check_side("--calibrate", idx, err);
    if (r == 0)
        n = idx_count(idx) < CALIBRATION_MAX ? idx_count(idx) : CALIBRATION_MAX;
    p->total = 2 * n;
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = idx_read(idx, 1, picture, err);
        if (r == 0)
            quantize_show(q, picture);
        progress_add(p, 1);
    }
    idx_close(idx);
    return r;
}

static int calibrate(struct quantize *q, const char *path, struct error *err)
{
    struct progress progress;
    int r = 0;

    progress_start(&progress, "calibrating", 2);
    r = show_all(q, path, &progress, err);
    if (r == 0)
        r = quantize_turn(q, err);
    if (r == 0)
        r = show_all(q, path, &progress, err);
    (void)progress_end(&progress);
    return r;
}

static void count_answers(struct comparison *c, const uint8_t *picture, uint8_t label)
{
    float image[MODEL_INPUT];
    float logits[MODEL_CLASSES], probabilities[MODEL_CLASSES];

    for (size_t m = 0; m < 2; m++) {
        size_t best = 0;

        for (size_t i = 0; i < MODEL_INPUT; i++)
            image[i] = (float)picture[i] * model_info(c->models[m])->input_scale;
        model_predict(c->models[m], image, 1, c->scratch[m], logits, probabilities);
        for (size_t i = 1; i < MODEL_CLASSES; i++)
            best = probabilities[i] > probabilities[best] ? i : best;
        c->correct[m] += best == label;
    }
    c->images++;
}

static int compare_all(struct comparison *c, struct idx *images, struct idx *labels,
                       struct error *err)
{
    uint8_t picture[MODEL_INPUT];
    struct progress progress;
    uint8_t label = 0;
    size_t n = idx_count(images);
    int r = check_side("--images", images, err);

    if (r == 0 && n != idx_count(labels))
        r = error_set(err, -EBADMSG, "there are %zu images and %zu labels", n,
                      idx_count(labels));
    if (r < 0)
        return r;
    progress_start(&progress, "comparing", n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = idx_read(images, 1, picture, err);
        if (r == 0)
            r = idx_read(labels, 1, &label, err);
        if (r == 0 && label >= MODEL_CLASSES)
            r = error_set(err, -EBADMSG, "image %zu has the label %u; it should be 0 to %d", i,
                          label, MODEL_CLASSES - 1);
        if (r == 0)
            count_answers(c, picture, label);
        progress_add(&progress, 1);
    }
    (void)progress_end(&progress);
    return r;
}

static int compare(const struct settings *s, struct comparison *c, struct error *err)
{
    struct idx *images = NULL;
    struct idx *labels = NULL;
    int r = idx_open(s->images, IDX_IMAGES, &images, err);

    if (r == 0)
        r = idx_open(s->labels, IDX_LABELS, &labels, err);
    for (size_t m = 0; r == 0 && m < 2; m++) {
        c->scratch[m] = aligned_alloc(64, (model_scratch(c->models[m]) + 63) / 64 * 64);
        if (!c->scratch[m])
            r = error_set(err, -ENOMEM, "out of memory");
    }
    if (r == 0)
        r = compare_all(c, images, labels, err);
    free(c->scratch[0]);
    free(c->scratch[1]);
    idx_close(images);
    idx_close(labels);
    return r;
}

static double share(const struct comparison *c, size_t m)
{
    return (double)c->correct[m] / (double)c->images;
}

static void report(const struct settings *s, const struct comparison *c)
{
    const struct model_info *before = model_info(c->models[0]);
    const struct model_info *after = model_info(c->models[1]);

    if (s->json) {
        printf("{\"weights_before\":%zu,\"weights_after\":%zu", before->memory, after->memory);
        if (c->images > 0)
            printf(",\"images\":%zu,\"accuracy_before\":%.6f,\"accuracy_after\":%.6f",
                   c->images, share(c, 0), share(c, 1));
        printf("}\n");
        return;
    }
    printf("%-14s %zu bytes, before %zu\n", "weights", after->memory, before->memory);
    if (c->images > 0)
        printf("%-14s %.2f %%, before %.2f %%; %+.2f points on %zu pictures\n", "accuracy",
               100 * share(c, 1), 100 * share(c, 0), 100 * (share(c, 1) - share(c, 0)),
               c->images);
}

struct job {
    struct model_file file;
    char settings[OVERRIDES_MAX];
    struct quantize *quantize;
    struct model *before, *after;
    void *bytes;
    size_t len;
};

/* Quantises, and once more if what it is worth is to be written into it. */
static int quantise(const struct settings *s, const char *path, struct job *j,
                    struct error *err)
{
    struct model_beside beside = {.settings = j->settings};
    struct comparison c = {0};
    char accuracy[16];
    int r = overrides_read(s, NULL, 1, j->settings, err);

    if (r == 0)
        r = command_load(s, path, &j->before, err);
    if (r == 0 && *path)
        r = model_file_read(path, &j->file, err);
    beside.folder = j->file.folder;
    beside.properties = j->file.properties;
    if (r == 0)
        r = quantize_create(*path ? j->file.bytes : (const char *)model_builtin,
                            *path ? j->file.len : model_builtin_len, &beside, s->cpu,
                            &j->quantize, err);
    if (r == 0)
        r = calibrate(j->quantize, s->calibrate, err);
    if (r == 0)
        r = quantize_finish(j->quantize, NULL, &j->bytes, &j->len, err);
    if (r == 0)
        r = model_load(j->bytes, j->len, s->cpu, &j->after, err);
    if (r < 0)
        return r;
    c.models[0] = j->before;
    c.models[1] = j->after;
    if (*s->images) {
        r = compare(s, &c, err);
        free(j->bytes);
        j->bytes = NULL;
        (void)snprintf(accuracy, sizeof(accuracy), "%.4f", r == 0 ? share(&c, 1) : 0);
        if (r == 0)
            r = quantize_finish(j->quantize, accuracy, &j->bytes, &j->len, err);
    }
    if (r == 0)
        r = file_write(s->out, j->bytes, j->len, err);
    if (r == 0)
        report(s, &c);
    return r;
}

int command_quantize(const struct settings *s)
{
    const char *path = s->n_files ? s->files[0] : s->model;
    struct job j = {0};
    struct error err = {0};
    int r = 0;

    if (s->n_files > 1)
        r = error_set(&err, -EINVAL, "one model at a time, please");
    else if (!*s->calibrate || !*s->out)
        r = error_set(&err, -EINVAL, "--calibrate and --out are both needed");
    else if (!*s->images != !*s->labels)
        r = error_set(&err, -EINVAL, "--images and --labels belong together");
    if (r == 0)
        r = command_check_output(s, "--out", s->out, &err);
    if (r == 0)
        r = quantise(s, path, &j, &err);
    quantize_destroy(j.quantize);
    model_destroy(j.before);
    model_destroy(j.after);
    free(j.bytes);
    model_file_finish(&j.file);
    return r < 0 ? command_fail("quantize", &err) : command_flush("quantize");
}
