#include "server/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/error.h"

enum { PIECE = 1 << 16, PATH_LEN_MAX = 4096, TAIL_MAX = 60 };

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

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, bytes, len);

        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            bytes += written;
            len -= (size_t)written;
        }
    }
    return 0;
}

/* mkstemp() lets only the owner read; give what open() would have given. */
static int open_up(int fd)
{
    mode_t mask = umask(0);

    (void)umask(mask);
    return fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0;
}

int file_write(const char *path, const void *bytes, size_t len, struct error *err)
{
    char temporary[PATH_LEN_MAX];
    int n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    int fd = -1;
    int r = n < 0 || (size_t)n >= sizeof(temporary) ? -ENAMETOOLONG : 0;

    if (r == 0) {
        fd = mkostemp(temporary, O_CLOEXEC);
        r = fd < 0 ? -errno : open_up(fd);
    }
    if (r == 0)
        r = write_all(fd, bytes, len);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (fd >= 0 && close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0 && fd >= 0)
        (void)unlink(temporary);
    return r < 0
               ? error_set(err, r, "'%s' cannot be written: %s", file_tail(path), strerror(-r))
               : 0;
}

const char *file_tail(const char *path)
{
    size_t len = strlen(path);

    return len > TAIL_MAX ? path + len - TAIL_MAX : path;
}
