#include <stdio.h>

#include "model/blas.h"
#include "model/error.h"
#include "server/command.h"
#include "server/settings.h"

static int run(const struct settings *s)
{
    blas_prepare(); /* before the first thread */
    switch (s->command) {
    case SETTINGS_SERVE:
        return command_serve(s);
    case SETTINGS_PREDICT:
        return command_predict(s);
    case SETTINGS_EVAL:
        return command_eval(s);
    case SETTINGS_INSPECT:
        return command_inspect(s);
    case SETTINGS_BENCH:
        return command_bench(s);
    case SETTINGS_QUANTIZE:
        return command_quantize(s);
    case SETTINGS_BATCH:
        return command_batch(s);
    case SETTINGS_FEEDBACK:
        return command_feedback(s);
    case SETTINGS_HEALTHCHECK:
        return command_healthcheck(s);
    }
    return COMMAND_WRONG_USAGE;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct error err = {0};
    int code;

    if (argc < 2) {
        settings_overview(stderr);
        return COMMAND_WRONG_USAGE;
    }
    int r = settings_read(argc, (const char *const *)argv, &settings, &err);
    if (r < 0) {
        (void)fprintf(stderr, "digitd: %s\n", err.text);
        return COMMAND_WRONG_USAGE;
    }
    if (r > 0)
        code = COMMAND_FINE;
    else
        code = run(&settings);
    if (r == 0)
        settings_finish(&settings);
    /* What was not written, because of a full disk or a closed pipe, was not done. */
    if (fflush(stdout) != 0 && code == COMMAND_FINE)
        code = COMMAND_FAILED;
    return code;
}
