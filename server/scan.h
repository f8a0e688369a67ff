#ifndef SERVER_SCAN_H
#define SERVER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* A pull scanner for JSON (RFC 8259) that builds nothing: the caller walks the text and takes
 * what it wants; numbers go straight into the caller's floats. No allocation, no recursion. */
struct scan {
    const char *at; /* the next byte to read */
    const char *end;
    const char *begin; /* for positions in error texts */
    size_t depth;
    size_t depth_max;
    bool entered;  /* an object or array has just been entered: no comma is due */
    bool booleans; /* scan_floats() takes true and false as 1 and 0 */
};

enum { SCAN_DEPTH_MAX = 1024 }; /* the most that depth_max can be; more counts as this */

struct scan_text {
    const char *at; /* between the quotes, escapes not yet resolved */
    size_t len;
};

void scan_init(struct scan *s, const char *text, size_t len, size_t depth_max);

/* Fills `err` with where the text stands, what should be there and what is; returns -EBADMSG.
 */
int scan_expected(const struct scan *s, const char *what, struct error *err);

/* What the next value is by its first byte: '{' '[' '"' 't' 'f' 'n' '0' (any number), or 0 at
 * the end or at something else. */
char scan_peek(struct scan *s);

/* The walk through an object: enter, then next_key until it says 0 (after which the object is
 * left). Each key must be followed by exactly one value taken or skipped. Return 1 with the
 * key, 0 at the end, -EBADMSG with `err` saying what is wrong at which byte. */
int scan_enter_object(struct scan *s, struct error *err);
int scan_next_key(struct scan *s, struct scan_text *ret, struct error *err);

/* The same for arrays: next_item returns 1 if there is another value, 0 at the end. */
int scan_enter_array(struct scan *s, struct error *err);
int scan_next_item(struct scan *s, struct error *err);

int scan_string(struct scan *s, struct scan_text *ret, struct error *err);
int scan_integer(struct scan *s, int64_t *ret, struct error *err); /* -EBADMSG for 1.5, 1e3 */
int scan_boolean(struct scan *s, bool *ret, struct error *err);
int scan_skip(struct scan *s, struct error *err); /* any value; checks its syntax */
int scan_end(struct scan *s, struct error *err);  /* nothing but white space may follow */

/* Whether the key or string, escapes resolved, equals `text`. One that was never read is empty.
 */
bool scan_equals(struct scan_text t, const char *text);

/* Writes the string, escapes resolved, to out[0..t.len-1]; not NUL-terminated. Returns its
 * length, which may be less. */
size_t scan_copy(struct scan_text t, char *out);

enum { SCAN_RANK_MAX = 8 };

/* The shape of a nested array of numbers. */
struct scan_shape {
    size_t rank; /* 0: a bare number */
    size_t dims[SCAN_RANK_MAX];
};

/* Reads a number, or nested arrays of numbers that all have one shape, into out[0..max-1],
 * row-major; *ret_n of them. Each is the float that strtof() gives. Returns 0; -EBADMSG for bad
 * syntax; -EINVAL for ragged rows, values that are not numbers, or numbers beyond float's range
 * (values must be finite); -E2BIG for more than `max` numbers. */
int scan_floats(struct scan *s, float *out, size_t max, size_t *ret_n, struct scan_shape *ret,
                struct error *err);

#endif
