#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model/cpu.h"
#include "server/log.h"

struct error;

/* The commands of the program; a setting belongs to one or more of them. */
enum settings_command {
    SETTINGS_SERVE = 1U << 0,
    SETTINGS_PREDICT = 1U << 1,
    SETTINGS_EVAL = 1U << 2,
    SETTINGS_INSPECT = 1U << 3,
    SETTINGS_BATCH = 1U << 8,
    SETTINGS_HEALTHCHECK = 1U << 9,
    SETTINGS_FEEDBACK = 1U << 10,
    SETTINGS_BENCH = 1U << 12,
    SETTINGS_QUANTIZE = 1U << 11,
};

enum { SETTINGS_OFF = -1 }; /* a port or limit that is switched off */

/* All settings of all commands. Read-only after settings_read(). Flags, environment variables,
 * defaults and bounds: the table in settings.c. Strings point into argv, the environment or
 * constants. */
struct settings {
    enum settings_command command;

    const char *host;
    long port;                /* 0 picks one */
    long admin_port;          /* SETTINGS_OFF: none */
    const char *path_prefix;  /* that paths may begin with; "" = none */
    const char *cors_origins; /* "*", or origins with commas between them; "" = none */
    const char *event_source; /* of answers to CloudEvents; "" = by the model */
    const char *event_type;
    bool event_merge; /* answers have the question's other attributes too */
    long threads;     /* 0: one per granted processor */
    long body_max;    /* bytes */
    long ratio_max;   /* how many times longer than sent a body may become unpacked */
    long bodies_max;  /* bytes of all that are being received; 0: by the memory granted */
    long images_max;
    long pictures_max; /* bytes that the pictures of a request may unpack to */
    long json_depth_max;
    long connections_max;
    long header_max;       /* bytes of a request's line and headers together */
    long read_timeout_ms;  /* for a whole request, first byte to last */
    long idle_timeout_ms;  /* between two requests on a connection */
    long drain_delay_ms;   /* after SIGTERM: how long to go on serving while not ready */
    long drain_timeout_ms; /* then: how long to wait for what is in flight */
    enum log_level log_level;
    enum log_format log_format;
    bool access_log;
    bool metrics_aliases; /* some metrics also under the names of Triton and KServe */

    const char *model;            /* an ONNX file; "" = built in */
    const char *model_name;       /* what `model` is served as */
    const char *model_repository; /* a directory; "" = none */
    const char *version_policy;   /* these four: see server/rules.h */
    const char *label;
    const char *model_init;
    const char *repository_watch;
    long repository_poll_ms;
    long repository_settle_ms; /* a file is loaded once it has not changed for that long */
    const char *shadow;        /* see server/shadow.h */
    bool repository_api;       /* whether clients may load and unload */
    enum cpu_level cpu;
    const char *input_scale; /* these six: see server/overrides.h */
    const char *input_mean;
    const char *input_std;
    const char *input_polarity;
    const char *input_layout;
    const char *pixels; /* what the numbers of tensors in requests mean */
    bool v1_named;      /* V1 answers rows as {"predictions":[..],"classes":7} */

    bool json;
    bool preprocess;       /* eval, batch: treat 28x28 pictures as raw drawings too */
    const char *calibrate; /* quantize: an IDX file */
    const char
        *images; /* eval, batch: an IDX file, plain or gzip; batch: or a folder of PNG files */
    const char *labels;
    const char *plot;        /* eval, bench: a PNG to write; "" = none */
    const char *at_once;     /* bench: numbers of pictures, with commas between them */
    long seconds_ms;         /* bench: for each of these */
    double min_accuracy;     /* eval: below it the command fails; 0..1 */
    const char *out;         /* batch: the file to write; feedback: the directory */
    const char *shard;       /* batch: "I/N"; "" = from the Job's environment, or all */
    const char *feedback_db; /* an SQLite file; "" = none */
    long feedback_max;       /* bytes it may grow to */
    const char *path;        /* healthcheck: what to ask for */
    long timeout_ms;         /* healthcheck: for the whole of it */

    const char **files; /* what is neither a flag nor its value, in order */
    size_t n_files;
};

/* Defaults, then the environment, then the command line; the last one said wins.
 * Returns 0 and `ret` for settings_finish(); 1 if --help or --version has been answered on
 * stdout; -EINVAL with `err` naming the setting, its value and what it should have been;
 * -ENOMEM. */
int settings_read(int argc, const char *const *argv, struct settings *ret, struct error *err);
void settings_finish(struct settings *s); /* accepts a zeroed one */

/* Tells of each variable of the environment that looks like a setting of the command and is
 * none, and what may have been meant. */
void settings_misspelt(enum settings_command command,
                       void (*tell)(const char *variable, const char *meant));

/* The commands, one line each. */
void settings_overview(FILE *out);

#endif
