#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/rules.h"
#include "server/settings.h"
#include "server/shadow_inside.h"
#include "tests/fuzz/fuzz.h"

enum { ARGUMENTS_MAX = 16 };

/* Splits lines into arguments behind the program's name; returns their count. Help is for
 * people and goes to stdout. */
static int split(char *text, const char **argv)
{
    int argc = 0;

    argv[argc++] = "digitd";
    for (char *line = strtok(text, "\n"); line && argc < ARGUMENTS_MAX;
         line = strtok(NULL, "\n"))
        if (strcmp(line, "--help") != 0 && strcmp(line, "-h") != 0 &&
            strcmp(line, "--version") != 0)
            argv[argc++] = line;
    return argc;
}

/* The settings that are a language of their own. */
static void read_languages(const struct settings *s)
{
    struct rules rules = {0};
    struct shadow shadow = {.n_rules = 0};
    struct error err = {0};
    int r = rules_read(s, &rules, &err);

    if (r < 0 && (r != -EINVAL || !*err.text))
        abort();
    for (size_t i = 0; r == 0 && i < rules.n_labels; i++)
        if (rules.labels[i].version == 0 || !*rules.labels[i].text)
            abort();
    err = (struct error){0};
    r = shadow_read(s->shadow, s->model_name, &shadow, &err);
    if (r < 0 && (r != -EINVAL || !*err.text))
        abort();
    for (size_t i = 0; r == 0 && i < shadow.n_rules; i++)
        if (shadow.rules[i].share == 0 || !*shadow.rules[i].name)
            abort();
}

/* Any command line is either understood or refused with a sentence. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *argv[ARGUMENTS_MAX + 1] = {NULL};
    struct settings settings = {0};
    struct error err = {0};
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    int argc = split(text, argv);
    int r = argc < 2 ? 1 : settings_read(argc, argv, &settings, &err);

    if (r < 0 && (r != -EINVAL || err.code != r || !*err.text))
        abort();
    if (r == 0 && (!settings.host || settings.images_max < 0 || settings.port > 65535))
        abort();
    if (r == 0)
        read_languages(&settings);
    settings_finish(&settings);
    free(text);
    return 0;
}
