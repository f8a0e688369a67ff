#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/graph.h"
#include "model/model.h"
#include "model/onnx.h"
#include "model/plan_parts.h"

/* From file to graph to plan, with the models of tests/fuzz/corpus/onnx. */

static const char *folder;

static struct onnx *parse(const char *name)
{
    static char bytes[65536];
    char path[4096];
    struct onnx *o = NULL;
    struct error err = {0};
    FILE *f = NULL;
    size_t len = 0;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "rbe");
    assert_non_null(f);
    len = fread(bytes, 1, sizeof(bytes), f);
    assert_int_equal(fclose(f), 0);
    if (onnx_parse(bytes, len, &o, &err) < 0)
        fail_msg("%s", err.text);
    memset(bytes, 0xff, sizeof(bytes)); /* they are not needed afterwards */
    return o;
}

static struct graph *fuse(const struct onnx *o)
{
    struct error err = {0};
    struct graph *g = NULL;

    if (graph_build(o, &g, &err) < 0 || graph_fuse(g, &err) < 0)
        fail_msg("%s", err.text);
    return g;
}

static void test_parses(void **state)
{
    struct onnx *o = parse("golden.onnx");
    (void)state;

    assert_string_equal(o->producer_name, "digitd");
    assert_int_equal(o->opset, 9);
    assert_int_equal(o->n_nodes, 3);
    assert_string_equal(o->nodes[1].op, "Conv");
    assert_string_equal(o->nodes[1].inputs[1], "w");
    assert_int_equal(o->nodes[0].n_attributes, 2);
    assert_int_equal(o->nodes[0].attributes[0].kind, ONNX_KIND_INTS);
    assert_int_equal(o->nodes[0].attributes[0].ints[1], 4);
    assert_int_equal(o->n_initializers, 1);
    assert_int_equal(o->initializers[0].count, 490);
    assert_int_equal(o->initializers[0].dims[3], 7);
    assert_int_equal(o->inputs[0].rank, 4);
    assert_int_equal(o->inputs[0].dims[0], -1);
    assert_int_equal(o->inputs[0].dims[2], 28);
    assert_string_equal(onnx_metadata(o, "digitd.temperature"), "1.25");
    assert_null(onnx_metadata(o, "digitd"));
    onnx_destroy(o);
}

/* Joined with spaces: what the live nodes of a fused graph do. */
static void describe(const struct graph *g, char *ret, size_t len)
{
    FILE *f = fmemopen(ret, len, "w");

    assert_non_null(f);
    for (size_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i].dead)
            (void)fprintf(f, "%s%s ", g->nodes[i].op, g->nodes[i].relu ? "!" : "");
    assert_int_equal(fclose(f), 0);
}

static void test_fuses(void **state)
{
    static const struct {
        const char *file, *ops;
        enum model_end end;
    } cases[] = {
        {"golden.onnx",   "MaxPool Conv ",                                  MODEL_END_LOGITS     },
        {"dense.onnx",    "Reshape MaxPool Reshape MatMul+Add+Relu! Gemm ", MODEL_END_SOFTMAX    },
        {"residual.onnx",
         "Conv+BatchNormalization+Relu! Conv Add+Relu! MaxPool Conv "
         "AveragePool GlobalAveragePool Flatten Gemm ",                     MODEL_END_LOG_SOFTMAX},
    };
    char ops[1000];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct onnx *o = parse(cases[i].file);
        struct graph *g = fuse(o);

        describe(g, ops, sizeof(ops));
        assert_string_equal(ops, cases[i].ops);
        assert_int_equal(g->end, cases[i].end);
        assert_int_equal(g->values[g->output].shape.count, 10);
        graph_destroy(g);
        onnx_destroy(o);
    }
}

static size_t room(const struct plan_place *place)
{
    return place->len * (place->block ? PLAN_BLOCK : 1);
}

static void check_places(const struct plan *p)
{
    for (size_t i = 0; i < p->n_places; i++) {
        const struct plan_place *a = &p->places[i];

        if (a->picture)
            continue;
        assert_int_equal(a->offset % KERNELS_LANES, 0);
        assert_true(a->offset + room(a) <= p->scratch);
        for (size_t k = 0; k < i; k++) {
            const struct plan_place *b = &p->places[k];
            bool together = a->first <= b->last && b->first <= a->last;
            bool overlap = a->offset < b->offset + room(b) && b->offset < a->offset + room(a);

            assert_false(!b->picture && together && overlap);
        }
    }
}

/* A place that outlives its segment holds a block; nothing is read before it is written. */
static void check_lives(const struct plan *p)
{
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct plan_step *s = &p->steps[i];

        for (size_t k = 0; k < plan_inputs(s); k++) {
            const struct plan_place *in = &p->places[s->in[k]];

            assert_true(in->picture || (in->first <= i && i <= in->last));
            assert_true(in->picture || in->block || p->steps[in->first].segment == s->segment);
        }
        assert_true(p->places[s->out].first <= i);
        assert_true(s->kind != PLAN_DENSE || p->places[s->out].block);
    }
    assert_true(p->places[p->output].block);
}

static void test_places_share_scratch_but_never_at_once(void **state)
{
    enum { RESIDUAL = 2 };
    static const char *const files[] = {"golden.onnx", "dense.onnx", "residual.onnx"};
    (void)state;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct onnx *o = parse(files[i]);
        struct graph *g = fuse(o);
        struct plan *p = NULL;
        size_t sum = 0;

        assert_int_equal(plan_build(g, CPU_GENERIC, &p, NULL), 0);
        graph_destroy(g);
        onnx_destroy(o);
        check_places(p);
        check_lives(p);
        for (size_t k = 0; k < p->n_places; k++)
            sum += p->places[k].picture ? 0 : room(&p->places[k]);
        assert_true(p->scratch < sum || i != RESIDUAL);
        assert_int_equal(plan_scratch(p), p->scratch * sizeof(float));
        plan_destroy(p);
    }
}

/* The network that ships: two of its convolutions go Winograd's way, one of them with the pool
 * behind it, and the one that sees all of its picture is a dense layer. The reference, which
 * defines all that, does none of it. */
static void test_ways(void **state)
{
    struct onnx *o = NULL;
    (void)state;

    assert_int_equal(onnx_parse(model_builtin, model_builtin_len, &o, NULL), 0);
    for (enum cpu_level cpu = CPU_GENERIC; cpu <= cpu_detect(); cpu++) {
        struct graph *g = fuse(o);
        struct plan *p = NULL;
        size_t winograd = 0, halved = 0, dense = 0;

        assert_int_equal(plan_build(g, cpu, &p, NULL), 0);
        graph_destroy(g);
        check_places(p);
        check_lives(p);
        for (size_t i = 0; i < p->n_steps; i++) {
            winograd += p->steps[i].winograd;
            halved += p->steps[i].halved;
            dense += p->steps[i].kind == PLAN_DENSE;
        }
        assert_int_equal(winograd, cpu == CPU_GENERIC ? 0 : 2);
        assert_int_equal(halved, cpu == CPU_GENERIC ? 0 : 1);
        assert_int_equal(dense, 2);
        plan_destroy(p);
    }
    onnx_destroy(o);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parses),
        cmocka_unit_test(test_fuses),
        cmocka_unit_test(test_places_share_scratch_but_never_at_once),
        cmocka_unit_test(test_ways),
    };

    if (argc != 2)
        return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
