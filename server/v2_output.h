#ifndef SERVER_V2_OUTPUT_H
#define SERVER_V2_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct batch;
struct buf;
struct error;
struct scan;

/* What a V2 request can ask of any model. */
enum v2_output {
    V2_PROBABILITIES,
    V2_LOGITS,
    V2_DIGIT,      /* the most probable; -1 where the verdict is that there is none */
    V2_CONFIDENCE, /* its probability; 0 where there is none */
    V2_VERDICT,    /* preprocess_verdict_name(); of tensors always "digit" */
    V2_SEEN,       /* the 28x28 that the model saw, as a PNG; in base64 if in JSON */
    V2_OUTPUTS,
};

/* The outputs that a request wants, in its order. */
struct v2_outputs {
    size_t n;
    struct v2_asked {
        enum v2_output output;
        bool own_name;         /* asked for by the graph's name for it */
        bool binary;           /* behind the JSON instead of in it */
        bool binary_said;      /* the request says of this one whether */
        size_t classification; /* so many "value:class:label" instead; 0: none */
    } asked[V2_OUTPUTS];
};

/* Name, datatype and shape behind the batch's dimension of each. */
struct v2_output_info {
    const char *name, *datatype;
    size_t columns; /* 0: there is only the batch's dimension */
};
extern const struct v2_output_info v2_output_infos[V2_OUTPUTS];

/* Reads the request's list into b->wish. Returns as a protocol's decode does. */
int v2_outputs_read(struct scan *s, struct batch *b, struct error *err);

/* What a request without a list gets, and whether in binary where it does not say. */
void v2_outputs_settle(struct batch *b, bool binary);

/* Appends the list of the answer's outputs to `json`, and the tensors in binary to `tail`.
 * Returns 0, -E2BIG or -ENOMEM. */
int v2_outputs_write(const struct batch *b, struct buf *json, struct buf *tail);

#endif
