#ifndef SERVER_REGISTRY_SCAN_H
#define SERVER_REGISTRY_SCAN_H

#include <stddef.h>

#include "model/error.h"
#include "server/catalogue.h"

enum { REGISTRY_PATH_MAX = 1024 };

/* One model file that a repository holds. */
struct registry_file {
    char name[CATALOGUE_NAME_MAX];
    unsigned version;
    char path[REGISTRY_PATH_MAX]; /* "" is the model that is built in */
};

/* All that a repository holds. Starts zeroed. */
struct registry_files {
    struct registry_file *files; /* sorted by name, then version */
    size_t n;
    struct catalogue_label *labels; /* sorted by name, then label */
    size_t n_labels;
    char (*folders)[REGISTRY_PATH_MAX]; /* that were looked into: where changes would show */
    size_t n_folders;
    struct error problem; /* the first thing that is not as it should be; it is left out */
};

/* Lists what `directory` holds, loading nothing: <model>/<version>/model.onnx, and under
 * `flat_name` also model.onnx (as version 1), or else the only .onnx file if there is nothing
 * but that, and <version>/model.onnx. `directory` may also be such a file. A symbolic link
 * beside the versions that leads to one of them (`stable -> 3`) is a label. Other files, names
 * that begin with a dot, and folders of a model that are no positive integers are left alone.
 * *ret is for registry_files_finish() in any case. Returns 0; -ENOENT if there is no model; or
 * what opendir(3) says of `directory`. */
int registry_scan(const char *directory, const char *flat_name, struct registry_files *ret,
                  struct error *err);
void registry_files_finish(struct registry_files *files);

/* Appends. Returns 0; -EINVAL for a name that cannot be in a URL; -E2BIG; -ENOMEM. */
int registry_files_add(struct registry_files *files, const char *name, unsigned version,
                       const char *path, struct error *err);
int registry_files_add_folder(struct registry_files *files, const char *path,
                              struct error *err);

/* Whether it can be in a URL's {model}: 1 to 127 printable characters without '/' and ':', and
 * not "stats", which the URLs use themselves. */
int registry_check_name(const char *name, struct error *err);

/* Reads a positive integer of at most nine digits. Returns 0 or -EINVAL. */
int registry_parse_version(const char *text, unsigned *ret);

#endif
