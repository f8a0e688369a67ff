#include "server/member.h"

#include <errno.h>

#include "model/error.h"
#include "server/scan.h"

static int read_one(struct scan *s, const struct member *members, size_t n, const char *where,
                    struct scan_text key, void *to, unsigned *seen, struct error *err)
{
    size_t i = 0;

    while (i < n && !scan_equals(key, members[i].key))
        i++;
    if (i == n || scan_peek(s) == 'n')
        return scan_skip(s, err);
    if (*seen >> i & 1)
        return error_set(err, -EINVAL, "%s has the key '%s' twice", where, members[i].key);
    *seen |= 1U << i;
    return members[i].read(s, to, err);
}

int member_read(struct scan *s, const struct member *members, size_t n, const char *where,
                void *to, unsigned *ret_seen, struct error *err)
{
    struct scan_text key;
    unsigned seen = 0;
    int r = scan_enter_object(s, err);

    while (r == 0) {
        r = scan_next_key(s, &key, err);
        if (r == 1)
            r = read_one(s, members, n, where, key, to, &seen, err);
        else if (r == 0)
            break;
    }
    if (r == 0)
        *ret_seen = seen;
    return r;
}
