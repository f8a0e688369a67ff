#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "server/bench.h"
#include "server/terminal.h"

static void print_head(const struct bench *b)
{
    const struct model_info *info = model_info(b->model);

    printf("%-8s ", "model");
    terminal_print(stdout, *b->path ? b->path : "built in");
    printf(", sha256 %.16s, %.2f MFLOP a picture\n", info->sha256, 2e-6 * (double)info->macs);
    printf("%-8s %s, one thread", "kernels", cpu_name(info->cpu));
    if (b->peak > 0)
        printf("; the processor can do %.1f GFLOP/s", b->peak);
    printf("\n\n");
}

static void print_batches(const struct bench *b, bool colours)
{
    printf("%s%8s %12s %12s %12s %9s %8s%s\n", terminal_style(colours, TERMINAL_BOLD),
           "pictures", "median, us", "p99, us", "pictures/s", "GFLOP/s", "of peak",
           terminal_style(colours, TERMINAL_PLAIN));
    for (size_t i = 0; i < b->n_batches; i++) {
        const struct bench_batch *batch = &b->batches[i];

        printf("%8zu %s%12.2f%s %12.2f %12.0f %9.1f", batch->n,
               terminal_style(colours, TERMINAL_GOOD), batch->median_us,
               terminal_style(colours, TERMINAL_PLAIN), batch->p99_us, 1e6 / batch->median_us,
               batch->gflops);
        if (b->peak > 0)
            printf(" %6.0f %%\n", 100 * batch->gflops / b->peak);
        else
            printf(" %8s\n", "-");
    }
}

static int widest(int width, const char *text)
{
    return (int)strlen(text) > width ? (int)strlen(text) : width;
}

static void print_cell(const char *text, int width)
{
    terminal_print(stdout, text);
    printf("%*s", width + 2 - (int)strlen(text), "");
}

/* Us of each picture by number of pictures; then GFLOP/s of the last. */
static void print_step(const struct bench *b, size_t at, const struct model_step *s)
{
    const struct bench_batch *last = &b->batches[b->n_batches - 1];

    for (size_t i = 0; i < b->n_batches; i++)
        printf("%8.2f", b->batches[i].step_us[at]);
    if (s->macs > 0 && last->step_us[at] > 0)
        printf("  %9.1f\n", 2e-3 * (double)s->macs / last->step_us[at]);
    else
        printf("  %9s\n", "-");
}

static void print_steps(const struct bench *b, bool colours)
{
    int name = 5, op = 9, kernel = 6, shape = 6;
    struct model_step s;

    for (size_t i = 0; i < model_steps(b->model); i++) {
        model_step(b->model, i, &s);
        name = widest(name, s.name);
        op = widest(op, s.op);
        kernel = widest(kernel, s.kernel);
        shape = widest(shape, s.shape);
    }
    printf("\n%s%-*s  %-*s  %-*s  %-*s", terminal_style(colours, TERMINAL_BOLD), name, "layer",
           op, "operators", kernel, "kernel", shape, "output");
    for (size_t i = 0; i < b->n_batches; i++)
        printf(" us x%-4zu", b->batches[i].n);
    printf(" GFLOP/s%s\n", terminal_style(colours, TERMINAL_PLAIN));
    for (size_t i = 0; i < model_steps(b->model); i++) {
        model_step(b->model, i, &s);
        print_cell(s.name, name);
        print_cell(s.op, op);
        print_cell(s.kernel, kernel);
        print_cell(s.shape, shape);
        print_step(b, i, &s);
    }
}

static bool has_winograd(const struct model *m)
{
    struct model_step s;
    bool found = false;

    for (size_t i = 0; i < model_steps(m); i++) {
        model_step(m, i, &s);
        found = found || strncmp(s.kernel, "winograd", strlen("winograd")) == 0;
    }
    return found;
}

void bench_print(const struct bench *b, bool colours)
{
    print_head(b);
    print_batches(b, colours);
    print_steps(b, colours);
    if (has_winograd(b->model))
        printf("\nGFLOP/s count every multiplication of the network. Winograd's convolutions "
               "save\n"
               "most of theirs, so there can be more than the processor is able to do.\n");
}

/* Appends "name":"text", */
static int write_text(struct buf *out, const char *name, const char *text)
{
    int r = buf_print(out, "\"%s\":", name);

    if (r == 0)
        r = buf_json_string(out, text, strlen(text));
    return r ? r : buf_text(out, ",");
}

static int write_step(struct buf *out, const struct bench *b, size_t i)
{
    struct model_step s;
    int r = buf_text(out, i ? ",{" : "{");

    model_step(b->model, i, &s);
    if (r == 0)
        r = write_text(out, "name", s.name);
    if (r == 0)
        r = write_text(out, "operators", s.op);
    if (r == 0)
        r = write_text(out, "kernel", s.kernel);
    if (r == 0)
        r = write_text(out, "output", s.shape);
    if (r == 0)
        r = buf_print(out, "\"macs\":%" PRIu64 ",\"us\":[", s.macs);
    for (size_t k = 0; k < b->n_batches && r == 0; k++)
        r = buf_print(out, "%s%.3f", k ? "," : "", b->batches[k].step_us[i]);
    return r ? r : buf_text(out, "]}");
}

static int write_batch(struct buf *out, const struct bench *b, size_t i)
{
    const struct bench_batch *batch = &b->batches[i];
    int r = buf_print(out,
                      "%s{\"pictures\":%zu,\"calls\":%zu,\"median_us\":%.3f,\"p99_us\":%.3f,"
                      "\"gflops\":%.2f",
                      i ? "," : "", batch->n, batch->calls, batch->median_us, batch->p99_us,
                      batch->gflops);

    if (r == 0 && b->peak > 0)
        r = buf_print(out, ",\"share_of_peak\":%.4f", batch->gflops / b->peak);
    return r ? r : buf_text(out, "}");
}

int bench_write_json(const struct bench *b, struct buf *out)
{
    const struct model_info *info = model_info(b->model);
    int r = buf_text(out, "{");

    if (r == 0 && *b->path)
        r = write_text(out, "file", b->path);
    if (r == 0)
        r = write_text(out, "sha256", info->sha256);
    if (r == 0)
        r = write_text(out, "cpu", cpu_name(info->cpu));
    if (r == 0 && b->peak > 0)
        r = buf_print(out, "\"peak_gflops\":%.1f,", b->peak);
    if (r == 0)
        r = buf_print(out, "\"macs\":%" PRIu64 ",\"batches\":[", info->macs);
    for (size_t i = 0; i < b->n_batches && r == 0; i++)
        r = write_batch(out, b, i);
    if (r == 0)
        r = buf_text(out, "],\"steps\":[");
    for (size_t i = 0; i < model_steps(b->model) && r == 0; i++)
        r = write_step(out, b, i);
    return r ? r : buf_text(out, "]}\n");
}
