#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/error.h"
#include "model/onnx_file.h"

/* Large weights, which exporters put into a file beside the model. */

enum { DATA_MAX = 256 << 20 }; /* bytes of one tensor */

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
    FILE *f = fopen(path, "rbe");
    struct stat st;
    int r = 0;

    if (!f)
        return error_set(err, -errno, "tensor '%.40s': '%.60s' cannot be opened: %s", t->name,
                         name, strerror(errno));
    if (fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 0 ||
        offset > (size_t)st.st_size || len > (size_t)st.st_size - offset ||
        fseeko(f, (off_t)offset, SEEK_SET) != 0 || fread(to, 1, len, f) != len)
        r = error_set(err, -EBADMSG, "tensor '%.40s': '%.60s' has no %zu bytes at %zu", t->name,
                      name, len, offset);
    (void)fclose(f);
    return r;
}

int onnx_take_external(struct file *f, const Onnx__TensorProto *p, struct onnx_tensor *t,
                       struct error *err)
{
    const char *location = entry(p, "location");
    size_t own = t->count * onnx_element_len(t->type);
    size_t offset = 0;
    size_t len = own;
    const char *path = NULL;
    void *data = NULL;
    int r = 0;

    if (!f->folder)
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
    if (r == 0 && (len != own || own > DATA_MAX || t->count > DATA_MAX))
        r = error_set(err, -EBADMSG,
                      "tensor '%.40s' has %zu bytes in another file, not the %zu of its shape",
                      t->name, len, own);
    if (r < 0 || own == 0)
        return r;
    path = arena_print(&f->arena, "%s%s", f->folder, location);
    data = arena_alloc(&f->arena, own, 1);
    if (!path || !data)
        return error_set(err, -ENOMEM, "out of memory while reading the ONNX file");
    t->data = data;
    return read_part(path, location, offset, own, data, t, err);
}
