#ifndef SERVER_PIXELS_H
#define SERVER_PIXELS_H

#include <stdbool.h>
#include <stddef.h>

/* What the numbers of tensors mean, which no protocol says. */
enum pixels {
    PIXELS_MODEL, /* what the model's file says; else what it takes: they are left alone */
    PIXELS_255,   /* greys, 0 paper to 255 ink */
    PIXELS_1,     /* 0 paper to 1 ink */
    PIXELS_AUTO,  /* of each image: 255 if any of its numbers is above 1.5, else 1 */
};

/* The word for one of them, as in struct model_info; NULL is PIXELS_MODEL. */
enum pixels pixels_named(const char *word);

/* Turns `n` images of MODEL_INPUT numbers into what a network takes whose `input_scale` is that
 * of struct model_info. */
void pixels_scale(enum pixels pixels, float input_scale, float *images, size_t n);

/* Whether any of values[n] is more than `most`, which is not negative, either way, or NaN. */
bool pixels_exceed(const float *values, size_t n, float most);

/* What makes an image of a tensor suspicious: no error tells a client that it means its numbers
 * otherwise than the network does, the answers are only worse. */
enum pixels_oddity {
    PIXELS_SOUND,
    PIXELS_BEYOND,   /* numbers far outside of what paper and ink are */
    PIXELS_INVERTED, /* more than half of it is ink */
    PIXELS_ODDITIES,
};

/* Judges what the network takes. */
enum pixels_oddity pixels_judge(float input_scale, const float *image);

#endif
