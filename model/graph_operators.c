#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/graph_quant.h"

enum { LIST_MAX = 16 }; /* elements */

static const char *const kind_names[] = {
    [ONNX_KIND_OTHER] = "something else",     [ONNX_KIND_INT] = "an integer",
    [ONNX_KIND_FLOAT] = "a number",           [ONNX_KIND_STRING] = "a string",
    [ONNX_KIND_TENSOR] = "a tensor",          [ONNX_KIND_INTS] = "a list of integers",
    [ONNX_KIND_FLOATS] = "a list of numbers", [ONNX_KIND_STRINGS] = "a list of strings",
};

static int check_bounds(const struct onnx_node *n, const struct graph_attribute_rule *rule,
                        const struct onnx_attribute *a, struct error *err)
{
    const int64_t *values = a->kind == ONNX_KIND_INT ? &a->i : a->ints;
    size_t count = a->kind == ONNX_KIND_INT ? 1 : a->n;

    if (a->kind != ONNX_KIND_INT && a->kind != ONNX_KIND_INTS)
        return 0;
    if (count > LIST_MAX)
        return graph_refuse(n, err, -ENOTSUP, "attribute '%.24s' has %zu elements, over %d",
                            a->name, count, LIST_MAX);
    for (size_t i = 0; i < count; i++)
        if (values[i] < rule->low || values[i] > rule->high)
            return graph_refuse(
                n, err, -ENOTSUP, "attribute '%.24s' is %lld; digitd does %lld to %lld",
                a->name, (long long)values[i], (long long)rule->low, (long long)rule->high);
    return 0;
}

static int check_attribute(const struct onnx_node *n, const struct graph_operator_rule *o,
                           const struct onnx_attribute *a, struct error *err)
{
    const struct graph_attribute_rule *rule = o->attributes;

    while (rule && rule->name && strcmp(rule->name, a->name) != 0)
        rule++;
    if (!rule || !rule->name)
        return graph_refuse(n, err, -ENOTSUP, "digitd does not know its attribute '%.24s'",
                            a->name);
    if (a->kind != rule->kind)
        return graph_refuse(n, err, -EBADMSG, "attribute '%.24s' is %s, not %s", a->name,
                            kind_names[a->kind], kind_names[rule->kind]);
    for (const struct onnx_attribute *before = n->attributes; before < a; before++)
        if (strcmp(before->name, a->name) == 0)
            return graph_refuse(n, err, -EBADMSG, "attribute '%.24s' is given twice", a->name);
    return check_bounds(n, rule, a, err);
}

static const struct graph_operator_rule *find(const struct onnx_node *n)
{
    static const struct graph_operator_rule *const tables[] = {graph_operator_rules,
                                                               graph_quant_rules};
    const char *domain = strcmp(n->domain, "ai.onnx") == 0 ? "" : n->domain;

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct graph_operator_rule *o = tables[i]; o->name; o++)
            if (strcmp(o->name, n->op) == 0 && strcmp(o->domain ? o->domain : "", domain) == 0)
                return o;
    return NULL;
}

int graph_operator(const struct onnx_node *n, graph_make_fn **ret, struct error *err)
{
    const struct graph_operator_rule *o = find(n);
    int r = 0;

    if (!o)
        return graph_refuse(n, err, -ENOTSUP, "digitd lacks this operator%s%.40s",
                            *n->domain ? " of domain " : "", n->domain);
    if (n->n_inputs < o->inputs_min || n->n_inputs > o->inputs_max)
        return graph_refuse(n, err, n->n_inputs < o->inputs_min ? -EBADMSG : -ENOTSUP,
                            "it has %zu inputs; digitd takes %zu to %zu", n->n_inputs,
                            o->inputs_min, o->inputs_max);
    for (size_t i = 0; r == 0 && i < n->n_attributes; i++)
        r = check_attribute(n, o, &n->attributes[i], err);
    *ret = o->make;
    return r;
}

const struct onnx_attribute *graph_attribute(const struct onnx_node *n, const char *name)
{
    for (size_t i = 0; i < n->n_attributes; i++)
        if (strcmp(n->attributes[i].name, name) == 0)
            return &n->attributes[i];
    return NULL;
}

int64_t graph_int(const struct onnx_node *n, const char *name, int64_t otherwise)
{
    const struct onnx_attribute *a = graph_attribute(n, name);

    return a ? a->i : otherwise;
}

float graph_float(const struct onnx_node *n, const char *name, float otherwise)
{
    const struct onnx_attribute *a = graph_attribute(n, name);

    return a ? a->f : otherwise;
}
