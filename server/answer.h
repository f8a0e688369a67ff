#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include <stddef.h>

#include "server/batch.h"
#include "server/buf.h"

/* Appends what is known of image `i` of a predicted batch, without the braces:
 *     "digit":7,"confidence":0.998,"probabilities":[..],"verdict":"digit",
 *     "box":[left,top,right,bottom],"seen":"data:image/png;base64,.."
 * digit and confidence are null unless the verdict is "digit"; probabilities are null where the
 * picture was not worth a prediction; box and seen are there for pictures only, box in their
 * pixels, null without ink. The same text in answers over HTTP and in `digitd predict --json`.
 * Returns 0, -E2BIG, -ENOMEM. */
int answer_write(const struct batch *b, size_t i, struct buf *out);

/* Appends an object that says who answers, and in it a list of the name `list` with an object
 * for each image, which `write` fills:
 *     {"model_name":"mnist","model_version":"1","predictions":[{..},{..}]}
 * Returns 0, -E2BIG, -ENOMEM. */
typedef int answer_write_fn(const struct batch *b, size_t i, struct buf *out);
int answer_write_all(const struct batch *b, const char *list, answer_write_fn *write,
                     struct buf *out);

/* The part up to the verdict. Without `seen`, as for finished images, the verdict is "digit".
 */
int answer_write_reading(const struct batch *b, size_t i, struct buf *out);

/* What image `i` turned out to be, now that it is predicted. Numbers that came as such are
 * taken for a digit; a picture that the model is less than ANSWER_SURE of is none. Of MNIST's
 * training set these are 7 in 10,000. */
enum preprocess_verdict answer_verdict(const struct batch *b, size_t i);

/* The same of any picture's `seen` verdict and probabilities. */
enum preprocess_verdict answer_verdict_of(enum preprocess_verdict seen,
                                          const float probabilities[MODEL_CLASSES]);

#define ANSWER_SURE 0.6F

enum { ANSWER_SEEN_MAX = 2048 }; /* bytes of a 28x28 PNG, at the most */

/* Appends what the model saw of image `i`, as a PNG: of a picture what became of it, of a
 * tensor its values as greys, cut to 0..255. Returns 0, -E2BIG, -ENOMEM. */
int answer_seen(const struct batch *b, size_t i, struct buf *out);

/* The most probable class of image `i`; ties go to the lower one. */
int answer_digit(const struct batch *b, size_t i);

/* The classes by falling value; of equals the lower one first. */
void answer_rank(const float values[MODEL_CLASSES], size_t ret[MODEL_CLASSES]);

#endif
