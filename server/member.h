#ifndef SERVER_MEMBER_H
#define SERVER_MEMBER_H

#include <stddef.h>

struct error;
struct scan;

/* One key of a JSON object that is of interest, and what takes its value. */
struct member {
    const char *key;
    int (*read)(struct scan *s, void *to, struct error *err);
};

/* Walks the object at the scanner. Values of the table's keys are read into `to`; other keys
 * are skipped, and null is as good as absent. A key of the table that comes twice is refused.
 * *ret_seen has bit i for members[i]. `where` names the object in errors. */
int member_read(struct scan *s, const struct member *members, size_t n, const char *where,
                void *to, unsigned *ret_seen, struct error *err);

#endif
