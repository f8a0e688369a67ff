#ifndef SERVER_PROTOCOL_H
#define SERVER_PROTOCOL_H

struct batch;
struct error;
struct request;
struct response;

/* One way to write images and answers on the wire. Adding one is a file protocol_NAME.c, a line
 * here and a row in routes.c. */
struct protocol {
    const char *name; /* as metrics and logs say it */

    /* Fills `b`, which is reset and knows its model, from the request. Returns 0; -EINVAL or
     * -EBADMSG if the client got it wrong, with `err` saying where; -E2BIG for too many images;
     * -ENOMEM. */
    int (*decode)(const struct request *req, struct batch *b, struct error *err);

    /* Appends the answer to res->body. Returns 0, -E2BIG or -ENOMEM. */
    int (*encode)(const struct batch *b, struct response *res, struct error *err);
};

extern const struct protocol
    protocol_v1; /* TensorFlow Serving and KServe V1: instances, inputs */
extern const struct protocol protocol_classify; /* TensorFlow Serving: examples */
extern const struct protocol protocol_regress;
extern const struct protocol protocol_v2;     /* Open Inference Protocol, JSON and binary */
extern const struct protocol protocol_v2_png; /* the same for a picture as the body */
extern const struct protocol
    protocol_png; /* the picture itself; the answer says what was seen */
extern const struct protocol protocol_form;    /* pictures as the files of a form */
extern const struct protocol protocol_v2_form; /* the same, answered as V2 does */

#endif
