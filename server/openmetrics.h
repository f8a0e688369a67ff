#ifndef SERVER_OPENMETRICS_H
#define SERVER_OPENMETRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "server/buf.h"

/* Whether an Accept header likes OpenMetrics 1.0 at least as well as plain text. */
bool openmetrics_wanted(const char *accept);

/* Appends Prometheus text as OpenMetrics: counters are named without their _total where they
 * are described, bounds are written as floats, and the end is marked. Returns 0, -E2BIG,
 * -ENOMEM. */
int openmetrics_write(const char *text, size_t len, struct buf *out);

#endif
