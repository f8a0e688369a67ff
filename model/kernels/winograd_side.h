#ifndef MODEL_KERNELS_WINOGRAD_SIDE_H
#define MODEL_KERNELS_WINOGRAD_SIDE_H

#include "model/kernels/vector.h"

/* Along one side of a tile, a vector of channels: six inputs to six frequencies, and back. */

/* Row 0 or 5 of B^T, which stand alone. */
VECTOR_INLINE vector winograd_side_outer(vector a, vector b, vector c)
{
    return a * 4 - b * 5 + c;
}

/* B^T of six values. */
VECTOR_INLINE void winograd_side_in(const vector d[6], float *to, size_t step)
{
    vector even = d[4] - d[2] * 4;
    vector odd = d[3] - d[1] * 4;
    vector even2 = d[4] - d[2];
    vector odd2 = (d[3] - d[1]) * 2;

    vector_store(to, winograd_side_outer(d[0], d[2], d[4]));
    vector_store(to + step, even + odd);
    vector_store(to + 2 * step, even - odd);
    vector_store(to + 3 * step, even2 + odd2);
    vector_store(to + 4 * step, even2 - odd2);
    vector_store(to + 5 * step, winograd_side_outer(d[1], d[3], d[5]));
}

/* A^T of six values. */
VECTOR_INLINE void winograd_side_out(const vector m[6], size_t tile, vector *y)
{
    vector sum = m[1] + m[2], difference = m[1] - m[2];
    vector sum2 = m[3] + m[4], difference2 = m[3] - m[4];

    y[0] = m[0] + sum + sum2;
    y[1] = difference + difference2 * 2;
    if (tile == 2) {
        y[1] += m[5];
        return;
    }
    y[2] = sum + sum2 * 4;
    y[3] = difference + difference2 * 8 + m[5];
}

#endif
