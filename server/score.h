#ifndef SERVER_SCORE_H
#define SERVER_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "server/buf.h"

enum { SCORE_BINS = 10 };

/* How well a model did on labelled images. Starts zeroed. A picture that was taken for no digit
 * (rejected) counts as wrong; it has no part in calibration and likelihood. One that was
 * predicted, but that a server would not answer with a digit (doubted), counts as predicted. */
struct score {
    uint64_t images, correct;
    uint64_t confusion[MODEL_CLASSES][MODEL_CLASSES]; /* [label][answer] */
    uint64_t rejected[MODEL_CLASSES];                 /* by label */
    uint64_t doubted, doubted_correct;
    double log_loss; /* sum of -log P(label) */
    struct score_bin {
        uint64_t images, correct;
        double confidence; /* sum */
    } bins[SCORE_BINS];    /* by the confidence of the answer, equally wide */
};

/* `answered`: whether a server would answer with it. */
void score_add(struct score *s, unsigned label, unsigned answer, const float *probabilities,
               bool answered);
void score_reject(struct score *s, unsigned label);

/* The figures; NaN where nothing is there to divide by. */
double score_accuracy(const struct score *s);
double score_standard_error(const struct score *s); /* of the accuracy */
double score_precision(const struct score *s, unsigned digit);
double score_recall(const struct score *s, unsigned digit);
double score_log_loss(const struct score *s);          /* mean, natural logarithm */
double score_calibration_error(const struct score *s); /* expected, over the bins */

/* Images that a server would answer with no digit; the accuracy of the others. */
uint64_t score_refused(const struct score *s);
double score_answered_accuracy(const struct score *s);

/* Images with this label. */
uint64_t score_support(const struct score *s, unsigned digit);

/* The measured run, for people, and as one JSON object without line breaks. */
struct score_run {
    const char *images; /* the file */
    const char *model;  /* the file, or "" */
    const struct model_info *info;
    size_t width, height;
    bool preprocessed;
    double seconds;
};

void score_print(const struct score *s, const struct score_run *run, bool colours);
int score_write_json(const struct score *s, const struct score_run *run, struct buf *out);

#endif
