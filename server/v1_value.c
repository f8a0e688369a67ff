#include "server/v1_value.h"

#include <errno.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/picture.h"
#include "server/scan.h"

/* The next key that says something: 1 and the key, or 0 at the end. */
static int next_key(struct scan *s, struct scan_text *ret, struct error *err)
{
    int r = scan_next_key(s, ret, err);

    while (r == 1 && scan_equals(*ret, "target")) {
        r = scan_skip(s, err);
        if (r == 0)
            r = scan_next_key(s, ret, err);
    }
    return r;
}

/* Steps into {"name": VALUE} or {"b64": VALUE}, up to the value. */
static int open_one(struct scan *s, const char *where, struct v1_value *v, struct error *err)
{
    struct scan_text key = {0};
    int r = scan_enter_object(s, err);

    if (r == 0)
        r = next_key(s, &key, err);
    if (r < 0)
        return r;
    if (r == 0)
        return error_set(err, -EINVAL, "%s is an object without a key; expected one", where);
    v->open++;
    if (scan_equals(key, "b64"))
        return scan_peek(s) == '"' ? 0 : scan_expected(s, "a string of base64", err);
    if (v->named)
        return error_set(err, -EINVAL, "%s is an object in an object", where);
    v->named = true;
    return 0;
}

int v1_value_open(struct scan *s, const char *where, struct v1_value *ret, struct error *err)
{
    int r = 0;

    *ret = (struct v1_value){0};
    while (r == 0 && scan_peek(s) == '{')
        r = open_one(s, where, ret, err);
    ret->picture = scan_peek(s) == '"';
    return r;
}

int v1_value_close(struct scan *s, const char *where, const struct v1_value *v,
                   struct error *err)
{
    struct scan_text key;

    for (unsigned i = 0; i < v->open; i++) {
        int r = next_key(s, &key, err);

        if (r < 0)
            return r;
        if (r == 1)
            return error_set(err, -EINVAL, "%s has more than one key; the model has one input",
                             where);
    }
    return 0;
}

int v1_value_picture(struct scan *s, const char *where, struct batch *b, struct error *err)
{
    struct error inner = {0};
    struct scan_text text;
    int r = scan_string(s, &text, err);

    if (r < 0)
        return r;
    b->wish.pictures = true;
    r = picture_add_text(b, text, &inner);
    return r ? error_set(err, r, "%s: %s", where, inner.text) : 0;
}

int v1_value_signature(struct scan *s, struct error *err)
{
    struct scan_text name;

    if (scan_peek(s) != '"')
        return scan_expected(s, "a string as signature_name", err);
    int r = scan_string(s, &name, err);

    if (r == 0 && name.len > 0 && !scan_equals(name, "serving_default"))
        return error_set(err, -EINVAL,
                         "signature_name is '%.*s'; this model has only 'serving_default'",
                         name.len < 60 ? (int)name.len : 60, name.at);
    return r;
}
