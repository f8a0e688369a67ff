#ifndef TESTS_UNIT_FAKE_MODEL_H
#define TESTS_UNIT_FAKE_MODEL_H

#include "model/model.h"
#include "server/registry.h"

/* Stands in for model/model.c, so that tests of the wire know each answer beforehand: the
 * logits are the first ten numbers of the image, the probabilities half of them. */
extern struct model_info fake_info;
extern const struct served fake_served;
extern float fake_weight;     /* of the logits */
extern size_t fake_predicted; /* images, in all calls so far */
extern uint64_t fake_now;     /* what metrics_now() says */

#endif
