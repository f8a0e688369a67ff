#ifndef SERVER_SETTINGS_TABLE_H
#define SERVER_SETTINGS_TABLE_H

/* The rows behind server/settings.h, for settings*.c and their tests. */

#include <stddef.h>

#include "server/settings.h"

enum setting_type {
    SETTING_TEXT,
    SETTING_NUMBER,   /* long */
    SETTING_PORT,     /* long; "off" is SETTINGS_OFF where min is */
    SETTING_SIZE,     /* long, bytes */
    SETTING_DURATION, /* long, milliseconds */
    SETTING_FRACTION, /* double, 0 to 1 */
    SETTING_BOOL,
    SETTING_CPU,
    SETTING_LOG_LEVEL,
    SETTING_LOG_FORMAT,
};

struct setting {
    const char *name; /* "max-body": --max-body, --max_body and DIGITD_MAX_BODY */
    enum setting_type type;
    unsigned commands;    /* SETTINGS_SERVE | ... */
    size_t at;            /* where in struct settings */
    const char *fallback; /* the default, as a person would write it */
    long min, max;        /* of numbers, sizes, ports and milliseconds */
    const char *help;     /* one line */
};

struct settings_verb {
    const char *name;
    enum settings_command command;
    const char *files; /* how the usage line calls what follows the flags; "" takes none */
    const char *help;
};

#define SETTING_PREFIX "DIGITD_" /* of all variables of the environment */
enum { SETTING_PREFIX_LEN = sizeof(SETTING_PREFIX) - 1, SETTING_VARIABLE_MAX = 48 };

extern const struct setting settings_rows[];
extern const size_t settings_rows_count;
extern const struct settings_verb settings_verbs[];
extern const size_t settings_verbs_count;

/* Writes the row's environment variable, "DIGITD_MAX_BODY". */
void setting_variable(const struct setting *row, char out[SETTING_VARIABLE_MAX]);

/* Reads `text` into the row's place. Returns 0, or -EINVAL with `err` saying what `source` (the
 * flag or variable it came from) should have been. */
int setting_set(const struct setting *row, const char *source, const char *text,
                struct settings *s, struct error *err);

/* The settings of one command, on stdout. */
void settings_help(const struct settings_verb *verb);

#endif
