#ifndef TESTS_UNIT_DOOR_H
#define TESTS_UNIT_DOOR_H

#include "model/error.h"
#include "server/batch.h"
#include "server/buf.h"
#include "server/protocol.h"
#include "server/request.h"

/* Knocks at a protocol as api_infer() does, without a socket and with the fake model. */
struct door {
    struct batch batch;
    struct error err;
    struct buf answer;        /* NUL-terminated */
    const char *content_type; /* NULL = none */
    const char *ihcl;         /* the header Inference-Header-Content-Length; NULL = none */
    size_t json_len;          /* of the answer; what follows is binary */
};

enum { DOOR_IMAGES_MAX = 4, DOOR_DEPTH_MAX = 8, DOOR_PICTURES_MAX = 1 << 20 };

/* Decodes, predicts, encodes. Returns 0 or the first error. */
int door_send(struct door *d, const struct protocol *p, const void *body, size_t len);

/* The same for a text in which a picture is short: # is 784 numbers with commas, @ is 28 lists
 * of 28, & is 28 lists of 28 lists of one. The numbers of picture i begin with 10 * i, 10 * i +
 * 1, .. and go on with zeroes. */
int door_send_text(struct door *d, const struct protocol *p, const char *text);

void door_finish(struct door *d);

#endif
