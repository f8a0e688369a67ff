#ifndef SERVER_FEEDBACK_H
#define SERVER_FEEDBACK_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

struct error;

enum {
    FEEDBACK_NONE = MODEL_CLASSES, /* as truth: no digit at all; as prediction: none was made */
    FEEDBACK_CLASSES = MODEL_CLASSES + 1,
    FEEDBACK_SOURCE_MAX = 256 * 1024, /* bytes of one drawing or picture */
};

/* What people say an answer should have been, kept in an SQLite file. A row is on the disk
 * before feedback_add() returns: neither the process nor the machine may lose it by dying.
 * One thread at a time, but for feedback_count(). The file may be read by others meanwhile. */
struct feedback;

/* One correction. Strings and bytes are the caller's. */
struct feedback_entry {
    const char *model;
    unsigned version;
    int truth, prediction;   /* 0..9 or FEEDBACK_NONE */
    const uint8_t *pixels;   /* [MODEL_INPUT], as the network saw it */
    const char *source_type; /* "strokes" or "image/png" */
    const void *source;      /* what was sent, up to FEEDBACK_SOURCE_MAX */
    size_t source_len;
};

/* How the corrections of one model are spread. */
struct feedback_summary {
    uint64_t confusion[FEEDBACK_CLASSES][FEEDBACK_CLASSES]; /* [truth][prediction] */
    uint64_t total, right;
};

/* For the file at `path`, which may grow to `bytes_max`. It is opened when it is needed, and
 * again after an error: a disk that is full or read-only today may be writable tomorrow.
 * Returns 0 and *ret for the caller to feedback_destroy(); -ENOMEM. */
int feedback_create(const char *path, long bytes_max, struct feedback **ret, struct error *err);
void feedback_destroy(struct feedback *f); /* accepts NULL */

/* Makes sure that the file is there, is ours and can be written to. Returns 0; -ENOSPC if it or
 * its disk is full; -EROFS if it may not be written to; -EBADMSG if it is something else;
 * -EBUSY; -EIO; `err` names the file. */
int feedback_open(struct feedback *f, struct error *err);

/* Stores one row. Returns as feedback_open(). */
int feedback_add(struct feedback *f, const struct feedback_entry *entry, int64_t *ret_id,
                 struct error *err);

/* Sums up the rows of one model, or of all if `model` is "". Returns as feedback_open(). */
int feedback_summarise(struct feedback *f, const char *model, struct feedback_summary *ret,
                       struct error *err);

/* Rows of a truth and a prediction, over all models, by this process's knowledge. Any thread.
 */
uint64_t feedback_count(const struct feedback *f, int truth, int prediction);

/* Calls `each` with the pixels and truth of every row whose truth is a digit, oldest first.
 * `each` returns 0 or an error, which ends the walk. Returns that, or as feedback_open(). */
int feedback_each(struct feedback *f,
                  int (*each)(void *to, const uint8_t *pixels, int truth, struct error *err),
                  void *to, struct error *err);

#endif
