#ifndef MODEL_EXPLAIN_H
#define MODEL_EXPLAIN_H

#include <stddef.h>

#include "model/model.h"

enum { EXPLAIN_CELLS = 9 }; /* predictions that one explanation costs */

/* Which ink speaks for a class, by occlusion (Zeiler and Fergus, "Visualizing and Understanding
 * Convolutional Networks", 2014, section 4.2), where what is covered follows the ink instead of
 * a fixed grid: its pixels are parted into EXPLAIN_CELLS cells around centres (k-means, begun
 * with the farthest points), each cell is erased in turn, and what the class loses in log
 * probability is spread over the cell's ink and softly into its neighbours.
 * image: float[MODEL_INPUT], finite; `target` is the class; scratch as model_predict() wants
 * it. heat: float[MODEL_INPUT], scaled so that the largest magnitude is 1; above zero the ink
 * speaks for the class, below against it; zero where there is no ink, or all of it if nothing
 * matters. Cannot fail; allocates nothing. */
void explain(const struct model *m, const float *image, size_t target, void *scratch,
             float *heat);

#endif
