#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "server/score.h"
#include "server/terminal.h"

static void print_summary(const struct score *s, const struct score_run *run, bool colours)
{
    printf("%-12s ", "model");
    terminal_print(stdout, *run->model ? run->model : "built in");
    printf(", sha256 %.16s\n%-12s ", run->info->sha256, "images");
    terminal_print(stdout, run->images);
    printf(", %" PRIu64 " of %zux%zu, %s\n", s->images, run->width, run->height,
           run->preprocessed ? "preprocessed" : "as they are");
    printf("%-12s %s%.2f %% ± %.2f%s (%" PRIu64 " right, %" PRIu64 " wrong)\n", "accuracy",
           terminal_style(colours, TERMINAL_BOLD), 100 * score_accuracy(s),
           100 * score_standard_error(s), terminal_style(colours, TERMINAL_PLAIN), s->correct,
           s->images - s->correct);
    printf("%-12s %" PRIu64 " (%.2f %%) as no digit", "refused", score_refused(s),
           100 * (double)score_refused(s) / (double)s->images);
    if (score_refused(s) < s->images)
        printf("; of the others %.2f %% are right", 100 * score_answered_accuracy(s));
    printf("\n%-12s expected error %.4f in %d bins, negative log-likelihood %.4f\n",
           "calibration", score_calibration_error(s), SCORE_BINS, score_log_loss(s));
    printf("%-12s %.0f images/s in one thread, %s\n", "speed", (double)s->images / run->seconds,
           cpu_name(run->info->cpu));
}

static void print_percent(double share)
{
    if (isnan(share))
        printf("%12s", "-");
    else
        printf("%10.2f %%", 100 * share);
}

static void print_classes(const struct score *s)
{
    printf("\n%-6s%8s%12s%12s\n", "digit", "images", "precision", "recall");
    for (unsigned digit = 0; digit < MODEL_CLASSES; digit++) {
        printf("%5u %8" PRIu64, digit, score_support(s, digit));
        print_percent(score_precision(s, digit));
        print_percent(score_recall(s, digit));
        printf("\n");
    }
}

static void print_cell(uint64_t n, enum terminal_style style, bool colours)
{
    const char *begin = terminal_style(colours, n ? style : TERMINAL_FAINT);
    const char *end = terminal_style(colours, TERMINAL_PLAIN);

    if (n)
        printf("%s%7" PRIu64 "%s", begin, n, end);
    else
        printf("%s%7s%s", begin, ".", end);
}

static void print_confusion(const struct score *s, bool colours)
{
    printf("\nanswered");
    for (unsigned answer = 0; answer < MODEL_CLASSES; answer++)
        printf("%7u", answer);
    printf("   none\n");
    for (unsigned label = 0; label < MODEL_CLASSES; label++) {
        printf("is %u    ", label);
        for (unsigned answer = 0; answer < MODEL_CLASSES; answer++)
            print_cell(s->confusion[label][answer],
                       label == answer ? TERMINAL_GOOD : TERMINAL_BAD, colours);
        print_cell(s->rejected[label], TERMINAL_BAD, colours);
        printf("\n");
    }
}

void score_print(const struct score *s, const struct score_run *run, bool colours)
{
    print_summary(s, run, colours);
    print_classes(s);
    print_confusion(s, colours);
}

static int write_number(struct buf *out, const char *before, double value)
{
    int r = buf_text(out, before);

    if (r < 0)
        return r;
    return isfinite(value) ? buf_print(out, "%.9g", value) : buf_text(out, "null");
}

static int write_counts(struct buf *out, const char *before, const uint64_t *counts)
{
    int r = buf_text(out, before);

    for (unsigned i = 0; i < MODEL_CLASSES && r == 0; i++)
        r = buf_print(out, "%s%" PRIu64, i ? "," : "[", counts[i]);
    return r ? r : buf_text(out, "]");
}

static int write_bins(const struct score *s, struct buf *out)
{
    int r = buf_text(out, ",\"calibration\":[");

    for (unsigned i = 0; i < SCORE_BINS && r == 0; i++) {
        const struct score_bin *bin = &s->bins[i];
        double n = (double)bin->images;

        r = buf_print(out, "%s{\"from\":%.9g,\"to\":%.9g,\"images\":%" PRIu64, i ? "," : "",
                      (double)i / SCORE_BINS, (double)(i + 1) / SCORE_BINS, bin->images);
        if (r == 0)
            r = write_number(out,
                             ",\"confidence\":", n > 0 ? bin->confidence / n : (double)NAN);
        if (r == 0)
            r = write_number(out,
                             ",\"accuracy\":", n > 0 ? (double)bin->correct / n : (double)NAN);
        if (r == 0)
            r = buf_text(out, "}");
    }
    return r ? r : buf_text(out, "]");
}

static int write_classes(const struct score *s, struct buf *out)
{
    int r = 0;

    for (unsigned digit = 0; digit < MODEL_CLASSES && r == 0; digit++)
        r = write_number(out, digit ? "," : ",\"precision\":[", score_precision(s, digit));
    for (unsigned digit = 0; digit < MODEL_CLASSES && r == 0; digit++)
        r = write_number(out, digit ? "," : "],\"recall\":[", score_recall(s, digit));
    for (unsigned label = 0; label < MODEL_CLASSES && r == 0; label++)
        r = write_counts(out, label ? "," : "],\"confusion\":[", s->confusion[label]);
    return r ? r : write_counts(out, "],\"rejected\":", s->rejected);
}

int score_write_json(const struct score *s, const struct score_run *run, struct buf *out)
{
    int r = write_number(out, "{\"accuracy\":", score_accuracy(s));

    if (r == 0)
        r = write_number(out, ",\"standard_error\":", score_standard_error(s));
    if (r == 0)
        r = buf_print(out, ",\"images\":%" PRIu64 ",\"correct\":%" PRIu64, s->images,
                      s->correct);
    if (r == 0)
        r = buf_print(out, ",\"refused\":%" PRIu64, score_refused(s));
    if (r == 0)
        r = write_number(out, ",\"answered_accuracy\":", score_answered_accuracy(s));
    if (r == 0)
        r = write_number(out, ",\"log_loss\":", score_log_loss(s));
    if (r == 0)
        r = write_number(out, ",\"calibration_error\":", score_calibration_error(s));
    if (r == 0)
        r = write_number(out, ",\"images_per_second\":", (double)s->images / run->seconds);
    if (r == 0)
        r = buf_print(out, ",\"preprocessed\":%s,\"model_sha256\":\"%s\"",
                      run->preprocessed ? "true" : "false", run->info->sha256);
    if (r == 0)
        r = write_classes(s, out);
    if (r == 0)
        r = write_bins(s, out);
    return r ? r : buf_text(out, "}");
}
