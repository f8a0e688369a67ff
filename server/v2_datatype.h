#ifndef SERVER_V2_DATATYPE_H
#define SERVER_V2_DATATYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "server/scan.h"

struct error;

/* One of the Open Inference Protocol's types of tensor elements. */
struct v2_datatype {
    const char *name;
    size_t width;   /* bytes of an element in binary; 0: BYTES, each of a length of its own */
    bool no_json;   /* has a form in binary only */
    bool integer;   /* JSON numbers must have no point or exponent */
    bool boolean;   /* true and false in JSON, also 0 and 1 */
    float min, max; /* what an element can be */
    /* `n` packed little-endian elements, at any alignment, to floats. */
    void (*to_floats)(const unsigned char *in, size_t n, float *out);
};

/* Returns 0, or -EINVAL with `err` naming the types there are. */
int v2_datatype_find(struct scan_text name, const struct v2_datatype **ret, struct error *err);

/* Whether all of values[0..n-1] are finite and in the type's range: 0, or -EINVAL naming the
 * first that is not. */
int v2_datatype_check(const struct v2_datatype *type, const float *values, size_t n,
                      struct error *err);

#endif
