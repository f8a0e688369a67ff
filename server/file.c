#include "server/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/error.h"

enum { PIECE = 1 << 16, TAIL_MAX = 60 };

/* Reads until the end, in pieces. */
static int read_all(int fd, struct buf *out, struct error *err)
{
    for (;;) {
        size_t room = out->limit - out->len < PIECE ? out->limit - out->len : PIECE;
        char over;

        if (buf_reserve(out, room) < 0)
            return error_set(err, -ENOMEM, "out of memory");
        ssize_t got = room ? read(fd, out->data + out->len, room) : read(fd, &over, 1);

        if (got == 0)
            return 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, -errno, "it cannot be read: %s", strerror(errno));
        if (room == 0)
            return error_set(err, -EFBIG, "it is larger than %zu bytes", out->limit);
        out->len += (size_t)got;
    }
}

int file_read(const char *path, struct buf *out, struct error *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, -errno, "it cannot be opened: %s", strerror(errno));
    int r = read_all(fd, out, err);

    if (!standard)
        (void)close(fd);
    return r;
}

bool file_same(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* mkstemp() lets only the owner read; give what open() would have given. */
static int open_up(int fd)
{
    mode_t mask = umask(0);

    (void)umask(mask);
    return fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0;
}

static int fail_write(const struct file_draft *d, int code, struct error *err)
{
    return error_set(err, code, "'%s' cannot be written: %s", file_tail(d->path),
                     strerror(-code));
}

static int open_beside(struct file_draft *d)
{
    int n = snprintf(d->temporary, sizeof(d->temporary), "%s.XXXXXX", d->target);

    if (n < 0 || (size_t)n >= sizeof(d->temporary))
        return -ENAMETOOLONG;
    int fd = mkostemp(d->temporary, O_CLOEXEC);
    int r = fd < 0 ? -errno : open_up(fd);

    if (r == 0) {
        d->stream = fdopen(fd, "w");
        r = d->stream ? 0 : -ENOMEM;
    }
    if (r < 0 && fd >= 0) {
        (void)close(fd);
        (void)unlink(d->temporary);
    }
    return r;
}

int file_draft_start(struct file_draft *d, const char *path, struct error *err)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    int n = snprintf(d->target, sizeof(d->target), "%s", path);
    int r = n < 0 || (size_t)n >= sizeof(d->target) ? -ENAMETOOLONG : 0;

    d->path = path;
    d->stream = NULL;
    d->temporary[0] = '\0';
    if (r == 0 && there && S_ISDIR(st.st_mode))
        r = -EISDIR;
    if (r == 0 && there && !S_ISREG(st.st_mode)) {
        d->stream = fopen(path, "we");
        r = d->stream ? 0 : -errno;
    } else if (r == 0) {
        if (there && !realpath(path, d->target))
            r = -errno;
        r = r == 0 ? open_beside(d) : r;
    }
    return r < 0 ? fail_write(d, r, err) : 0;
}

int file_draft_finish(struct file_draft *d, int r, struct error *err)
{
    bool beside = *d->temporary != '\0';
    int own = 0;

    errno = EIO;
    if (r == 0 && (fflush(d->stream) != 0 || ferror(d->stream) ||
                   (beside && fsync(fileno(d->stream)) < 0)))
        own = -errno;
    if (fclose(d->stream) != 0 && own == 0)
        own = -errno;
    if (r == 0 && own == 0 && beside && rename(d->temporary, d->target) < 0)
        own = -errno;
    if (r == 0 && own == 0)
        return 0;
    if (beside)
        (void)unlink(d->temporary);
    return r < 0 ? r : fail_write(d, own, err);
}

int file_write(const char *path, const void *bytes, size_t len, struct error *err)
{
    struct file_draft draft;
    int r = file_draft_start(&draft, path, err);

    if (r < 0)
        return r;
    errno = EIO;
    if (fwrite(bytes, 1, len, draft.stream) < len)
        r = fail_write(&draft, -errno, err);
    return file_draft_finish(&draft, r, err);
}

const char *file_tail(const char *path)
{
    size_t len = strlen(path);

    return len > TAIL_MAX ? path + len - TAIL_MAX : path;
}
