#include "server/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/file.h"
#include "server/overrides.h"
#include "server/settings.h"

int command_load(const struct settings *s, const char *path, struct model **ret,
                 struct error *err)
{
    char lines[OVERRIDES_MAX];
    struct model_beside beside = {.settings = lines};
    struct model_file file = {0};
    struct error why = {0};
    int r = overrides_read(s, NULL, 1, lines, err);

    if (r == 0 && *path)
        r = model_file_read(path, &file, err);
    if (r < 0)
        return r;
    beside.folder = file.folder;
    beside.properties = file.properties;
    r = *path ? model_load_with(file.bytes, file.len, &beside, s->cpu, ret, &why)
              : model_load_with(model_builtin, model_builtin_len, &beside, s->cpu, ret, &why);
    model_file_finish(&file);
    return r < 0 ? error_set(err, r, "%s: %s", *path ? file_tail(path) : "built-in model",
                             why.text)
                 : 0;
}

int command_check_output(const struct settings *s, const char *flag, const char *path,
                         struct error *err)
{
    const char *const read[] = {s->images, s->labels, s->calibrate, s->model,
                                s->n_files ? s->files[0] : ""};

    for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
        if (*path && *read[i] && file_same(path, read[i]))
            return error_set(err, -EINVAL,
                             "%s is '%s', which is read; it should be another file", flag,
                             file_tail(path));
    return 0;
}

int command_fail(const char *command, const struct error *err)
{
    (void)fprintf(stderr, "digitd %s: %s\n", command, err->text);
    switch (err->code) {
    case -EBADMSG:
    case -ENOTSUP:
    case -EDOM:
    case -EFBIG:
        return COMMAND_BAD_DATA;
    case -EINVAL:
        return COMMAND_WRONG_USAGE;
    default:
        return COMMAND_FAILED;
    }
}

int command_flush(const char *command)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return COMMAND_FINE;
    (void)fprintf(stderr, "digitd %s: the output cannot be written: %s\n", command,
                  strerror(errno ? errno : EIO));
    return COMMAND_FAILED;
}
