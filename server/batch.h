#ifndef SERVER_BATCH_H
#define SERVER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "model/preprocess.h"
#include "server/image.h"
#include "server/pixels.h"
#include "server/v2_output.h"

struct error;
struct served;

/* The model's side of a request: what a protocol decodes into and encodes from. One per worker,
 * reused: batch_reset() keeps the memory. Starts zeroed. */
struct batch {
    const struct served
        *served; /* who answers; api_infer() holds it from before decode to after encode */
    size_t max;  /* images in one request */
    bool number; /* pictures hold several digits; each becomes an image */
    size_t json_depth_max; /* nesting that a JSON body may have */
    size_t picture_budget; /* bytes that its pictures may unpack to, less what they have */
    enum pixels pixels;    /* what the numbers of tensors mean */
    bool v1_named;         /* V1: a row of the answer is {"predictions":[..],"classes":7} */
    uint64_t begin_ns;     /* when the request was whole, by metrics_now() */

    size_t n;             /* images */
    float *images;        /* [n][MODEL_INPUT] */
    float *logits;        /* [n][MODEL_CLASSES], once predicted */
    float *probabilities; /* [n][MODEL_CLASSES], once predicted */
    struct preprocess
        *seen; /* [n], what pictures became; only where the request held pictures */
    uint64_t preprocess_ns; /* spent in batch_add_picture() */

    /* What the protocol's decode tells its encode. Spans point into the request's body. */
    struct {
        const char *id; /* V2: the JSON string with its quotes, checked; NULL if absent */
        size_t id_len;
        bool columns;  /* V1: "inputs" asked, so answer "outputs" */
        bool pictures; /* V1: answer as to a picture */
        struct v2_outputs outputs;
        bool scaled; /* the numbers are what the network takes, whatever `pixels` says */
        uint64_t timeout_ns; /* from begin_ns on; 0: none */
    } wish;

    size_t capacity; /* images that the arrays have room for */
    void *scratch;
    size_t scratch_len;
};

#define BATCH_VALUE_MAX 1e12F /* either way, in images */

/* Forgets the request, keeps the memory (beyond a megabyte it is given back). */
void batch_reset(struct batch *b);
void batch_finish(struct batch *b);

/* Room for `n` more images at *ret, float[n][MODEL_INPUT], uninitialised. Returns 0; -E2BIG
 * beyond b->max with `err` giving both numbers; -ENOMEM. */
int batch_add(struct batch *b, size_t n, float **ret, struct error *err);

/* Adds one picture, preprocessed and scaled as the model wants it; with b->number each digit in
 * it, left to right, and one blank image if there is none. Returns as batch_add(). */
int batch_add_picture(struct batch *b, const struct image *picture, struct error *err);

/* Adds one that is finished: MODEL_INPUT pixels, bright on dark. Returns as batch_add(). */
int batch_add_finished(struct batch *b, const uint8_t *pixels, struct error *err);

/* Fills logits and probabilities; an image whose `seen` says it is no digit is not predicted
 * and gets zeroes. Returns 0; -EINVAL if an image has NaN or values beyond BATCH_VALUE_MAX, or
 * so large that the answer is not finite; -ETIMEDOUT once the request's own timeout has passed;
 * -ENOMEM. */
int batch_predict(struct batch *b, struct error *err);

#endif
