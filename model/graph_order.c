#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* The order in which nodes can be computed: ONNX wants files to have it, and not all do. */

enum { NOT_YET, ON_PATH, DONE };

struct walk {
    const struct onnx *o;
    unsigned char state[GRAPH_NODES_MAX];
    size_t path[GRAPH_NODES_MAX];  /* from a node to what it waits for, and so on */
    size_t input[GRAPH_NODES_MAX]; /* of each node: which is to be looked at next */
    size_t n_path, n_done;
};

/* The node that makes it; n_nodes if it is the graph's input, an initializer or nothing. */
static size_t maker(const struct onnx *o, const char *name)
{
    for (size_t i = 0; i < o->n_nodes && *name; i++)
        for (size_t k = 0; k < o->nodes[i].n_outputs; k++)
            if (strcmp(o->nodes[i].outputs[k], name) == 0)
                return i;
    return o->n_nodes;
}

/* Those on the path from `first` on wait for each other. */
static int refuse_cycle(const struct walk *w, size_t first, struct error *err)
{
    enum { NAMED = 4 };
    size_t at = 0, n = 0;
    char names[96];

    while (w->path[at] != first)
        at++;
    for (size_t i = at; i < w->n_path && i < at + NAMED; i++) {
        const struct onnx_node *node = &w->o->nodes[w->path[i]];
        int len = snprintf(names + n, sizeof(names) - n, "%s'%.18s'", i > at ? ", " : "",
                           *node->name || node->n_outputs == 0 ? node->name : node->outputs[0]);

        n += len > 0 ? (size_t)len : 0;
    }
    if (w->n_path - at == 1)
        return error_set(err, -EBADMSG, "the graph has a cycle: node %s needs what it makes",
                         names);
    return error_set(err, -EBADMSG,
                     "the graph has a cycle: %zu nodes need what each other make: %s%s",
                     w->n_path - at, names, w->n_path - at > NAMED ? ", ..." : "");
}

/* Looks at the next input of the path's last node; one without more is done. */
static int step(struct walk *w, size_t *order, struct error *err)
{
    size_t at = w->path[w->n_path - 1];
    const struct onnx_node *n = &w->o->nodes[at];
    size_t from = 0;

    if (w->input[at] == n->n_inputs) {
        w->state[at] = DONE;
        order[w->n_done++] = at;
        w->n_path--;
        return 0;
    }
    from = maker(w->o, n->inputs[w->input[at]++]);
    if (from == w->o->n_nodes || w->state[from] == DONE)
        return 0;
    if (w->state[from] == ON_PATH)
        return refuse_cycle(w, from, err);
    w->state[from] = ON_PATH;
    w->path[w->n_path++] = from;
    return 0;
}

int graph_order(const struct onnx *o, size_t order[GRAPH_NODES_MAX], struct error *err)
{
    struct walk w = {.o = o};
    int r = 0;

    for (size_t i = 0; i < o->n_nodes && r == 0; i++) {
        if (w.state[i] != NOT_YET)
            continue;
        w.state[i] = ON_PATH;
        w.path[w.n_path++] = i;
        while (w.n_path > 0 && r == 0)
            r = step(&w, order, err);
    }
    return r;
}
