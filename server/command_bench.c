#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/bench.h"
#include "server/command.h"
#include "server/file.h"
#include "server/settings.h"
#include "server/terminal.h"

enum { JSON_MAX = 1 << 22, PLOT_MAX = 16 << 20 };

static int report(const struct settings *s, const struct bench *b, struct error *err)
{
    struct buf json = BUF(JSON_MAX);
    int r = 0;

    if (s->json) {
        r = bench_write_json(b, &json);
        if (r == 0)
            (void)fwrite(json.data, 1, json.len, stdout);
        else
            (void)error_set(err, r, "the result cannot be written: %s", strerror(-r));
    } else {
        bench_print(b, terminal_has_colours(stdout));
    }
    buf_clear(&json);
    return r;
}

static int write_plot(const struct settings *s, const struct bench *b, struct error *err)
{
    struct buf png = BUF(PLOT_MAX);
    int r = plot_bench(b, &png);

    r = r < 0 ? error_set(err, r, "the plot cannot be drawn: %s", strerror(-r))
              : file_write(s->plot, png.data, png.len, err);
    buf_clear(&png);
    return r;
}

int command_bench(const struct settings *s)
{
    struct bench b = {.path = s->n_files ? s->files[0] : s->model,
                      .seconds = (double)s->seconds_ms / 1e3};
    struct model *model = NULL;
    struct error err = {0};
    int r = 0;

    if (s->n_files > 1)
        r = error_set(&err, -EINVAL, "one model at a time, please");
    if (r == 0)
        r = command_check_output(s, "--plot", s->plot, &err);
    if (r == 0)
        r = bench_parse(&b, s->at_once, &err);
    if (r == 0)
        r = command_load(s, b.path, &model, &err);
    b.model = model;
    if (r == 0)
        r = bench_run(&b, &err);
    if (r == 0)
        r = report(s, &b, &err);
    if (r == 0 && *s->plot)
        r = write_plot(s, &b, &err);
    bench_finish(&b);
    model_destroy(model);
    return r < 0 ? command_fail("bench", &err) : command_flush("bench");
}
