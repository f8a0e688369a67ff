#ifndef SERVER_REGISTRY_SCAN_H
#define SERVER_REGISTRY_SCAN_H

#include <stddef.h>

struct error;

enum { REGISTRY_PATH_MAX = 1024 };

/* One model file that a repository holds. */
struct registry_file {
    char name[128];
    unsigned version;
    char path[REGISTRY_PATH_MAX];
};

struct registry_files {
    struct registry_file *files;
    size_t n;
};

/* Lists what `directory` holds, loading nothing: <model>/<version>/model.onnx, and under
 * `flat_name` also model.onnx (as version 1) and <version>/model.onnx. Other files, names that
 * begin with a dot, and folders of a model that are no positive integers are left alone.
 * Returns 0 and *ret for registry_files_finish(); -ENOENT if there is no model, or a folder
 * lacks its model; -EINVAL for a name that cannot be in a URL; or what opendir(3) says. */
int registry_scan(const char *directory, const char *flat_name, struct registry_files *ret,
                  struct error *err);
void registry_files_finish(struct registry_files *files);

/* Whether it can be in a URL's {model}: 1 to 127 printable characters without '/' and ':'. */
int registry_check_name(const char *name, struct error *err);

/* Reads a positive integer of at most nine digits. Returns 0 or -EINVAL. */
int registry_parse_version(const char *text, unsigned *ret);

#endif
