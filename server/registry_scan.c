#include "server/registry_scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/error.h"
#include "server/catalogue.h"

int registry_check_name(const char *name, struct error *err)
{
    size_t len = strlen(name);
    bool sound = len > 0 && len < sizeof(((struct registry_file *)0)->name);

    for (const char *c = name; *c && sound; c++)
        sound = *c > ' ' && *c <= '~' && *c != '/' && *c != ':' && *c != '"' && *c != '\\';
    if (!sound)
        return error_set(
            err, -EINVAL,
            "'%.60s' cannot name a model; it should be 1 to 127 printable characters "
            "without / : \" \\",
            name);
    return 0;
}

int registry_parse_version(const char *text, unsigned *ret)
{
    size_t len = strlen(text);

    if (len < 1 || len > 9 || strspn(text, "0123456789") != len || *text == '0')
        return -EINVAL;
    *ret = (unsigned)strtoul(text, NULL, 10);
    return 0;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

static int join(char out[REGISTRY_PATH_MAX], const char *folder, const char *name,
                struct error *err)
{
    if (snprintf(out, REGISTRY_PATH_MAX, "%s/%s", folder, name) >= REGISTRY_PATH_MAX)
        return error_set(err, -ENAMETOOLONG, "the path '%.60s...' is too long", folder);
    return 0;
}

static int add(struct registry_files *files, const char *name, unsigned version,
               const char *path, struct error *err)
{
    int r = registry_check_name(name, err);

    if (r == 0 && files->n == CATALOGUE_SLOTS_MAX)
        r = error_set(err, -E2BIG, "the repository holds more than %d models",
                      CATALOGUE_SLOTS_MAX);
    if (r < 0)
        return r;
    struct registry_file *grown =
        reallocarray(files->files, files->n + 1, sizeof(*files->files));
    if (!grown)
        return error_set(err, -ENOMEM, "out of memory");
    files->files = grown;
    struct registry_file *file = &grown[files->n++];
    (void)snprintf(file->name, sizeof(file->name), "%s", name);
    (void)snprintf(file->path, sizeof(file->path), "%s", path);
    file->version = version;
    return 0;
}

static int add_version(const char *folder, const char *name, unsigned version,
                       struct registry_files *files, struct error *err)
{
    char path[REGISTRY_PATH_MAX];
    int r = join(path, folder, "model.onnx", err);

    if (r == 0 && !exists(path))
        r = error_set(err, -ENOENT, "%.120s is missing", path);
    return r ? r : add(files, name, version, path, err);
}

/* The folder of one model. */
static int scan_model(const char *folder, const char *name, struct registry_files *files,
                      struct error *err)
{
    size_t before = files->n;
    int r = 0;
    DIR *d = opendir(folder);

    if (!d)
        return error_set(err, -errno, "%.100s: %s", folder, strerror(errno));
    for (struct dirent *e = readdir(d); e && r == 0; e = readdir(d)) {
        char path[REGISTRY_PATH_MAX];
        unsigned version;

        if (registry_parse_version(e->d_name, &version) < 0)
            continue;
        r = join(path, folder, e->d_name, err);
        if (r == 0 && is_directory(path))
            r = add_version(path, name, version, files, err);
    }
    (void)closedir(d);
    if (r == 0 && files->n == before)
        r = error_set(err, -ENOENT, "%.100s holds no <version>/model.onnx", folder);
    return r;
}

/* One entry of the repository's top. */
static int scan_entry(const char *directory, const char *entry, const char *flat_name,
                      struct registry_files *files, struct error *err)
{
    char path[REGISTRY_PATH_MAX];
    unsigned version;
    int r = join(path, directory, entry, err);

    if (r < 0 || *entry == '.')
        return r;
    if (strcmp(entry, "model.onnx") == 0)
        return add(files, flat_name, 1, path, err);
    if (!is_directory(path))
        return 0;
    if (registry_parse_version(entry, &version) == 0)
        return add_version(path, flat_name, version, files, err);
    return scan_model(path, entry, files, err);
}

static int by_name_and_version(const void *a, const void *b)
{
    const struct registry_file *x = a;
    const struct registry_file *y = b;
    int names = strcmp(x->name, y->name);

    return names ? names : (x->version > y->version) - (x->version < y->version);
}

static int check_unique(const struct registry_files *files, struct error *err)
{
    for (size_t i = 1; i < files->n; i++)
        if (by_name_and_version(&files->files[i - 1], &files->files[i]) == 0)
            return error_set(err, -EINVAL, "version %u of model %.60s is there twice",
                             files->files[i].version, files->files[i].name);
    return 0;
}

int registry_scan(const char *directory, const char *flat_name, struct registry_files *ret,
                  struct error *err)
{
    struct registry_files files = {0};
    int r = 0;
    DIR *d = opendir(directory);

    if (!d)
        return error_set(err, -errno, "the model repository '%.80s': %s", directory,
                         strerror(errno));
    for (struct dirent *e = readdir(d); e && r == 0; e = readdir(d))
        r = scan_entry(directory, e->d_name, flat_name, &files, err);
    (void)closedir(d);
    if (r == 0 && !files.files)
        r = error_set(err, -ENOENT, "'%.80s' holds no <model>/<version>/model.onnx", directory);
    if (r == 0 && files.files) {
        qsort(files.files, files.n, sizeof(*files.files), by_name_and_version);
        r = check_unique(&files, err);
    }
    if (r == 0)
        *ret = files;
    else
        registry_files_finish(&files);
    return r;
}

void registry_files_finish(struct registry_files *files)
{
    free(files->files);
    *files = (struct registry_files){0};
}
