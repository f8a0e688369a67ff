#ifndef SERVER_V1_VALUE_H
#define SERVER_V1_VALUE_H

#include <stdbool.h>

struct batch;
struct error;
struct scan;

/* What stands for images in a V1 request: numbers or a picture in base64, bare or in an object
 * of one key. The key may be any: the model has a single input, and what clients call it comes
 * from the framework that they were written for ("conv2d_input", "reshape_1_input", "data").
 * {"b64": ..} is no name but TensorFlow Serving's way to write bytes. TorchServe's samples have
 * a "target" beside their "data", which says nothing here. */
struct v1_value {
    bool named;
    bool picture;  /* a string follows; else it should be numbers */
    unsigned open; /* braces to close behind it */
};

/* Steps up to the content. `where` names the value in errors. Returns 0, or as a protocol's
 * decode does. */
int v1_value_open(struct scan *s, const char *where, struct v1_value *ret, struct error *err);
int v1_value_close(struct scan *s, const char *where, const struct v1_value *v,
                   struct error *err);

/* Takes the string of a picture and adds it to the batch. */
int v1_value_picture(struct scan *s, const char *where, struct batch *b, struct error *err);

/* Takes a signature_name: there is one that it can be. */
int v1_value_signature(struct scan *s, struct error *err);

#endif
