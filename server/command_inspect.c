#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/buf.h"
#include "server/command.h"
#include "server/settings.h"
#include "server/terminal.h"

enum { JSON_MAX = 1 << 22, SHAPE_MAX = 100 };

static void print_text(const char *name, const char *value)
{
    printf("%-14s ", name);
    terminal_print(stdout, *value ? value : "(it does not say)");
    printf("\n");
}

static void format_shape(const struct model_info *info, char out[SHAPE_MAX])
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < info->input_rank; i++) {
        const char *before = i ? ", " : "";
        int n = info->input_shape[i] < 0 ? snprintf(out + len, SHAPE_MAX - len, "%sN", before)
                                         : snprintf(out + len, SHAPE_MAX - len, "%s%" PRId64,
                                                    before, info->input_shape[i]);

        len += n > 0 ? (size_t)n : 0;
    }
}

static const char *const said_by[] = {
    [MODEL_SOURCE_DEFAULT] = "default",
    [MODEL_SOURCE_FILE] = "file",
    [MODEL_SOURCE_PROPERTIES] = "properties",
    [MODEL_SOURCE_SETTINGS] = "settings",
};

/* What is known of the key, and who says so. */
static void print_key(const struct model_info *info, enum model_key key, const char *value)
{
    static const char *const whom[] = {
        [MODEL_SOURCE_DEFAULT] = "unless somebody says otherwise",
        [MODEL_SOURCE_FILE] = "its file says so",
        [MODEL_SOURCE_PROPERTIES] = "the .properties beside it say so",
        [MODEL_SOURCE_SETTINGS] = "the command line or environment says so",
    };

    printf("%-14s %-14s %s\n", model_key_name(key), value, whom[info->sources[key]]);
}

static void print_number(const struct model_info *info, enum model_key key, float value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.9g", (double)value);
    print_key(info, key, text);
}

static void print_keys(const struct model_info *info)
{
    print_number(info, MODEL_KEY_SCALE, info->input_scale);
    print_key(info, MODEL_KEY_POLARITY, info->input_paper_high ? "paper" : "ink");
    print_number(info, MODEL_KEY_MEAN, info->input_mean);
    print_number(info, MODEL_KEY_STD, info->input_std);
    if (*info->input_layout)
        print_key(info, MODEL_KEY_LAYOUT, info->input_layout);
    print_key(info, MODEL_KEY_PIXELS, info->pixels);
    print_number(info, MODEL_KEY_TEMPERATURE, info->temperature);
}

/* What the file's own output is, and how the other is made of it. */
static const char *const ends[] = {
    [MODEL_END_LOGITS] = "logits; probabilities are softmax(logits / temperature)",
    [MODEL_END_LOG_SOFTMAX] = "logits that are log-probabilities; probabilities are "
                              "softmax(logits / temperature)",
    [MODEL_END_SOFTMAX] = "probabilities; logits are what goes into its Softmax",
    [MODEL_END_SIGMOID] = "probabilities of each class by itself, whose sum is not 1; logits "
                          "are what goes into its Sigmoid",
    [MODEL_END_SHARES] = "probabilities; logits are their logarithms",
};

static void print_head(const struct model_info *info, const char *path)
{
    char shape[SHAPE_MAX];

    format_shape(info, shape);
    print_text("file", *path ? path : "built in");
    print_text("sha256", info->sha256);
    print_text("producer", info->producer);
    printf("%-14s %" PRId64 "\n", "opset", info->opset);
    print_text("accuracy", info->accuracy);
    print_text("training data", info->training_data);
    printf("%-14s ", "input");
    terminal_print(stdout, info->input_name);
    printf(" [%s]: (%s x input_scale - input_mean) / input_std, grey 0 is paper, 255 ink\n",
           shape, info->input_paper_high ? "(255 - grey)" : "grey");
    print_keys(info);
    printf("%-14s ", "output");
    terminal_print(stdout, info->output_name);
    printf(" [N, %d], %s\n", MODEL_CLASSES, ends[info->end]);
    if (*info->other_outputs)
        print_text("not computed", info->other_outputs);
    printf("%-14s", "labels");
    for (size_t i = 0; i < MODEL_CLASSES; i++) {
        printf(" ");
        terminal_print(stdout, info->labels[i]);
    }
    printf("\n%-14s %zu pictures reproduced while loading\n", "golden", info->golden);
    printf("%-14s %s\n\n", "kernels for", cpu_name(info->cpu));
}

struct widths {
    int name, op, kernel, shape;
};

static int widest(int width, const char *text)
{
    return (int)strlen(text) > width ? (int)strlen(text) : width;
}

static struct widths measure(const struct model *m)
{
    struct widths w = {4, 9, 6, 6};

    for (size_t i = 0; i < model_steps(m); i++) {
        struct model_step step;

        model_step(m, i, &step);
        w.name = widest(w.name, step.name);
        w.op = widest(w.op, step.op);
        w.kernel = widest(w.kernel, step.kernel);
        w.shape = widest(w.shape, step.shape);
    }
    return w;
}

static void print_cell(const char *text, int width)
{
    terminal_print(stdout, text);
    printf("%*s", width + 2 - (int)strlen(text), "");
}

static void print_steps(const struct model *m, bool colours)
{
    const struct model_info *info = model_info(m);
    struct widths w = measure(m);

    printf("%s   #  %-*s  %-*s  %-*s  %-*s  parameters  multiply-adds%s\n",
           terminal_style(colours, TERMINAL_BOLD), w.name, "name", w.op, "operators", w.kernel,
           "kernel", w.shape, "output", terminal_style(colours, TERMINAL_PLAIN));
    for (size_t i = 0; i < model_steps(m); i++) {
        struct model_step step;

        model_step(m, i, &step);
        printf("%4zu  ", i + 1);
        print_cell(step.name, w.name);
        print_cell(step.op, w.op);
        print_cell(step.kernel, w.kernel);
        print_cell(step.shape, w.shape);
        printf("%10zu  %13" PRIu64 "\n", step.parameters, step.macs);
    }
    printf("%s%*s  %10zu  %13" PRIu64 "%s\n", terminal_style(colours, TERMINAL_BOLD),
           4 + w.name + w.op + w.kernel + w.shape + 8, "all", info->parameters, info->macs,
           terminal_style(colours, TERMINAL_PLAIN));
    printf("\n%-14s %zu bytes of packed weights, and %zu bytes of scratch in each thread\n",
           "memory", info->memory, model_scratch(m));
}

static int write_sources(struct buf *out, const struct model_info *info)
{
    int r = buf_text(out, ",\"said_by\":{");

    for (int i = 0; i < MODEL_KEYS && r == 0; i++)
        r = buf_print(out, "%s\"%s\":\"%s\"", i ? "," : "", model_key_name((enum model_key)i),
                      said_by[info->sources[i]]);
    return r ? r : buf_text(out, "}");
}

/* Appends ,"name":"text" */
static int write_text(struct buf *out, const char *name, const char *text)
{
    int r = buf_print(out, ",\"%s\":", name);

    return r ? r : buf_json_string(out, text, strlen(text));
}

static int write_steps(struct buf *out, const struct model *m)
{
    int r = buf_text(out, ",\"steps\":[");

    for (size_t i = 0; i < model_steps(m) && r == 0; i++) {
        struct model_step step;

        model_step(m, i, &step);
        r = buf_print(out, "%s{\"index\":%zu", i ? "," : "", i);
        if (r == 0)
            r = write_text(out, "name", step.name);
        if (r == 0)
            r = write_text(out, "operators", step.op);
        if (r == 0)
            r = write_text(out, "kernel", step.kernel);
        if (r == 0)
            r = write_text(out, "output", step.shape);
        if (r == 0)
            r = buf_print(out, ",\"parameters\":%zu,\"macs\":%" PRIu64 "}", step.parameters,
                          step.macs);
    }
    return r ? r : buf_text(out, "]}\n");
}

static int write_input(struct buf *out, const struct model_info *info)
{
    int r = write_text(out, "input", info->input_name);

    for (size_t i = 0; i < info->input_rank && r == 0; i++)
        r = buf_print(out, "%s%" PRId64, i ? "," : ",\"input_shape\":[", info->input_shape[i]);
    if (r == 0)
        r = buf_print(out,
                      "],\"input_scale\":%.9g,\"input_mean\":%.9g,\"input_std\":%.9g"
                      ",\"input_polarity\":\"%s\",\"input_layout\":\"%s\",\"pixels\":\"%s\"",
                      (double)info->input_scale, (double)info->input_mean,
                      (double)info->input_std, info->input_paper_high ? "paper" : "ink",
                      info->input_layout, info->pixels);
    return r ? r : write_sources(out, info);
}

static int write_labels(struct buf *out, const struct model_info *info)
{
    int r = buf_text(out, ",\"labels\":[");

    for (size_t i = 0; i < MODEL_CLASSES && r == 0; i++) {
        r = buf_text(out, i ? "," : "");
        if (r == 0)
            r = buf_json_string(out, info->labels[i], strlen(info->labels[i]));
    }
    return r ? r : buf_text(out, "]");
}

static int write_json(struct buf *out, const struct model *m, const char *path)
{
    const struct model_info *info = model_info(m);
    int r = buf_text(out, "{\"file\":");

    if (r == 0)
        r = *path ? buf_json_string(out, path, strlen(path)) : buf_text(out, "null");
    if (r == 0)
        r = write_text(out, "sha256", info->sha256);
    if (r == 0)
        r = write_text(out, "producer", info->producer);
    if (r == 0)
        r = write_text(out, "accuracy", info->accuracy);
    if (r == 0)
        r = write_text(out, "training_data", info->training_data);
    if (r == 0)
        r = write_input(out, info);
    if (r == 0)
        r = write_text(out, "output", info->output_name);
    if (r == 0)
        r = write_text(out, "other_outputs", info->other_outputs);
    if (r == 0)
        r = buf_print(out, ",\"output_is\":\"%s\",\"temperature\":%.9g",
                      model_end_name(info->end), (double)info->temperature);
    if (r == 0)
        r = write_labels(out, info);
    if (r == 0)
        r = buf_print(out,
                      ",\"opset\":%" PRId64 ",\"golden\":%zu,\"cpu\":\"%s\",\"parameters\":%zu"
                      ",\"macs\":%" PRIu64 ",\"memory\":%zu,\"scratch\":%zu",
                      info->opset, info->golden, cpu_name(info->cpu), info->parameters,
                      info->macs, info->memory, model_scratch(m));
    return r ? r : write_steps(out, m);
}

static int show(const struct settings *s, const struct model *m, const char *path,
                struct error *err)
{
    struct buf json = BUF(JSON_MAX);
    int r = 0;

    if (s->json) {
        r = write_json(&json, m, path);
        if (r == 0)
            (void)fwrite(json.data, 1, json.len, stdout);
        else
            (void)error_set(err, r, "the description cannot be written: %s", strerror(-r));
    } else {
        print_head(model_info(m), path);
        print_steps(m, terminal_has_colours(stdout));
    }
    buf_clear(&json);
    return r;
}

int command_inspect(const struct settings *s)
{
    const char *path = s->n_files ? s->files[0] : s->model;
    struct model *model = NULL;
    struct error err = {0};
    int r = 0;

    if (s->n_files > 1)
        r = error_set(&err, -EINVAL, "one model at a time, please");
    if (r == 0)
        r = command_load(s, path, &model, &err);
    if (r == 0)
        r = show(s, model, path, &err);
    model_destroy(model);
    return r < 0 ? command_fail("inspect", &err) : command_flush("inspect");
}
