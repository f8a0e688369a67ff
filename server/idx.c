#include "server/idx.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "model/error.h"
#include "model/preprocess.h"
#include "server/file.h"

enum {
    BUFFER_LEN = 1 << 17,
    UNSIGNED_BYTES = 8, /* the type in the third byte of the magic number */
    HEADER_MAX = 16,
};

struct idx {
    gzFile file;
    const char *path; /* the caller's; for error texts */
    enum idx_kind kind;
    size_t count, height, width;
    size_t at; /* items read so far */
};

static const char *kind_name(enum idx_kind kind)
{
    return kind == IDX_IMAGES ? "images" : "labels";
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int fail_read(const struct idx *idx, int problem, struct error *err)
{
    const char *why = problem == Z_ERRNO       ? strerror(errno)
                      : problem == Z_BUF_ERROR ? "its gzip stream ends too early"
                                               : "its gzip stream is broken";

    return error_set(err, -EBADMSG, "'%s' cannot be read: %s", file_tail(idx->path), why);
}

/* Reads exactly `len` bytes; -ENODATA without a text if the file ends before. */
static int read_bytes(struct idx *idx, void *out, size_t len, struct error *err)
{
    for (uint8_t *at = out; len > 0;) {
        int got = gzread(idx->file, at, len < BUFFER_LEN ? (unsigned)len : BUFFER_LEN);
        int problem = Z_OK;

        (void)gzerror(idx->file, &problem);
        if (got < 0 || problem != Z_OK)
            return fail_read(idx, problem, err);
        if (got == 0)
            return -ENODATA;
        at += got;
        len -= (size_t)got;
    }
    return 0;
}

static int read_header(struct idx *idx, struct error *err)
{
    const unsigned want = UNSIGNED_BYTES << 8 | (unsigned)idx->kind;
    uint8_t header[HEADER_MAX];
    int r = read_bytes(idx, header, 4 + 4 * (size_t)idx->kind, err);

    if (r == -ENODATA)
        return error_set(err, -EBADMSG, "'%s' is too short for an IDX file of %s",
                         file_tail(idx->path), kind_name(idx->kind));
    if (r < 0)
        return r;
    if (read_u32(header) != want)
        return error_set(err, -EBADMSG,
                         "'%s' begins with 0x%08x; an IDX file of %s begins with 0x%08x",
                         file_tail(idx->path), read_u32(header), kind_name(idx->kind), want);
    idx->count = read_u32(header + 4);
    idx->height = idx->kind == IDX_IMAGES ? read_u32(header + 8) : 1;
    idx->width = idx->kind == IDX_IMAGES ? read_u32(header + 12) : 1;
    if (idx->height < 1 || idx->width < 1 || idx->height > PREPROCESS_PICTURE_SIDE_MAX ||
        idx->width > PREPROCESS_PICTURE_SIDE_MAX)
        return error_set(err, -EBADMSG,
                         "'%s' has images of %zux%zu pixels; they should be 1x1 to %dx%d",
                         file_tail(idx->path), idx->width, idx->height,
                         PREPROCESS_PICTURE_SIDE_MAX, PREPROCESS_PICTURE_SIDE_MAX);
    return 0;
}

int idx_open(const char *path, enum idx_kind kind, struct idx **ret, struct error *err)
{
    struct idx *idx = calloc(1, sizeof(*idx));
    int r = 0;

    if (!idx)
        return error_set(err, -ENOMEM, "out of memory");
    *idx = (struct idx){.path = path, .kind = kind};
    errno = 0;
    idx->file = gzopen(path, "rbe");
    if (!idx->file)
        r = error_set(err, errno ? -errno : -ENOMEM, "'%s' cannot be opened: %s",
                      file_tail(path), strerror(errno ? errno : ENOMEM));
    if (r == 0) {
        (void)gzbuffer(idx->file, BUFFER_LEN);
        r = read_header(idx, err);
    }
    if (r == 0) {
        *ret = idx;
        idx = NULL;
    }
    idx_close(idx);
    return r;
}

void idx_close(struct idx *idx)
{
    if (idx && idx->file)
        (void)gzclose_r(idx->file);
    free(idx);
}

size_t idx_count(const struct idx *idx)
{
    return idx->count;
}

size_t idx_width(const struct idx *idx)
{
    return idx->width;
}

size_t idx_height(const struct idx *idx)
{
    return idx->height;
}

int idx_read(struct idx *idx, size_t n, uint8_t *ret, struct error *err)
{
    uint8_t extra;

    assert(n <= idx->count - idx->at);
    int r = read_bytes(idx, ret, n * idx->height * idx->width, err);

    if (r == -ENODATA)
        return error_set(err, -EBADMSG, "'%s' ends before the last of its %zu %s",
                         file_tail(idx->path), idx->count, kind_name(idx->kind));
    if (r < 0)
        return r;
    idx->at += n;
    if (idx->at < idx->count)
        return 0;
    r = read_bytes(idx, &extra, 1, err); /* also makes zlib compare the checksum */
    if (r == 0)
        return error_set(err, -EBADMSG, "'%s' goes on behind its %zu %s", file_tail(idx->path),
                         idx->count, kind_name(idx->kind));
    return r == -ENODATA ? 0 : r;
}
