#ifndef SERVER_PLOT_H
#define SERVER_PLOT_H

#include "server/buf.h"
#include "server/score.h"

/* Appends a PNG that shows the measured run: the accuracy, the confusion matrix, and how far
 * the model's confidence can be trusted. Returns 0, -E2BIG, -ENOMEM. */
int plot_score(const struct score *s, const struct score_run *run, struct buf *out);

#endif
