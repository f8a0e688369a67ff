#ifndef MODEL_PREPROCESS_H
#define MODEL_PREPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PREPROCESS_SIDE = 28,
    PREPROCESS_PIXELS = PREPROCESS_SIDE * PREPROCESS_SIDE,
    PREPROCESS_PICTURE_SIDE_MAX = 4096, /* pixels, each way */
};

/* What a picture turned out to hold. Only a digit is worth a prediction. */
enum preprocess_verdict {
    PREPROCESS_DIGIT,
    PREPROCESS_BLANK,       /* no ink, or a speck under 3 pixels */
    PREPROCESS_NOT_A_DIGIT, /* ink, but of a shape that no digit has */
    PREPROCESS_SEVERAL,     /* two or more side by side */
};

/* A picture as the network sees it. */
struct preprocess {
    uint8_t pixels[PREPROCESS_PIXELS]; /* row-major, 255 = ink, 0 = paper */
    enum preprocess_verdict verdict;
    bool inverted; /* the paper was darker than the ink */
    size_t left, top, right,
        bottom; /* the ink's box in the picture; right and bottom excluded */
};

/* MNIST's own transform, as recovered by Bottou for QMNIST (making_qmnist/xnist.lsh): the ink's
 * box, a square window on its long side, exact area averaging to 20x20, peak normalisation, the
 * centre of mass pasted at floor(15 - c) into 28x28.
 * grey: uint8_t[height][width], any polarity, both sides 1..PREPROCESS_PICTURE_SIDE_MAX.
 * A picture that is not a digit leaves `pixels` as far as they could be made, else zero.
 * Cannot fail; allocates nothing; thread-safe. */
void preprocess(const uint8_t *grey, size_t width, size_t height, struct preprocess *ret);

/* "digit", "blank", "not_a_digit", "several_digits"; string constants. */
const char *preprocess_verdict_name(enum preprocess_verdict verdict);

#endif
