#include "model/explain.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROUNDS = 6 }; /* of k-means; the centres hardly move after that */

#define FAINT    0.05F /* of the strongest ink: less does not pull a centre */
#define SOFTNESS 1.2F  /* pixels over which one cell's heat fades into the next */

struct centre {
    float y, x;
};

struct cells {
    struct centre centres[EXPLAIN_CELLS];
    unsigned char of[MODEL_INPUT]; /* the cell of each pixel */
};

static struct centre centre_of(size_t pixel)
{
    size_t row = pixel / MODEL_SIDE;

    return (struct centre){(float)row, (float)(pixel % MODEL_SIDE)};
}

static float distance2(struct centre c, size_t pixel)
{
    struct centre at = centre_of(pixel);

    return (at.y - c.y) * (at.y - c.y) + (at.x - c.x) * (at.x - c.x);
}

static size_t nearest(const struct cells *cells, size_t count, size_t pixel, float *ret)
{
    size_t best = 0;

    *ret = distance2(cells->centres[0], pixel);
    for (size_t k = 1; k < count; k++) {
        float d = distance2(cells->centres[k], pixel);

        if (d < *ret) {
            *ret = d;
            best = k;
        }
    }
    return best;
}

/* The first centre is the strongest ink, each next one the ink farthest from those there are.
 */
static void place_centres(const float *ink, float faintest, struct cells *cells)
{
    size_t strongest = 0;

    for (size_t i = 1; i < MODEL_INPUT; i++)
        strongest = ink[i] > ink[strongest] ? i : strongest;
    cells->centres[0] = centre_of(strongest);
    for (size_t k = 1; k < EXPLAIN_CELLS; k++) {
        size_t farthest = strongest;
        float most = -1;

        for (size_t i = 0; i < MODEL_INPUT; i++) {
            float d;

            (void)nearest(cells, k, i, &d);
            if (ink[i] > faintest && d > most) {
                most = d;
                farthest = i;
            }
        }
        cells->centres[k] = centre_of(farthest);
    }
}

/* Moves each centre into the middle of its ink. */
static void move_centres(const float *ink, float faintest, struct cells *cells)
{
    struct centre sum[EXPLAIN_CELLS] = {{0}};
    float mass[EXPLAIN_CELLS] = {0};

    for (size_t i = 0; i < MODEL_INPUT; i++) {
        float d;

        if (ink[i] <= faintest)
            continue;
        size_t k = nearest(cells, EXPLAIN_CELLS, i, &d);

        sum[k].y += ink[i] * centre_of(i).y;
        sum[k].x += ink[i] * centre_of(i).x;
        mass[k] += ink[i];
    }
    for (size_t k = 0; k < EXPLAIN_CELLS; k++)
        if (mass[k] > 0)
            cells->centres[k] = (struct centre){sum[k].y / mass[k], sum[k].x / mass[k]};
}

static void part(const float *ink, float strongest, struct cells *cells)
{
    const float faintest = FAINT * strongest;

    place_centres(ink, faintest, cells);
    for (int round = 0; round < ROUNDS; round++)
        move_centres(ink, faintest, cells);
    for (size_t i = 0; i < MODEL_INPUT; i++) {
        float d;

        cells->of[i] = (unsigned char)nearest(cells, EXPLAIN_CELLS, i, &d);
    }
}

static double log_probability(const float *logits, size_t target)
{
    double most = (double)logits[0];
    double sum = 0;

    for (size_t k = 1; k < MODEL_CLASSES; k++)
        most = fmax(most, (double)logits[k]);
    for (size_t k = 0; k < MODEL_CLASSES; k++)
        sum += exp((double)logits[k] - most);
    return (double)logits[target] - most - log(sum);
}

/* What the class loses with each cell, for each unit of ink in it. The picture itself is the
 * first of the batch. */
static void weigh(const struct model *m, const float *image, const float *ink, float paper,
                  const struct cells *cells, size_t target, void *scratch, float *ret)
{
    float erased[EXPLAIN_CELLS + 1][MODEL_INPUT];
    float logits[EXPLAIN_CELLS + 1][MODEL_CLASSES];
    float probabilities[EXPLAIN_CELLS + 1][MODEL_CLASSES];
    float mass[EXPLAIN_CELLS] = {0};

    for (size_t k = 0; k <= EXPLAIN_CELLS; k++)
        memcpy(erased[k], image, sizeof(erased[k]));
    for (size_t i = 0; i < MODEL_INPUT; i++) {
        erased[cells->of[i] + 1][i] = paper;
        mass[cells->of[i]] += ink[i];
    }
    model_predict(m, erased[0], EXPLAIN_CELLS + 1, scratch, logits[0], probabilities[0]);

    double whole = log_probability(logits[0], target);

    for (size_t k = 0; k < EXPLAIN_CELLS; k++) {
        double lost = whole - log_probability(logits[k + 1], target);

        ret[k] = mass[k] > 0 && isfinite(lost) ? (float)lost / mass[k] : 0;
    }
}

/* The weights of the cells around a pixel, those near counting more. */
static float blend(const struct cells *cells, const float *weights, size_t pixel)
{
    float least, sum = 0, total = 0;

    (void)nearest(cells, EXPLAIN_CELLS, pixel, &least);
    for (size_t k = 0; k < EXPLAIN_CELLS; k++) {
        float d = distance2(cells->centres[k], pixel) - least;
        float share = expf(-d / (2 * SOFTNESS * SOFTNESS));

        sum += share * weights[k];
        total += share;
    }
    return sum / total;
}

void explain(const struct model *m, const float *image, size_t target, void *scratch,
             float *heat)
{
    const float paper = 0;
    struct cells cells;
    float ink[MODEL_INPUT];
    float weights[EXPLAIN_CELLS];
    float strongest = 0;
    float hottest = 0;

    for (size_t i = 0; i < MODEL_INPUT; i++) {
        ink[i] = fabsf(image[i] - paper);
        strongest = fmaxf(strongest, ink[i]);
    }
    memset(heat, 0, MODEL_INPUT * sizeof(*heat));
    if (strongest <= 0)
        return;
    part(ink, strongest, &cells);
    weigh(m, image, ink, paper, &cells, target, scratch, weights);
    for (size_t i = 0; i < MODEL_INPUT; i++) {
        heat[i] = ink[i] > 0 ? ink[i] * blend(&cells, weights, i) : 0;
        hottest = fmaxf(hottest, fabsf(heat[i]));
    }
    for (size_t i = 0; i < MODEL_INPUT && hottest > 0; i++)
        heat[i] /= hottest;
}
