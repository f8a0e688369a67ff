#include "server/settings_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "server/settings_value.h"

#define AT(field) offsetof(struct settings, field)

enum {
    KIB = 1024,
    MIB = KIB * KIB,
    SECOND = 1000,
    HOUR = 3600 * SECOND,

    SERVE = SETTINGS_SERVE,
    PREDICT = SETTINGS_PREDICT,
    EVAL = SETTINGS_EVAL,
    INSPECT = SETTINGS_INSPECT,
    BENCH = SETTINGS_BENCH,
    BATCH = SETTINGS_BATCH,
    HEALTH = SETTINGS_HEALTHCHECK,
    FEEDBACK = SETTINGS_FEEDBACK,
    QUANTIZE = SETTINGS_QUANTIZE,
    OFFLINE = PREDICT | EVAL | INSPECT | BENCH | QUANTIZE,
    SCORE = EVAL | BATCH,
    ASKED = SERVE | HEALTH,
    ALL = SERVE | OFFLINE | BATCH,
};

/* One line each, so that the table can be read as a table. */
/* clang-format off */
const struct setting settings_rows[] = {
    {"host",             SETTING_TEXT,       ASKED,   AT(host),             "127.0.0.1", 0,   0,           "address that is listened on; 0.0.0.0 or :: for all"},
    {"port",             SETTING_PORT,       ASKED,   AT(port),             "8080",      0,   65535,       "TCP port; 0 picks a free one"},
    {"admin-port",       SETTING_PORT,       ASKED,   AT(admin_port),       "off",       -1,  65535,       "second port for health and metrics, with a thread of its own"},
    {"path-prefix",      SETTING_TEXT,       SERVE,   AT(path_prefix),      "",          0,   0,           "path that a proxy puts before ours, such as /serving/team/digits"},
    {"cors-origins",     SETTING_TEXT,       SERVE,   AT(cors_origins),     "",          0,   0,           "pages of other origins that may ask: * or a list with commas"},
    {"ce-source",        SETTING_TEXT,       SERVE,   AT(event_source),     "",          0,   0,           "source of answers to CloudEvents; io.kserve.inference.<model> if empty"},
    {"ce-type",          SETTING_TEXT,       SERVE,   AT(event_type),       "io.kserve.inference.response", 0, 0,  "type of answers to CloudEvents"},
    {"ce-merge",         SETTING_BOOL,       SERVE,   AT(event_merge),      "false",     0,   0,           "answers to CloudEvents have the other attributes of the question too"},
    {"threads",          SETTING_NUMBER,     SERVE,   AT(threads),          "0",         0,   1024,        "event loops; 0 is one per processor granted"},
    {"max-body",         SETTING_SIZE,       SERVE,   AT(body_max),         "16MiB",     KIB, 1024L * MIB, "largest request body"},
    {"max-ratio",        SETTING_NUMBER,     SERVE,   AT(ratio_max),        "200",       2,   1100,        "how many times longer a compressed body may become, beyond 1 MiB"},
    {"max-bodies",       SETTING_SIZE,       SERVE,   AT(bodies_max),       "0",         0,   1024L * MIB, "request bodies held at a time, and a quarter more with answers not taken yet; 0 is an eighth of the memory granted"},
    {"max-images",       SETTING_NUMBER,     SERVE,   AT(images_max),       "1024",      1,   65536,       "images in one request"},
    {"max-pictures",     SETTING_SIZE,       SERVE,   AT(pictures_max),     "32MiB",     KIB, 1024L * MIB, "what the pictures of one request may unpack to"},
    {"max-json-depth",   SETTING_NUMBER,     SERVE,   AT(json_depth_max),   "32",        4,   1024,        "nesting of a JSON body"},
    {"max-connections",  SETTING_NUMBER,     SERVE,   AT(connections_max),  "4096",      1,   1000000,     "connections at a time; more are answered 503"},
    {"max-header",       SETTING_SIZE,       SERVE,   AT(header_max),       "16KiB",     KIB, 256 * KIB,   "request line and headers together"},
    {"read-timeout",     SETTING_DURATION,   SERVE,   AT(read_timeout_ms),  "10s",       50,  HOUR,        "for a whole request to arrive"},
    {"idle-timeout",     SETTING_DURATION,   SERVE,   AT(idle_timeout_ms),  "75s",       50,  HOUR,        "between two requests, and for an answer to be taken"},
    {"drain-delay",      SETTING_DURATION,   SERVE,   AT(drain_delay_ms),   "5s",        0,   HOUR,        "after SIGTERM: go on serving, while not ready"},
    {"drain-timeout",    SETTING_DURATION,   SERVE,   AT(drain_timeout_ms), "20s",       0,   HOUR,        "then: wait for what is in flight"},
    {"log-level",        SETTING_LOG_LEVEL,  SERVE,   AT(log_level),        "info",      0,   0,           "error, warn, info or debug"},
    {"log-format",       SETTING_LOG_FORMAT, SERVE,   AT(log_format),       "logfmt",    0,   0,           "logfmt or json"},
    {"access-log",       SETTING_BOOL,       SERVE,   AT(access_log),       "false",     0,   0,           "one log line per request"},
    {"metrics-aliases",  SETTING_BOOL,       SERVE,   AT(metrics_aliases),  "false",     0,   0,           "some metrics also by the names that dashboards of Triton and KServe know"},
    {"model",            SETTING_TEXT,       ALL,     AT(model),            "",          0,   0,           "ONNX file; without it, the built-in model"},
    {"model-name",       SETTING_TEXT,       SERVE,   AT(model_name),       "mnist",     0,   0,           "what that model is served as"},
    {"pixels",           SETTING_TEXT,       SERVE,   AT(pixels),           "model",     0,   0,           "what the numbers of tensors are: model (as its file says, or as it takes them), 255, 1, auto; for one: NAME=255"},
    {"input-scale",      SETTING_TEXT,       ALL,     AT(input_scale),      "",          0,   0,           "the network takes greys of 0 to 255 times this, whatever its file says; for one: NAME=1 or NAME@VERSION=1"},
    {"input-mean",       SETTING_TEXT,       ALL,     AT(input_mean),       "",          0,   0,           "and less this, such as 0.1307"},
    {"input-std",        SETTING_TEXT,       ALL,     AT(input_std),        "",          0,   0,           "and then divided by this, such as 0.3081"},
    {"input-polarity",   SETTING_TEXT,       ALL,     AT(input_polarity),   "",          0,   0,           "what is high for the network: ink or paper"},
    {"input-layout",     SETTING_TEXT,       ALL,     AT(input_layout),     "",          0,   0,           "nchw, nhwc, nhw or flat, where the file leaves it open"},
    {"classes",          SETTING_BOOL,       SERVE,   AT(v1_named),         "false",     0,   0,           "V1 predictions say the class too: {\"predictions\":[..],\"classes\":7} instead of [..]"},
    {"model-repository", SETTING_TEXT,       SERVE,   AT(model_repository), "",          0,   0,           "directory of <model>/<version>/model.onnx, or flat"},
    {"version-policy",   SETTING_TEXT,       SERVE,   AT(version_policy),   "all",       0,   0,           "versions to serve: all, latest:N or specific:1,3; for one model: NAME=latest:2"},
    {"label",            SETTING_TEXT,       SERVE,   AT(label),            "",          0,   0,           "names for versions: mnist:stable=1,mnist:canary=2; default is served unless one is named"},
    {"model-init",       SETTING_TEXT,       SERVE,   AT(model_init),       "sync",      0,   0,           "async: be there, not ready, until the first model is"},
    {"repository-watch", SETTING_TEXT,       SERVE,   AT(repository_watch), "inotify",   0,   0,           "how changed models are noticed: inotify (and poll), poll, or off (SIGHUP does it)"},
    {"repository-poll",  SETTING_DURATION,   SERVE,   AT(repository_poll_ms), "10s",     50,  HOUR,        "how often to look"},
    {"repository-settle", SETTING_DURATION,  SERVE,   AT(repository_settle_ms), "500ms", 10,  HOUR,        "a file is taken once it has not changed for that long"},
    {"shadow",           SETTING_TEXT,       SERVE,   AT(shadow),           "",          0,   0,           "candidates that answer a sample too, for the metrics only: mnist@2=10%"},
    {"repository-api",   SETTING_BOOL,       SERVE,   AT(repository_api),   "false",     0,   0,           "let clients load and unload models"},
    {"cpu",              SETTING_CPU,        ALL,     AT(cpu),              "auto",      0,   0,           "instructions to use: auto, generic, x86-64-v2, -v3, -v4, -v4-vnni, neon"},
    {"images",           SETTING_TEXT,       SCORE | QUANTIZE, AT(images),           "",          0,   0,           "IDX file of images, plain or gzip; for batch also a folder of PNG files"},
    {"labels",           SETTING_TEXT,       EVAL | QUANTIZE, AT(labels),           "",          0,   0,           "IDX file of labels, plain or gzip"},
    {"plot",             SETTING_TEXT,       EVAL | BENCH, AT(plot),        "",          0,   0,           "PNG file to draw the result into"},
    {"batch",            SETTING_TEXT,       BENCH,   AT(at_once),          "1,8,32",    0,   0,           "pictures at a time, with commas"},
    {"seconds",          SETTING_DURATION,   BENCH,   AT(seconds_ms),       "1s",        0,   HOUR,        "to measure each of these; more make p99 firmer"},
    {"min-accuracy",     SETTING_FRACTION,   EVAL,    AT(min_accuracy),     "0",         0,   0,           "fail below this accuracy, 0 to 1"},
    {"preprocess",       SETTING_BOOL,       SCORE,   AT(preprocess),       "false",     0,   0,           "treat 28x28 pictures as drawings too: crop and centre them"},
    {"calibrate",        SETTING_TEXT,       QUANTIZE, AT(calibrate),       "",          0,   0,           "IDX file of 28x28 images to learn ranges from, such as those of training"},
    {"out",              SETTING_TEXT,       BATCH | FEEDBACK | QUANTIZE, AT(out), "", 0,   0,           "file to write: JSON lines, an ONNX model; for feedback the directory"},
    {"feedback-db",      SETTING_TEXT,       SERVE | FEEDBACK, AT(feedback_db), "",      0,   0,           "SQLite file of what people corrected; without it nothing is collected"},
    {"feedback-max",     SETTING_SIZE,       SERVE | FEEDBACK, AT(feedback_max), "256MiB", MIB, 65536L * MIB, "what that file may grow to"},
    {"shard",            SETTING_TEXT,       BATCH,   AT(shard),            "",          0,   0,           "I/N: every N-th image from I on; else JOB_COMPLETION_INDEX of JOB_COMPLETIONS"},
    {"path",             SETTING_TEXT,       HEALTH,  AT(path),             "/v2/health/ready",0,   0,           "what to ask for; /v2/health/live for liveness"},
    {"timeout",          SETTING_DURATION,   HEALTH,  AT(timeout_ms),       "2s",        1,   HOUR,        "for the whole answer to arrive"},
    {"json",             SETTING_BOOL,       OFFLINE, AT(json),             "false",     0,   0,           "answer in JSON"},
};

const struct settings_verb settings_verbs[] = {
    {"serve",   SETTINGS_SERVE,   "",        "answers HTTP requests and shows a page to draw on"},
    {"predict", SETTINGS_PREDICT, "FILE...", "reads the digits in PNG files (- is standard input)"},
    {"eval",    SETTINGS_EVAL,    "",        "measures a model on labelled images"},
    {"inspect", SETTINGS_INSPECT, "[MODEL]", "shows what a model is made of"},
    {"bench",   SETTINGS_BENCH,   "[MODEL]", "measures how long a model takes, beside the processor's peak"},
    {"quantize", SETTINGS_QUANTIZE, "[MODEL]", "makes a model that computes with bytes"},
    {"batch",   SETTINGS_BATCH,   "",        "scores many images into a file, or a share of them"},
    {"feedback", SETTINGS_FEEDBACK, "export", "writes what people corrected as IDX files to train on"},
    {"healthcheck", SETTINGS_HEALTHCHECK, "", "asks a running server whether it is ready; says nothing if it is"},
};
/* clang-format on */

const size_t settings_rows_count = sizeof(settings_rows) / sizeof(settings_rows[0]);
const size_t settings_verbs_count = sizeof(settings_verbs) / sizeof(settings_verbs[0]);

static char upper(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    if (c == '-')
        return '_';
    return c;
}

void setting_variable(const struct setting *row, char out[SETTING_VARIABLE_MAX])
{
    (void)snprintf(out, SETTING_VARIABLE_MAX, SETTING_PREFIX "%s", row->name);
    for (char *c = out; *c; c++)
        *c = upper(*c);
}

static int bounds(const struct setting *row, const char *source, const char *text,
                  struct error *err)
{
    if (row->type == SETTING_PORT && row->min < 0)
        return error_set(err, -EINVAL,
                         "%s is '%.40s'; it should be a port from 0 to %ld, or off", source,
                         text, row->max);
    if (row->type == SETTING_DURATION)
        return error_set(err, -EINVAL,
                         "%s is '%.40s'; it should be a time from %ldms to %lds, such as 10s",
                         source, text, row->min, row->max / SECOND);
    if (row->type == SETTING_SIZE)
        return error_set(
            err, -EINVAL,
            "%s is '%.40s'; it should be a size from %ldk to %ldk, such as 64k or 16MiB",
            source, text, row->min / KIB, row->max / KIB);
    return error_set(err, -EINVAL, "%s is '%.40s'; it should be a number from %ld to %ld",
                     source, text, row->min, row->max);
}

static int set_long(const struct setting *row, const char *source, const char *text, long *at,
                    struct error *err)
{
    long value = 0;
    int r = 0;

    if (row->type == SETTING_PORT && row->min == SETTINGS_OFF && strcmp(text, "off") == 0)
        value = SETTINGS_OFF;
    else if (row->type == SETTING_SIZE)
        r = value_size(text, &value);
    else if (row->type == SETTING_DURATION)
        r = value_duration_ms(text, &value);
    else
        r = value_number(text, &value);
    if (r < 0 || value < row->min || value > row->max)
        return bounds(row, source, text, err);
    *at = value;
    return 0;
}

static int set_word(const char *source, const char *text, const char *const *words,
                    const char *list, unsigned *ret, struct error *err)
{
    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = i;
            return 0;
        }
    }
    return error_set(err, -EINVAL, "%s is '%.40s'; it should be %s", source, text, list);
}

static int set_cpu(const char *source, const char *text, enum cpu_level *at, struct error *err)
{
    struct error why = {0};
    int r = cpu_parse(text, at, &why);

    return r < 0 ? error_set(err, r, "%s: %.120s", source, why.text) : 0;
}

int setting_set(const struct setting *row, const char *source, const char *text,
                struct settings *s, struct error *err)
{
    static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
    static const char *const formats[] = {"logfmt", "json", NULL};
    void *at = (char *)s + row->at;
    unsigned word = 0;
    int r = 0;

    switch (row->type) {
    case SETTING_TEXT:
        *(const char **)at = text;
        break;
    case SETTING_NUMBER:
    case SETTING_PORT:
    case SETTING_SIZE:
    case SETTING_DURATION:
        return set_long(row, source, text, at, err);
    case SETTING_FRACTION:
        if (value_fraction(text, at) < 0)
            r = error_set(err, -EINVAL, "%s is '%.40s'; it should be a number from 0 to 1",
                          source, text);
        break;
    case SETTING_BOOL:
        if (value_bool(text, at) < 0)
            r = error_set(err, -EINVAL, "%s is '%.40s'; it should be true or false", source,
                          text);
        break;
    case SETTING_CPU:
        return set_cpu(source, text, at, err);
    case SETTING_LOG_LEVEL:
        r = set_word(source, text, levels, "error, warn, info or debug", &word, err);
        if (r == 0)
            *(enum log_level *)at = (enum log_level)word;
        break;
    case SETTING_LOG_FORMAT:
        r = set_word(source, text, formats, "logfmt or json", &word, err);
        if (r == 0)
            *(enum log_format *)at = (enum log_format)word;
        break;
    }
    return r;
}
