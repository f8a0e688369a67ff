#ifndef MODEL_GRAPH_FUSE_H
#define MODEL_GRAPH_FUSE_H

#include "model/graph.h"

/* Parts of graph_fuse(), which change the graph's nodes in place. */

/* Makes one move of two in a row, none of those that end where they began, and folds moves into
 * the weights of dense layers behind them. Returns 0; -ENOMEM. */
int graph_fuse_moves(struct graph *g, struct error *err);

/* Folds what turns bytes into numbers and back into the nodes between, which then compute with
 * bytes; the last part. Returns 0; -ENOMEM. */
int graph_fuse_bytes(struct graph *g, struct error *err);

#endif
