#include "model/plan.h"

#include <errno.h>

#include "model/blas.h"
#include "model/error.h"
#include "model/model.h"
#include "model/plan_int8.h"

static const char *const kernel_names[] = {
    [PLAN_CONV] = "conv",
    [PLAN_DENSE] = "dense",
    [PLAN_MAX_POOL] = "max_pool",
    [PLAN_AVERAGE_POOL] = "average_pool",
    [PLAN_ADD] = "add",
    [PLAN_RELU] = "relu",
    [PLAN_COPY] = "copy",
    [PLAN_PACK] = "pack",
    [PLAN_UNPACK] = "unpack",
    [PLAN_ACTIVATE] = "activate",
    [PLAN_COMBINE] = "combine",
    [PLAN_MOVE] = "move",
    [PLAN_ROWS] = "rows",
    [PLAN_PRODUCT] = "product",
    [PLAN_CONSTANT] = "constant",
    [PLAN_INT8] = "int8",
    [PLAN_RECURRENT] = "recurrent",
};

static const char *kernel_name(const struct plan_step *s)
{
    if (s->int8)
        return plan_int8_name(s);
    return s->winograd ? "winograd" : kernel_names[s->kind];
}

/* The words of a step, in the plan's own memory. */
static int describe(struct plan *p, struct plan_step *s)
{
    const struct plan_place *out = &p->places[s->out];
    bool list = out->height * out->width == 1;

    s->name = arena_print(&p->arena, "%s", s->name);
    s->op = arena_print(&p->arena, "%s", s->op);
    s->kernel = arena_print(&p->arena, "%s %s", kernel_name(s),
                            cpu_name(s->int8 ? s->int8->kernels->cpu : s->kernels->cpu));
    s->shape =
        list ? arena_print(&p->arena, "%zu", out->channels)
             : arena_print(&p->arena, "%zux%zux%zu", out->height, out->width, out->channels);
    s->node = NULL;
    return s->name && s->op && s->kernel && s->shape ? 0 : -ENOMEM;
}

static int fill(struct plan *p, const struct graph *g, struct error *err)
{
    size_t parts = PLAN_PARTS_MAX(g->n_nodes);
    int r = 0;

    p->places = arena_alloc(&p->arena, parts, sizeof(*p->places));
    p->steps = arena_alloc(&p->arena, parts, sizeof(*p->steps));
    if (!p->places || !p->steps)
        r = error_set(err, -ENOMEM, "out of memory while planning");
    if (r == 0)
        r = plan_lower(p, g, err);
    if (r == 0)
        r = plan_ways(p, err);
    if (r == 0)
        r = plan_borders(p, err);
    if (r == 0)
        r = plan_pack(p, err);
    if (r == 0)
        r = plan_place(p, err);
    for (size_t i = 0; r == 0 && i < p->n_steps; i++)
        if (describe(p, &p->steps[i]) < 0)
            r = error_set(err, -ENOMEM, "out of memory while planning");
    return r;
}

int plan_build(const struct graph *g, enum cpu_level cpu, struct plan **ret, struct error *err)
{
    struct arena arena = {0};
    struct plan *p = arena_alloc(&arena, 1, sizeof(*p));
    int r = 0;

    if (!p)
        return error_set(err, -ENOMEM, "out of memory while planning");
    p->arena = arena;
    p->cpu = cpu;
    p->kernels = kernels_get(cpu);
    r = fill(p, g, err);
    if (r == 0) {
        *ret = p;
        p = NULL;
    }
    plan_destroy(p);
    return r;
}

void plan_destroy(struct plan *p)
{
    struct arena arena = {0};

    if (!p)
        return;
    arena = p->arena; /* which holds *p */
    arena_finish(&arena);
}

size_t plan_scratch(const struct plan *p)
{
    return p->scratch * sizeof(float);
}

size_t plan_memory(const struct plan *p)
{
    return p->memory;
}

size_t plan_steps(const struct plan *p)
{
    return p->n_steps;
}

void plan_step(const struct plan *p, size_t i, struct model_step *ret)
{
    const struct plan_step *s = &p->steps[i];

    *ret = (struct model_step){.name = s->name,
                               .op = s->op,
                               .kernel = s->kernel,
                               .shape = s->shape,
                               .parameters = s->parameters,
                               .macs = s->macs};
}
