#include "model/photo_paper.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TERMS = 6,    /* 1, x, y, xx, xy, yy */
    ROUNDS = 6,   /* of fitting without what stands out */
    LEVELS = 256, /* of grey */
    SPREAD = 2,   /* bins in one level, where residues are counted */
    BINS = 2 * LEVELS * SPREAD,
    REACH_PART = 6, /* a neighbourhood reaches this part of the long side, each way */
};

#define OUTLIER      3.0F /* spreads from the surface on, a cell is no paper */
#define LEAST_SPREAD 1.5F /* grey levels */

static float median_of_cell(const uint8_t *grey, size_t stride, size_t width, size_t height)
{
    size_t histogram[LEVELS] = {0};
    size_t level = 0;

    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            histogram[grey[y * stride + x]]++;
    for (size_t below = histogram[0]; 2 * below < width * height; below += histogram[level])
        level++;
    return (float)level;
}

static void find_medians(const uint8_t *grey, size_t width, size_t height,
                         struct photo_paper *p)
{
    for (size_t row = 0; row < p->rows; row++)
        for (size_t column = 0; column < p->columns; column++) {
            size_t x = column * PHOTO_CELL, y = row * PHOTO_CELL;
            size_t wide = width - x < PHOTO_CELL ? width - x : PHOTO_CELL;
            size_t high = height - y < PHOTO_CELL ? height - y : PHOTO_CELL;

            p->level[row * p->columns + column] =
                median_of_cell(grey + y * width + x, width, wide, high);
        }
}

static void find_terms(const struct photo_paper *p, size_t i, double ret[TERMS])
{
    size_t columns = p->columns > 1 ? p->columns : 1; /* there is no paper without one */
    size_t column = i % columns, row = i / columns;
    double x = (2.0 * (double)column + 1) / (double)columns - 1;
    double y = (2.0 * (double)row + 1) / (double)p->rows - 1;
    const double terms[TERMS] = {1, x, y, x * x, x * y, y * y};

    memcpy(ret, terms, sizeof(terms));
}

/* Solves the normal equations in place; the small weight on the diagonal keeps them solvable
 * when few cells are left. */
static void solve(double a[TERMS][TERMS + 1], double ret[TERMS])
{
    for (size_t i = 0; i < TERMS; i++)
        a[i][i] += 1e-3;
    for (size_t i = 0; i < TERMS; i++)
        for (size_t k = i + 1; k < TERMS; k++) {
            double share = a[k][i] / a[i][i];

            for (size_t j = i; j <= TERMS; j++)
                a[k][j] -= share * a[i][j];
        }
    for (size_t i = TERMS; i-- > 0;) {
        ret[i] = a[i][TERMS];
        for (size_t j = i + 1; j < TERMS; j++)
            ret[i] -= a[i][j] * ret[j];
        ret[i] /= a[i][i];
    }
}

/* Least squares over the cells whose residue is at most `limit`. */
static void fit(const struct photo_paper *p, const float *residue, float limit,
                double ret[TERMS])
{
    double a[TERMS][TERMS + 1] = {{0}};

    for (size_t i = 0; i < p->columns * p->rows; i++) {
        double terms[TERMS];

        if (fabsf(residue[i]) > limit)
            continue;
        find_terms(p, i, terms);
        for (size_t k = 0; k < TERMS; k++) {
            for (size_t j = 0; j < TERMS; j++)
                a[k][j] += terms[k] * terms[j];
            a[k][TERMS] += terms[k] * (double)p->level[i];
        }
    }
    solve(a, ret);
}

static size_t bin_of(float residue)
{
    float bin = (residue + LEVELS) * SPREAD;

    return bin <= 0 ? 0 : bin >= BINS - 1 ? BINS - 1 : (size_t)bin;
}

static float median_of(const uint32_t histogram[BINS], size_t count)
{
    size_t bin = 0;

    for (size_t below = histogram[0]; 2 * below < count; below += histogram[bin])
        bin++;
    return ((float)bin + 0.5F) / SPREAD - LEVELS;
}

/* What the surface leaves of each cell; returns its robust spread. */
static float find_residue(const struct photo_paper *p, const double surface[TERMS],
                          float *residue)
{
    uint32_t histogram[BINS] = {0};
    size_t n = p->columns * p->rows;

    for (size_t i = 0; i < n; i++) {
        double terms[TERMS], level = 0;

        find_terms(p, i, terms);
        for (size_t k = 0; k < TERMS; k++)
            level += surface[k] * terms[k];
        residue[i] = p->level[i] - (float)level;
        histogram[bin_of(fabsf(residue[i]))]++;
    }
    return fmaxf(1.48F * median_of(histogram, n), LEAST_SPREAD);
}

/* The surface, plus the median of what it leaves in each cell's neighbourhood. */
static void put_together(struct photo_paper *p, const float *residue)
{
    size_t reach = (p->columns > p->rows ? p->columns : p->rows) / REACH_PART + 1;

    for (size_t row = 0; row < p->rows; row++)
        for (size_t column = 0; column < p->columns; column++) {
            uint32_t histogram[BINS] = {0};
            size_t top = row > reach ? row - reach : 0, count = 0;
            size_t left = column > reach ? column - reach : 0;
            size_t i = row * p->columns + column;

            for (size_t y = top; y <= row + reach && y < p->rows; y++)
                for (size_t x = left; x <= column + reach && x < p->columns; x++, count++)
                    histogram[bin_of(residue[y * p->columns + x])]++;
            p->level[i] += median_of(histogram, count) - residue[i];
        }
}

int photo_paper_find(const uint8_t *grey, size_t width, size_t height, struct photo_paper *ret)
{
    struct photo_paper p = {.columns = (width + PHOTO_CELL - 1) / PHOTO_CELL,
                            .rows = (height + PHOTO_CELL - 1) / PHOTO_CELL};
    float *residue = calloc(p.columns * p.rows, sizeof(*residue));
    double surface[TERMS];
    float limit = LEVELS;

    p.level = malloc(p.columns * p.rows * sizeof(*p.level));
    if (!p.level || !residue) {
        photo_paper_finish(&p);
        free(residue);
        return -ENOMEM;
    }
    find_medians(grey, width, height, &p);
    for (int i = 0; i < ROUNDS; i++) {
        fit(&p, residue, limit, surface);
        limit = OUTLIER * find_residue(&p, surface, residue);
    }
    put_together(&p, residue);
    free(residue);
    *ret = p;
    return 0;
}

void photo_paper_finish(struct photo_paper *p)
{
    free(p->level);
    *p = (struct photo_paper){0};
}

/* Where a pixel lies between two cells' middles: the first cell, and the share of the second.
 */
static size_t find_between(size_t at, size_t cells, float *ret_share)
{
    float place = ((float)at + 0.5F) / PHOTO_CELL - 0.5F;
    size_t first = place > 0 ? (size_t)place : 0;

    if (first + 1 >= cells)
        first = cells > 1 ? cells - 2 : 0;
    *ret_share = fminf(fmaxf(place - (float)first, 0), 1);
    return first;
}

float photo_paper_at(const struct photo_paper *p, size_t x, size_t y)
{
    float right, down;
    size_t column = find_between(x, p->columns, &right);
    size_t row = find_between(y, p->rows, &down);
    const float *level = p->level + row * p->columns + column;
    size_t next = p->columns > 1 ? 1 : 0, below = p->rows > 1 ? p->columns : 0;
    float upper = level[0] + right * (level[next] - level[0]);
    float lower = level[below] + right * (level[below + next] - level[below]);

    return upper + down * (lower - upper);
}
