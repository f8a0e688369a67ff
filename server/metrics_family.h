#ifndef SERVER_METRICS_FAMILY_H
#define SERVER_METRICS_FAMILY_H

#include "server/buf.h"

/* Appends the lines of Prometheus text that describe a family. Returns 0, -E2BIG, -ENOMEM. */
int metrics_family(struct buf *out, const char *name, const char *type, const char *help);

/* Appends name="value", whatever the value holds. */
int metrics_label(struct buf *out, const char *name, const char *value);

#endif
