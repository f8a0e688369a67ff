#include <math.h>

#include "model/quantize_parts.h"

enum {
    STEPS = 255, /* between the least byte and the greatest */
    TRIES = 70,  /* parts of the range, each a hundredth smaller */
};

static struct quantize_scale scale_of(float low, float high)
{
    struct quantize_scale s = {.scale = (high - low) / (float)STEPS};

    if (!(s.scale > 0))
        return (struct quantize_scale){.scale = 1};
    s.zero = (uint8_t)rintf(fminf(fmaxf(-low / s.scale, 0), STEPS));
    return s;
}

/* The sum of squares of what is lost: by rounding within, by clipping without. */
static double loss(const struct quantize_range *r, const struct quantize_scale *s)
{
    double low = (double)(0 - s->zero) * (double)s->scale;
    double high = (double)(STEPS - s->zero) * (double)s->scale;
    double width = ((double)r->high - (double)r->low) / QUANTIZE_BINS;
    double rounding = (double)s->scale * (double)s->scale / 12;
    double sum = 0;

    for (size_t i = 0; i < QUANTIZE_BINS; i++) {
        double x = (double)r->low + ((double)i + 0.5) * width;
        double beyond = x < low ? low - x : x > high ? x - high : 0;

        sum += (double)r->bins[i] * (beyond > 0 ? beyond * beyond : rounding);
    }
    return sum;
}

struct quantize_scale quantize_choose(const struct quantize_range *r)
{
    struct quantize_scale best = scale_of(r->low, r->high);
    double least = loss(r, &best);

    for (int i = 1; i < TRIES; i++) {
        float part = 1 - (float)i / 100;
        struct quantize_scale s = scale_of(r->low * part, r->high * part);
        double sum = loss(r, &s);

        if (sum < least) {
            least = sum;
            best = s;
        }
    }
    return best;
}
