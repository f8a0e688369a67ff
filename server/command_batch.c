#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/answer.h"
#include "server/batch.h"
#include "server/command.h"
#include "server/file.h"
#include "server/pictures.h"
#include "server/progress.h"
#include "server/registry.h"
#include "server/settings.h"
#include "server/settings_value.h"

enum { CHUNK = 128, LINE_MAX_LEN = 4096, SHARDS_MAX = 100000 };

/* Image i belongs to the shard i % of. */
struct shard {
    long index, of;
};

struct scoring {
    struct pictures *pictures;
    struct model *model;
    struct batch batch;
    size_t places[CHUNK]; /* of the batch's images among all */
    struct shard shard;
    struct file_draft draft;
    struct progress progress;
};

static volatile sig_atomic_t told_to_stop;

static void stop(int number)
{
    told_to_stop = number;
}

/* Process 1 of a container is spared a signal's default action; and no half-written file is to
 * stay behind. */
static void heed_signals(void)
{
    const struct sigaction action = {.sa_handler = stop};

    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
}

static int check_shard(const struct shard *shard, const char *source, const char *text,
                       struct error *err)
{
    if (shard->of >= 1 && shard->of <= SHARDS_MAX && shard->index < shard->of)
        return 0;
    return error_set(err, -EINVAL,
                     "%s is '%.40s'; it should be I/N with I from 0 to N - 1, such as 0/4",
                     source, text);
}

static int parse_shard(const char *text, struct shard *ret, struct error *err)
{
    const char *slash = strchr(text, '/');
    char index[16] = "";

    *ret = (struct shard){0};
    if (slash && (size_t)(slash - text) < sizeof(index)) {
        memcpy(index, text, (size_t)(slash - text));
        if (value_number(index, &ret->index) < 0 || value_number(slash + 1, &ret->of) < 0)
            ret->of = 0;
    }
    return check_shard(ret, "--shard", text, err);
}

/* What Kubernetes tells a pod of an Indexed Job, and what the Job's author adds to it. */
static int shard_of_job(struct shard *ret, struct error *err)
{
    const char *index = getenv("JOB_COMPLETION_INDEX");
    const char *of = getenv("JOB_COMPLETIONS");
    char text[64];

    *ret = (struct shard){.of = 1};
    if (!index)
        return 0;
    if (!of)
        return error_set(err, -EINVAL,
                         "JOB_COMPLETION_INDEX is '%.20s', but JOB_COMPLETIONS is not set; it "
                         "should be the Job's spec.completions",
                         index);
    (void)snprintf(text, sizeof(text), "%.20s/%.20s", index, of);
    if (value_number(index, &ret->index) < 0 || value_number(of, &ret->of) < 0)
        ret->of = 0;
    return check_shard(ret, "JOB_COMPLETION_INDEX/JOB_COMPLETIONS", text, err);
}

/* "digits.jsonl" whole, or its shard "digits-00002-of-00010.jsonl". */
static int part_path(const char *out, const struct shard *shard, char ret[FILE_PATH_MAX],
                     struct error *err)
{
    const char *dot = strrchr(out, '.');
    const char *slash = strrchr(out, '/');
    size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - out) : strlen(out);
    int n = shard->of == 1 ? snprintf(ret, FILE_PATH_MAX, "%s", out)
                           : snprintf(ret, FILE_PATH_MAX, "%.*s-%05ld-of-%05ld%s", (int)stem,
                                      out, shard->index, shard->of, out + stem);

    return n > 0 && n < FILE_PATH_MAX
               ? 0
               : error_set(err, -ENAMETOOLONG, "--out is too long: '%s'", file_tail(out));
}

static int write_line(const struct scoring *s, size_t i, struct buf *line)
{
    const char *name = pictures_name(s->pictures, s->places[i]);
    int r = buf_print(line, "{\"index\":%zu,", s->places[i]);

    if (r == 0 && name) {
        r = buf_text(line, "\"file\":");
        if (r == 0)
            r = buf_json_string(line, name, strlen(name));
        if (r == 0)
            r = buf_text(line, ",");
    }
    if (r == 0)
        r = answer_write_reading(&s->batch, i, line);
    return r ? r : buf_text(line, "}\n");
}

/* Predicts what has been gathered, and writes it. */
static int flush(struct scoring *s, struct error *err)
{
    struct buf line = BUF(LINE_MAX_LEN);
    int r = batch_predict(&s->batch, err);

    for (size_t i = 0; i < s->batch.n && r == 0; i++) {
        buf_reset(&line);
        r = write_line(s, i, &line);
        if (r < 0)
            (void)error_set(err, r, "the answer cannot be written: %s", strerror(-r));
        else
            (void)fwrite(line.data, 1, line.len, s->draft.stream);
    }
    buf_clear(&line);
    batch_reset(&s->batch);
    return r;
}

static int score(struct scoring *s, struct error *err)
{
    size_t count = pictures_count(s->pictures);
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++) {
        bool ours = (long)(i % (size_t)s->shard.of) == s->shard.index;

        r = pictures_next(s->pictures, ours ? &s->batch : NULL, err);
        if (r == 0 && ours)
            s->places[s->batch.n - 1] = i;
        if (r == 0 && s->batch.n > 0 && (s->batch.n == CHUNK || i + 1 == count))
            r = flush(s, err);
        progress_add(&s->progress, 1);
        if (told_to_stop)
            r = error_set(err, -EINTR, "stopped by a signal");
    }
    return r;
}

static int score_into(struct scoring *s, const char *path, struct error *err)
{
    struct served served = {.model = s->model};
    int r = file_draft_start(&s->draft, path, err);

    if (r < 0)
        return r;
    s->batch.served = &served;
    progress_start(&s->progress, "scoring", pictures_count(s->pictures));
    r = file_draft_finish(&s->draft, score(s, err), err);
    (void)progress_end(&s->progress);
    return r;
}

int command_batch(const struct settings *s)
{
    struct scoring scoring = {.batch = {.max = CHUNK}};
    char path[FILE_PATH_MAX];
    struct error err = {0};
    int r = 0;

    heed_signals();
    if (!*s->images || !*s->out)
        r = error_set(&err, -EINVAL, "--images and --out are both needed");
    if (r == 0)
        r = *s->shard ? parse_shard(s->shard, &scoring.shard, &err)
                      : shard_of_job(&scoring.shard, &err);
    if (r == 0)
        r = part_path(s->out, &scoring.shard, path, &err);
    if (r == 0)
        r = command_check_output(s, "--out", path, &err);
    if (r == 0)
        r = command_load(s, s->model, &scoring.model, &err);
    if (r == 0)
        r = pictures_open(s->images, s->preprocess, &scoring.pictures, &err);
    if (r == 0)
        r = score_into(&scoring, path, &err);
    batch_finish(&scoring.batch);
    pictures_close(scoring.pictures);
    model_destroy(scoring.model);
    if (r == 0)
        return COMMAND_FINE;
    int code = command_fail("batch", &err);

    return err.code == -EINTR ? COMMAND_SIGNALLED + told_to_stop : code;
}
