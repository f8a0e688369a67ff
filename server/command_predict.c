#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/answer.h"
#include "server/batch.h"
#include "server/command.h"
#include "server/file.h"
#include "server/image.h"
#include "server/registry.h"
#include "server/settings.h"
#include "server/terminal.h"

enum {
    FILE_MAX_LEN = 160 << 20, /* bytes: the largest picture, hardly compressed */
    LINE_MAX_LEN = 1 << 16,
    GREYS = 24, /* of the 256 colours of a terminal, from 232 on */
    BAR = 20,
};

/* Two rows of the picture in one of text: the upper half of each character is its foreground.
 */
static void draw_row(const uint8_t *upper, bool colours)
{
    const uint8_t *lower = upper + PREPROCESS_SIDE;
    static const char *const halves[] = {" ", "▄", "▀", "█"};

    for (size_t x = 0; x < PREPROCESS_SIDE; x++) {
        if (colours)
            printf("\033[38;5;%d;48;5;%dm▀", 232 + upper[x] * GREYS / 256,
                   232 + lower[x] * GREYS / 256);
        else
            (void)fputs(halves[(upper[x] >= 128) * 2 + (lower[x] >= 128)], stdout);
    }
    if (colours)
        printf("\033[0m");
}

static void draw_bar(int digit, float probability)
{
    int full = (int)(probability * BAR + 0.5F);

    printf("   %d ", digit);
    for (int i = 0; i < full; i++)
        (void)fputs("█", stdout);
    printf(" %.1f %%", (double)(100 * probability));
}

/* What the model saw, beside what it thinks of it. */
static void draw(const struct batch *b, bool colours)
{
    const struct preprocess *seen = &b->seen[0];
    const int first = 2; /* row of the bar of 0 */

    for (int y = 0; y < PREPROCESS_SIDE / 2; y++) {
        int digit = y - first;

        (void)fputs("  ", stdout);
        draw_row(seen->pixels + (size_t)y * 2 * PREPROCESS_SIDE, colours);
        if (seen->verdict == PREPROCESS_DIGIT && digit >= 0 && digit < MODEL_CLASSES)
            draw_bar(digit, b->probabilities[digit]);
        printf("\n");
    }
}

static void print(const struct batch *b, const char *path)
{
    static const char *const names[] = {
        [PREPROCESS_BLANK] = "blank",
        [PREPROCESS_NOT_A_DIGIT] = "no digit",
        [PREPROCESS_SEVERAL] = "several",
    };
    bool colours = terminal_has_colours(stdout);
    int digit = answer_digit(b, 0);
    enum preprocess_verdict verdict = answer_verdict(b, 0);

    if (verdict == PREPROCESS_DIGIT)
        printf("%s%d%s %6.1f %%  ", terminal_style(colours, TERMINAL_BOLD), digit,
               terminal_style(colours, TERMINAL_PLAIN),
               (double)(100 * b->probabilities[digit]));
    else
        printf("- %8s  ", names[verdict]);
    terminal_print(stdout, path);
    printf("\n");
    if (terminal_is(stdout) && b->seen[0].verdict != PREPROCESS_BLANK)
        draw(b, colours);
}

static int print_json(const struct batch *b, const char *path, struct error *err)
{
    struct buf line = BUF(LINE_MAX_LEN);
    int r = buf_text(&line, "{\"file\":");

    if (r == 0)
        r = buf_json_string(&line, path, strlen(path));
    if (r == 0)
        r = buf_text(&line, ",");
    if (r == 0)
        r = answer_write(b, 0, &line);
    if (r == 0)
        r = buf_text(&line, "}\n");
    if (r == 0)
        (void)fwrite(line.data, 1, line.len, stdout);
    else
        (void)error_set(err, r, "the answer cannot be written: %s", strerror(-r));
    buf_clear(&line);
    return r;
}

static int predict(const struct settings *s, const char *path, struct batch *b,
                   struct error *err)
{
    struct buf bytes = BUF(FILE_MAX_LEN);
    struct image image = {0};
    int r = file_read(path, &bytes, err);

    batch_reset(b);
    if (r == 0)
        r = image_decode_png(bytes.data, bytes.len, NULL, &image, err);
    if (r == 0)
        r = batch_add_picture(b, &image, err);
    if (r == 0)
        r = batch_predict(b, err);
    if (r == 0 && s->json)
        r = print_json(b, path, err);
    else if (r == 0)
        print(b, path);
    image_finish(&image);
    buf_clear(&bytes);
    return r;
}

int command_predict(const struct settings *s)
{
    struct model *model = NULL;
    struct error err = {0};
    bool bad = false;

    if (s->n_files == 0) {
        (void)error_set(&err, -EINVAL,
                        "no picture is given; name PNG files, or - for standard input");
        return command_fail("predict", &err);
    }
    if (command_load(s, s->model, &model, &err) < 0)
        return command_fail("predict", &err);

    struct served served = {.model = model};
    struct batch batch = {.max = 1, .served = &served};

    for (size_t i = 0; i < s->n_files; i++) {
        struct error why = {0};

        if (predict(s, s->files[i], &batch, &why) == 0)
            continue;
        (void)fflush(stdout); /* keeps the order where both go to one place */
        (void)fprintf(stderr, "digitd predict: %s: %s\n", s->files[i], why.text);
        bad = true;
    }
    batch_finish(&batch);
    model_destroy(model);
    int code = command_flush("predict");

    return code == COMMAND_FINE && bad ? COMMAND_BAD_DATA : code;
}
