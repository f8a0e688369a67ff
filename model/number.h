#ifndef MODEL_NUMBER_H
#define MODEL_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "model/preprocess.h"

enum { NUMBER_DIGITS_MAX = 64 };

/* A line of digits, left to right. Boxes are in pixels of the picture. A part that is wide, and
 * reads as no digit however it is cut, or as different ones by where it is cut, has the verdict
 * PREPROCESS_SEVERAL: digits that touch. */
struct number {
    size_t n;
    struct preprocess digits[NUMBER_DIGITS_MAX];
};

/* Finds the digits of a drawing or photograph, as large as preprocess() allows, so that the
 * model is surest of them all together. Ink of several digits must not lie above one another.
 * `scratch` is model_scratch() bytes. Returns 0 and `ret`, with no digit where the picture is
 * blank; -ENOMEM. */
int number_find(const struct model *m, const uint8_t *grey, size_t width, size_t height,
                void *scratch, struct number *ret);

#endif
