#include <errno.h>
#include <string.h>

#include "model/blas.h"
#include "model/error.h"
#include "model/kernels/im2col.h"
#include "model/kernels/winograd.h"
#include "model/plan_int8.h"

/* Strides, the kernels' own figures, and weights in the kernels' own order. */

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while packing weights");
}

static int set_strides(struct plan_place *place, struct error *err)
{
    bool thin = place->thin || (place->picture && place->height * place->width > 1);
    size_t width = place->border[1] + place->width + place->border_end[1];
    size_t height = place->border[0] + place->height + place->border_end[0];

    place->pixel = thin ? 1 : KERNELS_ROUND(place->channels);
    if (__builtin_mul_overflow(width, place->pixel, &place->row) ||
        __builtin_mul_overflow(height, place->row, &place->len) ||
        place->len > PLAN_SCRATCH_MAX / sizeof(float))
        return error_set(err, -ENOTSUP, "a layer's buffer takes over %d MiB",
                         PLAN_SCRATCH_MAX >> 20);
    if (place->bytes)
        place->len = (place->len + KERNELS_INT8_BEHIND) / sizeof(float) + 1;
    place->len = KERNELS_ROUND(place->len);
    return 0;
}

struct kernels_conv plan_conv(const struct plan *p, const struct plan_step *s)
{
    const struct plan_place *in = &p->places[s->in[0]];
    const struct plan_place *out = &p->places[s->out];
    const struct graph_window *w = &s->window;

    return (struct kernels_conv){.in_channels = in->channels,
                                 .in_pixel = in->pixel,
                                 .in_row = in->row,
                                 .out_channels = out->channels,
                                 .out_pixel = out->pixel,
                                 .out_row = out->row,
                                 .out_height = w->out[0],
                                 .out_width = w->out[1],
                                 .kernel_height = w->kernel[0],
                                 .kernel_width = w->kernel[1],
                                 .stride_y = w->stride[0],
                                 .stride_x = w->stride[1],
                                 .dilation_y = w->dilation[0],
                                 .dilation_x = w->dilation[1],
                                 .groups = s->node->groups,
                                 .relu = s->relu,
                                 .pool = s->halved};
}

static struct kernels_pool pool_figures(const struct plan *p, const struct plan_step *s)
{
    const struct plan_place *in = &p->places[s->in[0]];
    const struct plan_place *out = &p->places[s->out];
    const struct graph_window *w = &s->window;

    return (struct kernels_pool){.channels = in->channels,
                                 .in_pixel = in->pixel,
                                 .in_row = in->row,
                                 .out_pixel = out->pixel,
                                 .out_row = out->row,
                                 .out_height = out->height,
                                 .out_width = out->width,
                                 .kernel_height = w->kernel[0],
                                 .kernel_width = w->kernel[1],
                                 .stride_y = w->stride[0],
                                 .stride_x = w->stride[1]};
}

static int pack_bias(struct plan *p, struct plan_step *s, struct error *err)
{
    float *bias = arena_alloc(&p->arena, KERNELS_ROUND(s->node->n_bias), sizeof(float));

    if (!bias)
        return no_memory(err);
    memcpy(bias, s->node->bias, s->node->n_bias * sizeof(float));
    s->bias = bias;
    p->memory += KERNELS_ROUND(s->node->n_bias) * sizeof(float);
    return 0;
}

size_t plan_add_work(struct plan *p, const struct plan_step *s, size_t len)
{
    size_t at = plan_add_place(p, len, 1, 1);
    struct plan_place *place = &p->places[at];

    place->first = place->last = (size_t)(s - p->steps);
    place->len = place->pixel = place->row = KERNELS_ROUND(len);
    return at;
}

/* What the level's own kernel cannot do goes to BLAS, and one channel at a time, where there is
 * nothing to multiply, or without BLAS, to the reference. */
static void choose_conv(struct plan *p, struct plan_step *s)
{
    if (s->kernels->conv_fits(&s->conv))
        return;
    s->kernels = kernels_get(CPU_GENERIC);
    if (s->conv.in_channels > s->conv.groups)
        s->blas = blas_get();
    if (s->blas)
        s->work = plan_add_work(p, s, im2col_scratch(&s->conv));
}

static int pack_winograd(struct plan *p, struct plan_step *s, struct error *err)
{
    const struct kernels_conv *c = &s->conv;
    struct arena arena = {0};
    size_t count = s->kernels->winograd_packed(c);
    float *packed = arena_alloc(&p->arena, count, sizeof(float));
    float *transformed = arena_alloc(&arena, c->out_channels * c->in_channels,
                                     WINOGRAD_TRANSFORMED * sizeof(float));

    if (packed && transformed) {
        winograd_transform(s->node->weights, c->kernel_height, c->out_channels, c->in_channels,
                           transformed);
        s->kernels->winograd_pack(c, transformed, packed);
    }
    arena_finish(&arena);
    if (!packed || !transformed)
        return no_memory(err);
    s->packed = packed;
    s->work = plan_add_work(p, s, s->kernels->winograd_work(c));
    p->memory += count * sizeof(float);
    return pack_bias(p, s, err);
}

static int pack_conv(struct plan *p, struct plan_step *s, struct error *err)
{
    float *packed = NULL;
    size_t count = 0;

    s->conv = plan_conv(p, s);
    if (s->winograd)
        return pack_winograd(p, s, err);
    choose_conv(p, s);
    count = s->blas ? im2col_packed(&s->conv) : s->kernels->conv_packed(&s->conv);
    packed = arena_alloc(&p->arena, count, sizeof(float));
    if (!packed)
        return no_memory(err);
    if (s->blas)
        im2col_pack(&s->conv, s->node->weights, packed);
    else
        s->kernels->conv_pack(&s->conv, s->node->weights, packed);
    s->packed = packed;
    p->memory += count * sizeof(float);
    return pack_bias(p, s, err);
}

/* Weights for inputs in the graph's order to weights for inputs as they lie in `in`, with zeros
 * for the channels that only pad. */
static void permute(const struct plan_place *in, const float *weights, size_t n_out,
                    size_t n_in, float *ret)
{
    size_t area = in->height * in->width;
    size_t n_weights = in->channels * area;

    for (size_t o = 0; o < n_out; o++, weights += n_weights, ret += n_in)
        for (size_t c = 0; c < in->channels; c++)
            for (size_t at = 0; at < area; at++)
                ret[at * in->pixel + c] = weights[c * area + at];
}

static int pack_dense(struct plan *p, struct plan_step *s, struct error *err)
{
    const struct plan_place *in = &p->places[s->in[0]];
    const struct plan_place *out = &p->places[s->out];
    bool list = in->height * in->width == 1;
    struct arena arena = {0};
    float *permuted = NULL;
    float *packed = NULL;
    size_t count = 0;

    s->dense = (struct kernels_dense){.in = list ? in->channels : in->height * in->row,
                                      .in_stride = in->len,
                                      .out = out->channels,
                                      .out_stride = out->len,
                                      .relu = s->relu};
    count = s->kernels->dense_packed(&s->dense);
    packed = arena_alloc(&p->arena, count, sizeof(float));
    permuted = arena_alloc(&arena, s->dense.out, s->dense.in * sizeof(float));
    if (packed && permuted) {
        permute(in, s->node->weights, s->dense.out, s->dense.in, permuted);
        s->kernels->dense_pack(&s->dense, permuted, packed);
    }
    arena_finish(&arena);
    if (!packed || !permuted)
        return no_memory(err);
    s->packed = packed;
    p->memory += count * sizeof(float);
    return pack_bias(p, s, err);
}

/* How many pixels window `at` of an axis averages: those of the picture, and of the margin if
 * it counts; never those that ceil_mode makes it hang over. */
static size_t inside(const struct graph_node *n, size_t axis, size_t size, size_t at)
{
    size_t first = n->count_pad ? 0 : n->window.pad[axis];
    size_t end = n->window.pad[axis] + size + (n->count_pad ? n->window.pad_end[axis] : 0);
    size_t from = at * n->window.stride[axis];
    size_t to = from + n->window.kernel[axis];

    return (to < end ? to : end) - (from > first ? from : first);
}

static int pack_average(struct plan *p, struct plan_step *s, struct error *err)
{
    const struct plan_place *in = &p->places[s->in[0]];
    const struct graph_window *w = &s->window;
    size_t whole = w->kernel[0] * w->kernel[1];
    float *inverse = arena_alloc(&p->arena, w->out[0] * w->out[1], sizeof(float));
    bool uneven = false;

    if (!inverse)
        return no_memory(err);
    for (size_t y = 0; y < w->out[0]; y++)
        for (size_t x = 0; x < w->out[1]; x++) {
            size_t count = inside(s->node, 0, in->height, y) * inside(s->node, 1, in->width, x);

            uneven = uneven || count != whole;
            inverse[y * w->out[1] + x] = 1.0F / (float)count;
        }
    s->scale = uneven ? 1 : inverse[0];
    s->inverse = uneven ? inverse : NULL;
    s->pool = pool_figures(p, s);
    return 0;
}

/* Steps that are the same for floats and bytes, until here. */
static void choose_type(const struct plan *p, struct plan_step *s)
{
    static const enum plan_int8_kind kinds[] = {
        [PLAN_MAX_POOL] = PLAN_INT8_MAX_POOL,
        [PLAN_COPY] = PLAN_INT8_COPY,
        [PLAN_PACK] = PLAN_INT8_PACK,
        [PLAN_UNPACK] = PLAN_INT8_UNPACK,
    };

    if (s->kind == PLAN_INT8 || !p->places[s->in[0]].bytes)
        return;
    if (s->kind == PLAN_MAX_POOL)
        s->pool = pool_figures(p, s);
    s->int8_kind = (int)kinds[s->kind];
    s->kind = PLAN_INT8;
}

static int pack_step(struct plan *p, struct plan_step *s, struct error *err)
{
    s->kernels = p->kernels;
    choose_type(p, s);
    switch (s->kind) {
    case PLAN_CONV:
        return pack_conv(p, s, err);
    case PLAN_DENSE:
        return pack_dense(p, s, err);
    case PLAN_AVERAGE_POOL:
        return pack_average(p, s, err);
    case PLAN_MAX_POOL:
        s->pool = pool_figures(p, s);
        break;
    case PLAN_INT8:
        return plan_int8_pack(p, s, err);
    case PLAN_ADD:
    case PLAN_RELU:
    case PLAN_COPY:
    case PLAN_PACK:
    case PLAN_UNPACK:
        break;
    case PLAN_ACTIVATE:
    case PLAN_COMBINE:
    case PLAN_MOVE:
    case PLAN_ROWS:
    case PLAN_PRODUCT:
    case PLAN_CONSTANT:
        return plan_list_pack(p, s, err);
    case PLAN_RECURRENT:
        return plan_recurrent_pack(p, s, err);
    }
    return 0;
}

int plan_pack(struct plan *p, struct error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->n_places; i++)
        r = set_strides(&p->places[i], err);
    for (size_t i = 0; r == 0 && i < p->n_steps; i++)
        r = pack_step(p, &p->steps[i], err);
    return r;
}
