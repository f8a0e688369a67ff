#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/error.h"
#include "server/command.h"
#include "server/feedback.h"
#include "server/file.h"
#include "server/progress.h"
#include "server/settings.h"

/* The two files of MNIST's own format that training reads. */
struct export
{
    char images_path[FILE_PATH_MAX], labels_path[FILE_PATH_MAX];
    struct file_draft images, labels;
    uint32_t count;
    struct progress progress;
};

static void write_u32(FILE *out, uint32_t value)
{
    const unsigned char bytes[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                   (unsigned char)(value >> 8), (unsigned char)value};

    (void)fwrite(bytes, 1, sizeof(bytes), out);
}

/* The count is known at the end only; a file that could not be written is thrown away then. */
static void write_headers(const struct export *e)
{
    rewind(e->images.stream);
    write_u32(e->images.stream, 0x803);
    write_u32(e->images.stream, e->count);
    write_u32(e->images.stream, MODEL_SIDE);
    write_u32(e->images.stream, MODEL_SIDE);
    rewind(e->labels.stream);
    write_u32(e->labels.stream, 0x801);
    write_u32(e->labels.stream, e->count);
}

static int write_one(void *to, const uint8_t *pixels, int truth, struct error *err)
{
    struct export *e = to;
    (void)err;

    (void)fwrite(pixels, 1, MODEL_INPUT, e->images.stream);
    (void)fputc(truth, e->labels.stream);
    e->count++;
    progress_add(&e->progress, 1);
    return 0;
}

static int name_files(struct export *e, const char *folder, struct error *err)
{
    const int images =
        snprintf(e->images_path, sizeof(e->images_path), "%s/images.idx", folder);
    const int labels =
        snprintf(e->labels_path, sizeof(e->labels_path), "%s/labels.idx", folder);

    if (images >= FILE_PATH_MAX || labels >= FILE_PATH_MAX)
        return error_set(err, -ENAMETOOLONG, "--out is too long: '%s'", file_tail(folder));
    if (mkdir(folder, 0777) < 0 && errno != EEXIST)
        return error_set(err, -errno, "%s: %s", file_tail(folder), strerror(errno));
    return 0;
}

static int write_rows(struct feedback *f, struct export *e, struct error *err)
{
    struct feedback_summary all;
    int r = feedback_summarise(f, "", &all, err);

    if (r < 0)
        return r;
    progress_start(&e->progress, "exporting", all.total);
    write_headers(e);
    r = feedback_each(f, write_one, e, err);
    write_headers(e);
    (void)progress_end(&e->progress);
    return r;
}

static int export(struct feedback *f, const char *folder, struct export *e, struct error *err)
{
    int r = name_files(e, folder, err);

    if (r == 0)
        r = file_draft_start(&e->images, e->images_path, err);
    if (r < 0)
        return r;
    r = file_draft_start(&e->labels, e->labels_path, err);
    if (r < 0)
        return file_draft_finish(&e->images, r, err);
    r = file_draft_finish(&e->labels, write_rows(f, e, err), err);
    return file_draft_finish(&e->images, r, err);
}

static int check_words(const struct settings *s, struct error *err)
{
    if (s->n_files != 1 || strcmp(s->files[0], "export") != 0)
        return error_set(err, -EINVAL, "it should be 'digitd feedback export', not '%.40s'",
                         s->n_files ? s->files[0] : "");
    if (!*s->feedback_db || !*s->out)
        return error_set(err, -EINVAL, "--feedback-db and --out are both needed");
    /* SQLite would make a file that is not there. */
    if (access(s->feedback_db, F_OK) < 0)
        return error_set(err, -errno, "%s: %s", file_tail(s->feedback_db), strerror(errno));
    return 0;
}

int command_feedback(const struct settings *s)
{
    struct feedback *f = NULL;
    struct export e = {.count = 0};
    struct error err = {0};
    int r = check_words(s, &err);

    if (r == 0)
        r = feedback_create(s->feedback_db, s->feedback_max, &f, &err);
    if (r == 0)
        r = export(f, s->out, &e, &err);
    feedback_destroy(f);
    if (r < 0)
        return command_fail("feedback", &err);
    printf("%u digits in %s and %s\n", e.count, e.images_path, e.labels_path);
    return COMMAND_FINE;
}
