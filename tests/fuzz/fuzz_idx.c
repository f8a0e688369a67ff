#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/error.h"
#include "model/preprocess.h"
#include "server/idx.h"
#include "tests/fuzz/fuzz.h"

enum { ITEMS_MAX = 64, PATH_LEN = 32 };

/* Reads to the end, or as far as it takes to believe it. */
static int read_items(struct idx *idx, struct error *err)
{
    size_t len = idx_width(idx) * idx_height(idx);
    uint8_t *item = NULL;
    int r = 0;

    if (len < 1 || len > (size_t)PREPROCESS_PICTURE_SIDE_MAX * PREPROCESS_PICTURE_SIDE_MAX)
        abort();
    item = malloc(len);
    for (size_t i = 0; item && i < ITEMS_MAX && i < idx_count(idx) && r == 0; i++)
        r = idx_read(idx, 1, item, err);
    free(item);
    return r;
}

static void read_as(const char *path, enum idx_kind kind)
{
    struct idx *idx = NULL;
    struct error err = {0};
    int r = idx_open(path, kind, &idx, &err);

    if ((r == 0) != (idx != NULL))
        abort();
    if (r == 0)
        r = read_items(idx, &err);
    if (r < 0 && (err.code != r || !*err.text || (r != -EBADMSG && r != -ENOMEM)))
        abort();
    idx_close(idx);
}

/* Any bytes either are refused for a reason, or are images or labels. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[PATH_LEN];
    int fd = memfd_create("fuzz_idx", MFD_CLOEXEC);

    if (fd < 0)
        return 0;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (write(fd, data, size) == (ssize_t)size) {
        read_as(path, IDX_IMAGES);
        read_as(path, IDX_LABELS);
    }
    (void)close(fd);
    return 0;
}
