#include <stdio.h>

#include "server/settings_table.h"

/* What a value looks like, by type. */
static const char *value_of(enum setting_type type)
{
    static const char *const words[] = {
        [SETTING_TEXT] = " TEXT",
        [SETTING_NUMBER] = " N",
        [SETTING_PORT] = " PORT",
        [SETTING_SIZE] = " SIZE",
        [SETTING_DURATION] = " TIME",
        [SETTING_FRACTION] = " X",
        [SETTING_BOOL] = "",
        [SETTING_CPU] = " LEVEL",
        [SETTING_LOG_LEVEL] = " LEVEL",
        [SETTING_LOG_FORMAT] = " FORMAT",
    };

    return words[type];
}

void settings_overview(FILE *out)
{
    (void)fprintf(out, "usage: digitd COMMAND [--setting value ...]\n\n");
    for (size_t i = 0; i < settings_verbs_count; i++)
        (void)fprintf(out, "  digitd %-11s %-8s %s\n", settings_verbs[i].name,
                      settings_verbs[i].files, settings_verbs[i].help);
    (void)fprintf(out, "\n  digitd COMMAND --help     the settings of a command\n"
                       "  digitd --version\n");
}

void settings_help(const struct settings_verb *verb)
{
    printf("usage: digitd %s [--setting value ...]%s%s\n\n%s\n\n", verb->name,
           *verb->files ? " " : "", verb->files, verb->help);
    for (size_t i = 0; i < settings_rows_count; i++) {
        const struct setting *row = &settings_rows[i];
        char flag[64];
        char variable[SETTING_VARIABLE_MAX];

        if (!(row->commands & verb->command))
            continue;
        (void)snprintf(flag, sizeof(flag), "--%s%s", row->name, value_of(row->type));
        setting_variable(row, variable);
        printf("  %-24s %s\n  %-24s %s%s%s%s\n", flag, row->help, "", variable,
               *row->fallback ? ", default " : "", row->fallback,
               *row->fallback ? "" : ", default none");
    }
}
