#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include <stddef.h>

#include "server/batch.h"
#include "server/buf.h"

/* Appends what is known of picture `i` of a predicted batch, without the braces:
 *     "digit":7,"confidence":0.998,"probabilities":[..],"verdict":"digit","seen":"data:image/png;base64,.."
 * digit, confidence and probabilities are null unless the verdict is "digit". The same text in
 * answers over HTTP and in `digitd predict --json`. Returns 0, -E2BIG, -ENOMEM. */
int answer_write(const struct batch *b, size_t i, struct buf *out);

/* The part up to the verdict. Without `seen`, as for finished images, the verdict is "digit".
 */
int answer_write_reading(const struct batch *b, size_t i, struct buf *out);

/* The most probable class of image `i`; ties go to the lower one. */
int answer_digit(const struct batch *b, size_t i);

#endif
