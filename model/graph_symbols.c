#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_build.h"

/* What names stand for while a graph is read, and what its nodes take from them. */

enum { NAME_SHOWN = 60 };

int(graph_refuse)(const struct onnx_node *n, struct error *err, int code, const char *format,
                  ...)
{
    char why[128];
    const char *name = n->name;
    va_list args;

    if (!*name && n->n_outputs > 0)
        name = n->outputs[0];
    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    return error_set(err, code, "node '%.40s' (%.24s): %s", name, n->op, why);
}

struct graph_symbol *graph_find(const struct graph_builder *b, const char *name)
{
    for (size_t i = 0; i < b->n_symbols; i++)
        if (strcmp(b->symbols[i].name, name) == 0)
            return &b->symbols[i];
    return NULL;
}

int graph_define(struct graph_builder *b, struct graph_symbol symbol, struct error *err)
{
    size_t len = strcspn(symbol.name, "\x01"); /* made-up names have that behind the file's */

    if (graph_find(b, symbol.name))
        return error_set(err, -EBADMSG, "the graph defines '%.*s' twice",
                         len < NAME_SHOWN ? (int)len : NAME_SHOWN, symbol.name);
    b->symbols[b->n_symbols++] = symbol;
    return 0;
}

int graph_bind_output(struct graph_builder *b, const struct onnx_node *n, size_t i,
                      struct graph_symbol symbol, struct error *err)
{
    if (i >= n->n_outputs || !*n->outputs[i])
        return 0;
    symbol.name = n->outputs[i];
    return graph_define(b, symbol, err);
}

int graph_bind(struct graph_builder *b, const struct onnx_node *n, struct graph_symbol symbol,
               struct error *err)
{
    return graph_bind_output(b, n, 0, symbol, err);
}

const struct graph_symbol *graph_input(const struct graph_builder *b, const struct onnx_node *n,
                                       size_t i)
{
    return i < n->n_inputs && *n->inputs[i] ? graph_find(b, n->inputs[i]) : NULL;
}

int graph_input_any(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                    const struct graph_symbol **ret, struct error *err)
{
    *ret = graph_input(b, n, i);
    return *ret ? 0 : graph_refuse(n, err, -EBADMSG, "it lacks input %zu", i);
}

int graph_input_value(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                      size_t *ret, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, i);

    if (!s || s->constant)
        return graph_refuse(n, err, -ENOTSUP, "input %zu must depend on the picture", i);
    *ret = s->value;
    return 0;
}

int graph_input_floats(struct graph_builder *b, const struct onnx_node *n, size_t i,
                       const struct onnx_tensor **ret, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, i);
    struct onnx_tensor *t = NULL;
    const float *numbers = NULL;
    int r = 0;

    if (!s || !s->constant)
        return graph_refuse(n, err, -ENOTSUP, "input %zu must be constant", i);
    if (graph_is_whole(s->constant) || onnx_element_len(s->constant->type) == 0)
        return graph_refuse(n, err, -ENOTSUP, "input %zu has element type %d, not float32", i,
                            (int)s->constant->type);
    if (s->constant->count == 0)
        return graph_refuse(n, err, -EBADMSG, "input %zu is empty", i);
    for (size_t k = 0; k < s->constant->count; k++)
        if (!isfinite(graph_number(s->constant, k)))
            return graph_refuse(n, err, -EBADMSG, "input %zu holds a number that is not finite",
                                i);
    *ret = s->constant;
    if (s->constant->type == ONNX_FLOAT)
        return 0;
    r = graph_floats(b, n, s->constant, &numbers, err);
    if (r == 0)
        r = graph_table(b, n, 1, sizeof(*t), &t, err);
    if (r != 0)
        return r;
    *t = *s->constant;
    t->type = ONNX_FLOAT;
    t->data = numbers;
    *ret = t;
    return 0;
}

int graph_input_ints(const struct graph_builder *b, const struct onnx_node *n, size_t i,
                     int64_t ret[ONNX_RANK_MAX], size_t *count, struct error *err)
{
    const struct graph_symbol *s = graph_input(b, n, i);

    *count = 0;
    if (!s)
        return 0;
    if (!s->constant)
        return graph_refuse(n, err, -ENOTSUP, "input %zu must be constant", i);
    if (!graph_is_whole(s->constant) || s->constant->rank > 1 ||
        s->constant->count > ONNX_RANK_MAX)
        return graph_refuse(n, err, -EBADMSG,
                            "input %zu must be a list of at most %d whole numbers", i,
                            ONNX_RANK_MAX);
    *count = s->constant->count;
    for (size_t k = 0; k < *count; k++)
        ret[k] = graph_whole(s->constant, k);
    return 0;
}

int graph_list(const struct graph_builder *b, const struct onnx_node *n, const char *name,
               size_t i, int64_t ret[ONNX_RANK_MAX], size_t *count, struct error *err)
{
    const struct onnx_attribute *a = graph_attribute(n, name);

    if (!a)
        return graph_input_ints(b, n, i, ret, count, err);
    if (a->n > ONNX_RANK_MAX)
        return graph_refuse(n, err, -ENOTSUP, "attribute '%s' has %zu elements, over %d", name,
                            a->n, ONNX_RANK_MAX);
    *count = a->n;
    for (size_t k = 0; k < a->n; k++)
        ret[k] = a->ints[k];
    return 0;
}

int graph_axis(const struct onnx_node *n, int64_t axis, size_t rank, size_t *ret,
               struct error *err)
{
    int64_t at = axis < 0 ? axis + (int64_t)rank : axis;

    if (axis < -(int64_t)rank || at < 0 || at >= (int64_t)rank)
        return graph_refuse(n, err, -EBADMSG, "axis %lld of %zu dimensions", (long long)axis,
                            rank);
    *ret = (size_t)at;
    return 0;
}
