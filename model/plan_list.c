#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "model/plan_parts.h"

/* Steps that work on any layout, or on lists of numbers. */

static size_t count_of(const struct plan_place *p)
{
    return p->channels * p->height * p->width;
}

static float *allocate(struct plan *p, size_t count, struct error *err)
{
    float *ret = arena_alloc(&p->arena, count, sizeof(float));

    if (!ret)
        (void)error_set(err, -ENOMEM, "out of memory while packing weights");
    p->memory += count * sizeof(float);
    return ret;
}

/* Where element `k` of the graph's order lies. */
static size_t offset_of(const struct plan_place *p, size_t k)
{
    size_t x = k % p->width;
    size_t y = k / p->width % p->height;

    return y * p->row + x * p->pixel + k / (p->width * p->height);
}

/* The node's indexes, for the numbers as they will lie and as they lie. */
static int pack_move(struct plan *p, struct plan_step *s, struct error *err)
{
    const struct plan_place *out = &p->places[s->out];
    const struct plan_place *in = &p->places[s->in[0]];
    size_t area = out->height * out->width;
    size_t first = count_of(in);
    int32_t *index = arena_alloc(&p->arena, count_of(out), sizeof(*index));

    if (!index)
        return error_set(err, -ENOMEM, "out of memory while packing weights");
    p->memory += count_of(out) * sizeof(*index);
    for (size_t k = 0; k < count_of(out); k++) {
        int32_t from = s->node->index[k];
        size_t e = from < 0 ? 0 : (size_t)from;
        int32_t at = PLAN_NOWHERE;

        if (from >= 0 && e < first)
            at = (int32_t)offset_of(in, e);
        else if (from >= 0)
            at = -2 - (int32_t)offset_of(&p->places[s->in[1]], e - first);
        index[k % area * out->channels + k / area] = at;
    }
    s->index = index;
    return 0;
}

/* The constant that a step combines with, in the layout of the step's result. */
static int pack_constant(struct plan *p, struct plan_step *s, struct error *err)
{
    const struct plan_place *out = &p->places[s->out];
    size_t area = out->height * out->width;
    float *packed = allocate(p, area * out->pixel, err);

    if (!packed)
        return -ENOMEM;
    for (size_t k = 0; k < s->node->n_weights; k++)
        packed[k % area * out->pixel + k / area] = s->node->weights[k];
    s->packed = packed;
    return 0;
}

int plan_list_pack(struct plan *p, struct plan_step *s, struct error *err)
{
    const struct graph_node *n = s->node;
    float *packed = NULL;

    s->function = n->function;
    s->pair = n->pair;
    s->reversed = n->reversed;
    s->filler = n->filler;
    s->rows = n->rows;
    s->epsilon = n->epsilon;
    s->products = n->products;
    s->height = n->height;
    s->width = n->width;
    s->row = n->row;
    if (s->kind == PLAN_MOVE)
        return pack_move(p, s, err);
    if (s->kind == PLAN_COMBINE && n->n_weights > 0)
        return pack_constant(p, s, err);
    if (n->n_weights == 0)
        return 0;
    packed = allocate(p, n->n_weights, err);
    if (!packed)
        return -ENOMEM;
    memcpy(packed, n->weights, n->n_weights * sizeof(float));
    s->packed = packed;
    return 0;
}

/* Functions need not map zero to zero. */
static void clear_rest(const struct plan_place *p, float *row)
{
    for (size_t x = 0; x < p->width && p->channels < p->pixel; x++)
        memset(row + x * p->pixel + p->channels, 0, (p->pixel - p->channels) * sizeof(*row));
}

static void activate(const struct plan *p, const struct plan_step *s, const float *a, float *y)
{
    const struct plan_place *out = &p->places[s->out];

    for (size_t row = 0; row < out->height; row++) {
        s->kernels->activate(&s->function, a, out->width * out->pixel, y);
        clear_rest(out, y);
        a += p->places[s->in[0]].row;
        y += out->row;
    }
}

static void combine(const struct plan *p, const struct plan_step *s, const float *a,
                    const float *b, float *y)
{
    const struct plan_place *out = &p->places[s->out];
    size_t len = out->width * out->pixel;
    size_t step = s->packed ? len : p->places[s->in[1]].row;

    b = s->packed ? s->packed : b;
    for (size_t row = 0; row < out->height; row++) {
        s->kernels->combine(s->pair, s->reversed ? b : a, s->reversed ? a : b, len, y);
        clear_rest(out, y);
        a += p->places[s->in[0]].row;
        b += step;
        y += out->row;
    }
}

static void move(const struct plan *p, const struct plan_step *s, const float *a,
                 const float *b, float *y)
{
    const struct plan_place *out = &p->places[s->out];
    const int32_t *index = s->index;

    for (size_t row = 0; row < out->height; row++, y += out->row) {
        for (size_t x = 0; x < out->width; x++)
            for (size_t c = 0; c < out->channels; c++, index++) {
                float *to = y + x * out->pixel + c;

                *to = s->filler;
                if (*index >= 0)
                    *to = a[*index];
                else if (*index != PLAN_NOWHERE)
                    *to = b[-2 - *index];
            }
        clear_rest(out, y);
    }
}

/* y[height][width] = a[height][row] . b[row][width] */
static void multiply(const struct plan_step *s, const float *a, const float *b, float *y)
{
    memset(y, 0, s->height * s->width * sizeof(*y));
    for (size_t h = 0; h < s->height; h++)
        for (size_t k = 0; k < s->row; k++)
            for (size_t w = 0; w < s->width; w++)
                y[h * s->width + w] += a[h * s->row + k] * b[k * s->width + w];
}

void plan_list_run(const struct plan *p, const struct plan_step *s, const float *a,
                   const float *b, float *y)
{
    const struct plan_place *out = &p->places[s->out];

    if (s->kind == PLAN_ACTIVATE)
        activate(p, s, a, y);
    else if (s->kind == PLAN_COMBINE)
        combine(p, s, a, b, y);
    else if (s->kind == PLAN_MOVE)
        move(p, s, a, b, y);
    else if (s->kind == PLAN_ROWS)
        plan_rows_run(s, a, count_of(&p->places[s->in[0]]), y);
    else if (s->kind == PLAN_CONSTANT)
        memcpy(y, s->packed, count_of(out) * sizeof(*y));
    for (size_t i = 0; i < s->products; i++)
        multiply(s, a + i * s->height * s->row,
                 s->packed ? s->packed + i * s->row * s->width : b + i * s->row * s->width,
                 y + i * s->height * s->width);
    clear_rest(out, y);
}
