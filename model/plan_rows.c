#include <float.h>
#include <math.h>

#include "model/plan_parts.h"

/* What is done with rows of numbers. Sums are double, so their order hardly matters. */

static double sum(const float *x, size_t n)
{
    double ret = 0;

    for (size_t i = 0; i < n; i++)
        ret += (double)x[i];
    return ret;
}

static double sum_of_absolutes(const float *x, size_t n)
{
    double ret = 0;

    for (size_t i = 0; i < n; i++)
        ret += fabs((double)x[i]);
    return ret;
}

static double sum_of_squares(const float *x, size_t n, double mean)
{
    double ret = 0;

    for (size_t i = 0; i < n; i++)
        ret += ((double)x[i] - mean) * ((double)x[i] - mean);
    return ret;
}

static double product(const float *x, size_t n)
{
    double ret = 1;

    for (size_t i = 0; i < n; i++)
        ret *= (double)x[i];
    return ret;
}

static float largest(const float *x, size_t n)
{
    float ret = x[0];

    for (size_t i = 1; i < n; i++)
        ret = x[i] > ret ? x[i] : ret;
    return ret;
}

static float smallest(const float *x, size_t n)
{
    float ret = x[0];

    for (size_t i = 1; i < n; i++)
        ret = x[i] < ret ? x[i] : ret;
    return ret;
}

static double log_sum_exp(const float *x, size_t n)
{
    double top = (double)largest(x, n);
    double ret = 0;

    for (size_t i = 0; i < n; i++)
        ret += exp((double)x[i] - top); /* terms <= 1: cannot overflow */
    return top + log(ret);
}

static double reduce(enum graph_rows rows, const float *x, size_t n)
{
    switch ((int)rows) {
    case GRAPH_ROWS_SUM:
        return sum(x, n);
    case GRAPH_ROWS_MEAN:
        return sum(x, n) / (double)n;
    case GRAPH_ROWS_PRODUCT:
        return product(x, n);
    case GRAPH_ROWS_MAX:
        return (double)largest(x, n);
    case GRAPH_ROWS_MIN:
        return (double)smallest(x, n);
    case GRAPH_ROWS_L1:
        return sum_of_absolutes(x, n);
    case GRAPH_ROWS_L2:
        return sqrt(sum_of_squares(x, n, 0));
    case GRAPH_ROWS_SUM_SQUARE:
        return sum_of_squares(x, n, 0);
    case GRAPH_ROWS_LOG_SUM:
        return log(sum(x, n));
    default: /* GRAPH_ROWS_LOG_SUM_EXP */
        return log_sum_exp(x, n);
    }
}

static void softmax(const float *x, size_t n, bool logarithm, float *y)
{
    double all = log_sum_exp(x, n);

    for (size_t i = 0; i < n; i++)
        y[i] = (float)(logarithm ? (double)x[i] - all : exp((double)x[i] - all));
}

static void standard(const struct plan_step *s, const float *x, float *y)
{
    double mean = sum(x, s->row) / (double)s->row;
    double variance = sum_of_squares(x, s->row, mean) / (double)s->row;
    double scale = 1 / sqrt(variance + (double)s->epsilon);

    for (size_t i = 0; i < s->row; i++)
        y[i] = (float)(((double)x[i] - mean) * scale);
}

/* By a norm; a row of zeros stays one. */
static void divide(const float *x, size_t n, double by, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = by != 0 ? (float)((double)x[i] / by) : x[i];
}

static void map(const struct plan_step *s, const float *x, float *y)
{
    switch ((int)s->rows) {
    case GRAPH_ROWS_SOFTMAX:
    case GRAPH_ROWS_LOG_SOFTMAX:
        softmax(x, s->row, s->rows == GRAPH_ROWS_LOG_SOFTMAX, y);
        break;
    case GRAPH_ROWS_STANDARD:
        standard(s, x, y);
        break;
    case GRAPH_ROWS_BY_L2:
        divide(x, s->row, reduce(GRAPH_ROWS_L2, x, s->row), y);
        break;
    case GRAPH_ROWS_BY_MAX:
        divide(x, s->row, (double)largest(x, s->row), y);
        break;
    default: /* GRAPH_ROWS_BY_L1 and its logarithm */
        divide(x, s->row, sum_of_absolutes(x, s->row), y);
        for (size_t i = 0; s->rows == GRAPH_ROWS_LOG_BY_L1 && i < s->row; i++)
            y[i] = logf(fmaxf(y[i], FLT_MIN));
    }
}

void plan_rows_run(const struct plan_step *s, const float *x, size_t count, float *y)
{
    for (size_t i = 0; i < count; i += s->row, x += s->row) {
        if (s->rows >= GRAPH_ROWS_SUM) {
            *y++ = (float)reduce(s->rows, x, s->row);
            continue;
        }
        map(s, x, y);
        y += s->row;
    }
}
