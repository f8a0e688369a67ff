#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/settings.h"
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
    settings_finish(&settings);
    free(text);
    return 0;
}
