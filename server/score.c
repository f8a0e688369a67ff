#include "server/score.h"

#include <assert.h>
#include <float.h>
#include <math.h>

static double ratio(double a, double b)
{
    return b > 0 ? a / b : (double)NAN;
}

void score_add(struct score *s, unsigned label, unsigned answer, const float *probabilities,
               bool answered)
{
    assert(label < MODEL_CLASSES && answer < MODEL_CLASSES);
    double confidence = (double)probabilities[answer];
    unsigned i = (unsigned)(confidence * SCORE_BINS);
    struct score_bin *bin = &s->bins[i < SCORE_BINS ? i : SCORE_BINS - 1];

    s->images++;
    s->correct += label == answer;
    s->confusion[label][answer]++;
    s->doubted += !answered;
    s->doubted_correct += !answered && label == answer;
    s->log_loss -= log(fmax((double)probabilities[label], (double)FLT_MIN));
    bin->images++;
    bin->correct += label == answer;
    bin->confidence += confidence;
}

void score_reject(struct score *s, unsigned label)
{
    assert(label < MODEL_CLASSES);
    s->images++;
    s->rejected[label]++;
}

double score_accuracy(const struct score *s)
{
    return ratio((double)s->correct, (double)s->images);
}

double score_standard_error(const struct score *s)
{
    double p = score_accuracy(s);

    return sqrt(ratio(p * (1 - p), (double)s->images));
}

uint64_t score_refused(const struct score *s)
{
    uint64_t sum = s->doubted;

    for (unsigned label = 0; label < MODEL_CLASSES; label++)
        sum += s->rejected[label];
    return sum;
}

double score_answered_accuracy(const struct score *s)
{
    return ratio((double)(s->correct - s->doubted_correct),
                 (double)(s->images - score_refused(s)));
}

uint64_t score_support(const struct score *s, unsigned digit)
{
    uint64_t sum = s->rejected[digit];

    for (unsigned answer = 0; answer < MODEL_CLASSES; answer++)
        sum += s->confusion[digit][answer];
    return sum;
}

double score_precision(const struct score *s, unsigned digit)
{
    uint64_t sum = 0;

    for (unsigned label = 0; label < MODEL_CLASSES; label++)
        sum += s->confusion[label][digit];
    return ratio((double)s->confusion[digit][digit], (double)sum);
}

double score_recall(const struct score *s, unsigned digit)
{
    return ratio((double)s->confusion[digit][digit], (double)score_support(s, digit));
}

static uint64_t predicted(const struct score *s)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < SCORE_BINS; i++)
        sum += s->bins[i].images;
    return sum;
}

double score_log_loss(const struct score *s)
{
    return ratio(s->log_loss, (double)predicted(s));
}

double score_calibration_error(const struct score *s)
{
    double gaps = 0;

    for (unsigned i = 0; i < SCORE_BINS; i++)
        gaps += fabs((double)s->bins[i].correct - s->bins[i].confidence);
    return ratio(gaps, (double)predicted(s));
}
