#include "server/pictures.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/file.h"
#include "server/idx.h"
#include "server/image.h"

enum { FILE_MAX_LEN = 160 << 20 }; /* bytes: the largest picture, hardly compressed */

struct pictures {
    const char *path; /* the caller's */
    size_t n, at;

    struct idx *idx; /* or NULL */
    uint8_t *pixels; /* of one picture of it */
    bool finished;   /* they need no preprocessing */

    struct dirent **entries; /* or NULL; sorted */
    struct buf bytes;        /* of one file */
};

static int is_png(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 4 &&
           strcasecmp(entry->d_name + len - 4, ".png") == 0;
}

/* By bytes: the same order in every locale, so that shards agree. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int open_folder(struct pictures *p, struct error *err)
{
    int n = scandir(p->path, &p->entries, is_png, by_name);

    if (n < 0)
        return error_set(err, -errno, "'%s' cannot be read: %s", file_tail(p->path),
                         strerror(errno));
    p->n = (size_t)n;
    return n > 0 ? 0 : error_set(err, -EBADMSG, "'%s' holds no PNG files", file_tail(p->path));
}

static int open_idx(struct pictures *p, bool preprocess, struct error *err)
{
    int r = idx_open(p->path, IDX_IMAGES, &p->idx, err);

    if (r < 0)
        return r;
    size_t width = idx_width(p->idx);
    size_t height = idx_height(p->idx);

    p->n = idx_count(p->idx);
    p->finished = !preprocess && width == MODEL_SIDE && height == MODEL_SIDE;
    p->pixels = malloc(width * height);
    if (!p->pixels)
        return error_set(err, -ENOMEM, "out of memory");
    return p->n > 0 ? 0 : error_set(err, -EBADMSG, "'%s' holds no images", file_tail(p->path));
}

int pictures_open(const char *path, bool preprocess, struct pictures **ret, struct error *err)
{
    struct pictures *p = calloc(1, sizeof(*p));
    struct stat about;
    int r;

    if (!p)
        return error_set(err, -ENOMEM, "out of memory");
    p->path = path;
    p->bytes = BUF(FILE_MAX_LEN);
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        r = open_folder(p, err);
    else
        r = open_idx(p, preprocess, err);
    if (r == 0) {
        *ret = p;
        p = NULL;
    }
    pictures_close(p);
    return r;
}

void pictures_close(struct pictures *p)
{
    if (!p)
        return;
    for (size_t i = 0; p->entries && i < p->n; i++)
        free(p->entries[i]);
    free(p->entries);
    idx_close(p->idx);
    free(p->pixels);
    buf_clear(&p->bytes);
    free(p);
}

size_t pictures_count(const struct pictures *p)
{
    return p->n;
}

const char *pictures_name(const struct pictures *p, size_t i)
{
    return p->entries ? p->entries[i]->d_name : NULL;
}

static int next_of_idx(struct pictures *p, struct batch *b, struct error *err)
{
    int r = idx_read(p->idx, 1, p->pixels, err);

    if (r < 0 || !b)
        return r;
    if (p->finished)
        return batch_add_finished(b, p->pixels, err);

    const struct image image = {p->pixels, idx_width(p->idx), idx_height(p->idx)};

    return batch_add_picture(b, &image, err);
}

static int next_of_folder(struct pictures *p, struct batch *b, struct error *err)
{
    const char *name = p->entries[p->at]->d_name;
    char path[FILE_PATH_MAX];
    struct image image = {0};
    struct error why = {0};

    if (!b)
        return 0;
    int n = snprintf(path, sizeof(path), "%s/%s", p->path, name);
    int r = n < 0 || (size_t)n >= sizeof(path)
                ? error_set(&why, -ENAMETOOLONG, "its path is too long")
                : 0;

    buf_reset(&p->bytes);
    if (r == 0)
        r = file_read(path, &p->bytes, &why);
    if (r == 0)
        r = image_decode_png(p->bytes.data, p->bytes.len, NULL, &image, &why);
    if (r == 0)
        r = batch_add_picture(b, &image, &why);
    image_finish(&image);
    /* Too large is as bad as unreadable: asking again will not help. */
    return r < 0 ? error_set(err, r == -EINVAL ? -EBADMSG : r, "%.60s: %s", name, why.text) : 0;
}

int pictures_next(struct pictures *p, struct batch *b, struct error *err)
{
    assert(p->at < p->n);
    int r = p->idx ? next_of_idx(p, b, err) : next_of_folder(p, b, err);

    p->at++;
    return r;
}
