#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/error.h"
#include "model/model.h"

/* A model, and what lies beside it. */

enum {
    FILE_MAX = 256 << 20,       /* bytes */
    PROPERTIES_MAX = 64 * 1024, /* bytes */
    PATH_LEN_MAX = 4096,
};

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while loading the model");
}

static int read_whole(int fd, const char *path, int limit, char **ret, size_t *ret_len,
                      struct error *err)
{
    struct stat st;
    size_t len = 0;
    char *bytes = NULL;
    ssize_t got = 1;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(err, -EINVAL, "'%.100s' is no regular file", path);
    if (st.st_size > limit)
        return error_set(err, -EFBIG, "'%.80s' has %lld bytes; at most %d are read", path,
                         (long long)st.st_size, limit);
    bytes = malloc((size_t)st.st_size + 1);
    if (!bytes)
        return no_memory(err);
    while (len < (size_t)st.st_size && got > 0) {
        got = read(fd, bytes + len, (size_t)st.st_size - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        free(bytes);
        return error_set(err, -errno, "'%.80s' cannot be read: %s", path, strerror(errno));
    }
    bytes[len] = '\0';
    *ret = bytes;
    *ret_len = len;
    return 0;
}

static int read_file(const char *path, int limit, char **ret, size_t *len, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int r = 0;

    if (fd < 0)
        return error_set(err, -errno, "'%.80s' cannot be opened: %s", path, strerror(errno));
    r = read_whole(fd, path, limit, ret, len, err);
    (void)close(fd);
    return r;
}

/* "" if there are none. */
static int read_properties(const char *path, char **ret, struct error *err)
{
    char name[PATH_LEN_MAX];
    size_t len = 0;
    int r = snprintf(name, sizeof(name), "%s.properties", path);

    if (r < 0 || (size_t)r >= sizeof(name) || access(name, F_OK) != 0) {
        *ret = calloc(1, 1);
        return *ret ? 0 : no_memory(err);
    }
    return read_file(name, PROPERTIES_MAX, ret, &len, err);
}

int model_file_read(const char *path, struct model_file *ret, struct error *err)
{
    const char *slash = strrchr(path, '/');
    struct model_file f = {0};
    int r = read_file(path, FILE_MAX, &f.bytes, &f.len, err);

    if (r == 0)
        r = read_properties(path, &f.properties, err);
    f.folder = strndup(path, slash ? (size_t)(slash + 1 - path) : 0);
    if (r == 0 && !f.folder)
        r = no_memory(err);
    if (r == 0)
        *ret = f;
    else
        model_file_finish(&f);
    return r;
}

void model_file_finish(struct model_file *f)
{
    free(f->bytes);
    free(f->folder);
    free(f->properties);
    *f = (struct model_file){0};
}

int model_load_file(const char *path, const struct model_beside *beside, enum cpu_level cpu,
                    struct model **ret, struct error *err)
{
    struct model_beside all = beside ? *beside : (struct model_beside){0};
    struct model_file f = {0};
    int r = model_file_read(path, &f, err);

    all.folder = f.folder;
    all.properties = f.properties;
    if (r == 0)
        r = model_load_with(f.bytes, f.len, &all, cpu, ret, err);
    model_file_finish(&f);
    return r;
}
