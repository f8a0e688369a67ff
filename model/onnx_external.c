#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/error.h"
#include "model/onnx_file.h"

/* Large weights, which exporters put into a file beside the model. */

enum { EXTERNAL_MAX = 256 << 20 }; /* bytes of all of a model's tensors */

static const char *entry(const Onnx__TensorProto *p, const char *key)
{
    for (size_t i = 0; i < p->n_external_data; i++)
        if (p->external_data[i]->key && p->external_data[i]->value &&
            strcmp(p->external_data[i]->key, key) == 0)
            return p->external_data[i]->value;
    return NULL;
}

/* A whole number of bytes. */
static int number(const struct onnx_tensor *t, const char *key, const char *text, size_t *ret,
                  struct error *err)
{
    char *end = NULL;
    unsigned long long value = 0;

    if (!text)
        return 0;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value > SIZE_MAX / 4)
        return error_set(err, -EBADMSG, "tensor '%.40s' has %s '%.24s' in another file",
                         t->name, key, text);
    *ret = (size_t)value;
    return 0;
}

static int read_part(const char *path, const char *name, size_t offset, size_t len, void *to,
                     const struct onnx_tensor *t, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is not waited for */
    struct stat st;
    size_t at = 0;
    ssize_t got = 1;
    int r = 0;

    if (fd < 0)
        return error_set(err, -errno, "tensor '%.40s': '%.60s' cannot be opened: %s", t->name,
                         name, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        r = error_set(err, -EBADMSG, "tensor '%.40s': '%.60s' is no regular file", t->name,
                      name);
    while (r == 0 && at < len && got > 0) {
        got = pread(fd, (char *)to + at, len - at, (off_t)(offset + at));
        at += got > 0 ? (size_t)got : 0;
    }
    if (r == 0 && at < len)
        r = error_set(err, -EBADMSG, "tensor '%.40s': '%.60s' has no %zu bytes at %zu", t->name,
                      name, len, offset);
    (void)close(fd);
    return r;
}

/* Once, if there is room. */
static void note_part(struct model_parts *parts, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = parts->text; *at; at = strchr(at, '\n') + 1)
        if (strncmp(at, name, len) == 0 && at[len] == '\n')
            return;
    if (len + 2 > sizeof(parts->text) - parts->len || strchr(name, '\n'))
        return;
    parts->len += (size_t)sprintf(parts->text + parts->len, "%s\n", name);
}

int onnx_take_external(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                       struct error *err)
{
    const char *location = entry(p, "location");
    size_t own = t->count * onnx_stored_len(t->type);
    size_t offset = 0;
    size_t len = own;
    const char *path = NULL;
    void *data = NULL;
    int r = 0;

    if (!f->beside->folder)
        return error_set(
            err, -ENOTSUP,
            "tensor '%.60s' has its data in another file; a model here is one file", t->name);
    if (!location || !*location || strchr(location, '/') || *location == '.')
        return error_set(err, -EBADMSG,
                         "tensor '%.40s' has its data in '%.60s'; it should be a file beside "
                         "the model",
                         t->name, location ? location : "");
    r = number(t, "offset", entry(p, "offset"), &offset, err);
    if (r == 0)
        r = number(t, "length", entry(p, "length"), &len, err);
    if (r == 0 && len != own)
        r = error_set(err, -EBADMSG,
                      "tensor '%.40s' has %zu bytes in another file, not the %zu of its shape",
                      t->name, len, own);
    if (r < 0 || own == 0)
        return r;
    if (f->beside->parts)
        note_part(f->beside->parts, location);
    if (own > EXTERNAL_MAX - f->external)
        return error_set(err, -EFBIG, "the weights in other files have over %d bytes",
                         EXTERNAL_MAX);
    f->external += own;
    path = arena_print(&f->arena, "%s%s", f->beside->folder, location);
    data = arena_alloc(&f->arena, own, 1);
    if (!path || !data)
        return error_set(err, -ENOMEM, "out of memory while reading the ONNX file");
    t->data = data;
    return read_part(path, location, offset, own, data, t, err);
}
