#include "server/registry_scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int registry_check_name(const char *name, struct error *err)
{
    size_t len = strlen(name);
    bool sound = len > 0 && len < CATALOGUE_NAME_MAX;

    for (const char *c = name; *c && sound; c++)
        sound = *c > ' ' && *c <= '~' && *c != '/' && *c != ':' && *c != '"' && *c != '\\';
    if (!sound)
        return error_set(
            err, -EINVAL,
            "'%.60s' cannot name a model; it should be 1 to 127 printable characters "
            "without / : \" \\",
            name);
    if (strcmp(name, "stats") == 0)
        return error_set(err, -EINVAL,
                         "a model cannot be called 'stats': /v2/models/stats is "
                         "the statistics of all");
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

static int join(char out[REGISTRY_PATH_MAX], const char *folder, const char *name,
                struct error *err)
{
    if (snprintf(out, REGISTRY_PATH_MAX, "%s/%s", folder, name) >= REGISTRY_PATH_MAX)
        return error_set(err, -ENAMETOOLONG, "the path '%.60s...' is too long", folder);
    return 0;
}

int registry_files_add(struct registry_files *files, const char *name, unsigned version,
                       const char *path, struct error *err)
{
    int r = registry_check_name(name, err);

    if (r == 0 && files->n == CATALOGUE_SLOTS_MAX)
        r = error_set(err, -E2BIG, "the repository holds more than %d versions of models",
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

int registry_files_add_folder(struct registry_files *files, const char *path, struct error *err)
{
    char(*grown)[REGISTRY_PATH_MAX] =
        reallocarray(files->folders, files->n_folders + 1, sizeof(*files->folders));

    if (!grown)
        return error_set(err, -ENOMEM, "out of memory");
    files->folders = grown;
    (void)snprintf(grown[files->n_folders++], sizeof(*grown), "%s", path);
    return 0;
}

static int add_label(struct registry_files *files, const char *name, const char *text,
                     unsigned version, struct error *err)
{
    struct catalogue_label *grown =
        reallocarray(files->labels, files->n_labels + 1, sizeof(*files->labels));

    if (!grown)
        return error_set(err, -ENOMEM, "out of memory");
    files->labels = grown;
    struct catalogue_label *label = &grown[files->n_labels];
    int r = catalogue_label_set(label, name, text, version, err);

    files->n_labels += r == 0;
    return r;
}

static int add_version(const char *folder, const char *name, unsigned version,
                       struct registry_files *files, struct error *err)
{
    char path[REGISTRY_PATH_MAX];
    struct stat st;
    int r = registry_files_add_folder(files, folder, err);

    if (r == 0)
        r = join(path, folder, "model.onnx", err);
    if (r == 0 && stat(path, &st) < 0)
        r = error_set(err, -ENOENT, "%.120s is missing", path);
    return r ? r : registry_files_add(files, name, version, path, err);
}

/* The version that the link at `path` leads to, a neighbour; 0 if it is no such link. */
static unsigned linked_version(const char *path)
{
    char target[64];
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    unsigned version = 0;

    if (len <= 0 || len == sizeof(target) - 1)
        return 0;
    target[len] = '\0';
    if (target[len - 1] == '/')
        target[len - 1] = '\0';
    const char *name = strncmp(target, "./", 2) == 0 ? target + 2 : target;

    return registry_parse_version(name, &version) < 0 ? 0 : version;
}

/* One entry of a model's folder, or of the top under the flat name. */
static int scan_version(const char *folder, const char *entry, const char *name,
                        struct registry_files *files, struct error *err)
{
    char path[REGISTRY_PATH_MAX];
    unsigned version;
    int r = *entry == '.' ? 0 : join(path, folder, entry, err);

    if (r < 0 || *entry == '.')
        return r;
    if (registry_parse_version(entry, &version) == 0)
        return is_directory(path) ? add_version(path, name, version, files, err) : 0;
    version = linked_version(path);
    return version ? add_label(files, name, entry, version, err) : 0;
}

/* Not as it should be: said, and left out, for the sake of all the rest. */
static void note(struct registry_files *files, struct error *err)
{
    if (files->problem.code == 0)
        files->problem = *err;
    *err = (struct error){0};
}

/* The folder of one model. */
static int scan_model(const char *folder, const char *name, struct registry_files *files,
                      struct error *err)
{
    size_t before = files->n;
    size_t folders = files->n_folders;
    struct error why = {0};
    int r = registry_files_add_folder(files, folder, err);
    DIR *d = r == 0 ? opendir(folder) : NULL;

    if (r < 0)
        return r;
    if (!d)
        return error_set(err, -errno, "%.100s: %s", folder, strerror(errno));
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        if (scan_version(folder, e->d_name, name, files, &why) < 0)
            note(files, &why);
    (void)closedir(d);
    if (files->n == before && files->n_folders == folders + 1)
        return error_set(err, -ENOENT, "%.100s holds no <version>/model.onnx", folder);
    return 0;
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
        return registry_files_add(files, flat_name, 1, path, err);
    if (!is_directory(path))
        return 0;
    if (registry_parse_version(entry, &version) == 0 || linked_version(path))
        return scan_version(directory, entry, flat_name, files, err);
    return scan_model(path, entry, files, err);
}

static bool is_onnx(const struct dirent *e)
{
    size_t len = strlen(e->d_name);

    return len > 5 && *e->d_name != '.' && strcmp(e->d_name + len - 5, ".onnx") == 0;
}

/* What KServe downloads keeps its name. So a file of any name is the model if it is the only
 * one there. */
static void add_only(const char *directory, const char *name, struct registry_files *files)
{
    char path[REGISTRY_PATH_MAX];
    struct error why = {0};
    size_t n = 0;
    DIR *d = opendir(directory);

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (is_onnx(e) && n++ == 0 && join(path, directory, e->d_name, &why) < 0)
            n++;
    if (d)
        (void)closedir(d);
    if (n == 1)
        (void)registry_files_add(files, name, 1, path, &why);
    else if (n > 1)
        (void)error_set(&why, -EINVAL,
                        "'%.60s' holds %zu ONNX files, none of which is model.onnx", directory,
                        n);
    if (why.code)
        note(files, &why);
}

static int by_name_and_version(const void *a, const void *b)
{
    const struct registry_file *x = a;
    const struct registry_file *y = b;
    int names = strcmp(x->name, y->name);

    return names ? names : (x->version > y->version) - (x->version < y->version);
}

static void drop_doubles(struct registry_files *files)
{
    size_t n = files->n ? 1 : 0;
    struct error why = {0};

    for (size_t i = 1; i < files->n; i++) {
        if (by_name_and_version(&files->files[n - 1], &files->files[i]) != 0) {
            files->files[n++] = files->files[i];
            continue;
        }
        (void)error_set(&why, -EINVAL, "version %u of model %.60s is there twice",
                        files->files[i].version, files->files[i].name);
        note(files, &why);
    }
    files->n = n;
}

/* A file's changes show in the folder that it is in. */
static void name_parent(char *path)
{
    char *slash = strrchr(path, '/');

    if (!slash)
        memcpy(path, ".", sizeof("."));
    else
        slash[slash == path] = '\0';
}

int registry_scan(const char *directory, const char *flat_name, struct registry_files *ret,
                  struct error *err)
{
    struct error why = {0};
    int r = registry_files_add_folder(ret, directory, err);
    DIR *d = r == 0 ? opendir(directory) : NULL;

    if (r < 0)
        return r;
    if (!d && errno == ENOTDIR) {
        name_parent(ret->folders[0]);
        return registry_files_add(ret, flat_name, 1, directory, err);
    }
    if (!d)
        return error_set(err, -errno, "the model repository '%.80s': %s", directory,
                         strerror(errno));
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        if (scan_entry(directory, e->d_name, flat_name, ret, &why) < 0)
            note(ret, &why);
    (void)closedir(d);
    if (ret->n == 0 && ret->n_folders == 1)
        add_only(directory, flat_name, ret);
    if (ret->n == 0 && ret->problem.code)
        return error_set(err, -ENOENT, "%s", ret->problem.text);
    if (ret->n == 0)
        return error_set(err, -ENOENT, "'%.80s' holds no <model>/<version>/model.onnx",
                         directory);
    qsort(ret->files, ret->n, sizeof(*ret->files), by_name_and_version);
    drop_doubles(ret);
    catalogue_labels_sort(ret->labels, ret->n_labels);
    return 0;
}

void registry_files_finish(struct registry_files *files)
{
    free(files->files);
    free(files->labels);
    free(files->folders);
    *files = (struct registry_files){0};
}
