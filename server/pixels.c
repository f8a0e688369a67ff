#include "server/pixels.h"

#include <stdint.h>
#include <string.h>

#include "model/model.h"

enum pixels pixels_named(const char *word)
{
    static const char *const words[] = {
        [PIXELS_255] = "255", [PIXELS_1] = "1", [PIXELS_AUTO] = "auto"};

    for (int i = PIXELS_255; i <= PIXELS_AUTO && word; i++)
        if (strcmp(word, words[i]) == 0)
            return (enum pixels)i;
    return PIXELS_MODEL;
}

static float factor(enum pixels pixels, float input_scale, const float *image)
{
    float most = 0;

    switch (pixels) {
    case PIXELS_255:
        return input_scale;
    case PIXELS_1:
        return input_scale * UINT8_MAX;
    case PIXELS_AUTO:
        for (size_t i = 0; i < MODEL_INPUT; i++)
            most = image[i] > most ? image[i] : most;
        return most > 1.5F ? input_scale : input_scale * UINT8_MAX;
    case PIXELS_MODEL:
        break;
    }
    return 1;
}

void pixels_scale(enum pixels pixels, float input_scale, float *images, size_t n)
{
    for (size_t i = 0; i < n && pixels != PIXELS_MODEL; i++) {
        float *image = images + i * MODEL_INPUT;
        const float by = factor(pixels, input_scale, image);

        for (size_t k = 0; k < MODEL_INPUT; k++)
            image[k] *= by;
    }
}

/* The bits of |x|, which have the order of their floats; NaN comes last. */
static int32_t magnitude(float x)
{
    int32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits & INT32_MAX;
}

bool pixels_exceed(const float *values, size_t n, float most)
{
    const int32_t limit = magnitude(most);
    int32_t room = 0; /* negative once one was */

    for (size_t i = 0; i < n; i++)
        room |= limit - magnitude(values[i]);
    return room < 0;
}

enum pixels_oddity pixels_judge(float input_scale, const float *image)
{
    const float ink = input_scale * UINT8_MAX, middle = ink / 2;
    const int32_t limit = magnitude(ink);
    int32_t room = 0;
    unsigned inked = 0;

    for (size_t i = 0; i < MODEL_INPUT; i++) {
        const float above = image[i] - middle;

        room |= limit - magnitude(above);
        inked += above > 0;
    }
    return room < 0 ? PIXELS_BEYOND : inked > MODEL_INPUT / 2 ? PIXELS_INVERTED : PIXELS_SOUND;
}
