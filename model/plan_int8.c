#include "model/plan_int8.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/error.h"

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while packing weights");
}

bool plan_int8_lower(const struct graph_node *n, enum plan_int8_kind *ret)
{
    switch (n->kind) {
    case GRAPH_CONV:
        *ret = PLAN_INT8_CONV;
        return n->bytes != NULL;
    case GRAPH_DENSE:
        *ret = PLAN_INT8_DENSE;
        return n->bytes != NULL;
    case GRAPH_ADD:
        *ret = PLAN_INT8_ADD;
        return n->bytes != NULL;
    case GRAPH_QUANTIZE:
        *ret = PLAN_INT8_QUANTIZE;
        return true;
    case GRAPH_DEQUANTIZE:
        *ret = PLAN_INT8_DEQUANTIZE;
        return true;
    case GRAPH_REQUANTIZE:
        *ret = PLAN_INT8_MAP;
        return true;
    case GRAPH_AFFINE:
    case GRAPH_MAX_POOL:
    case GRAPH_AVERAGE_POOL:
    case GRAPH_RELU:
    case GRAPH_RESHAPE:
    case GRAPH_UNARY:
    case GRAPH_BINARY:
    case GRAPH_MOVE:
    case GRAPH_ROWS:
    case GRAPH_PRODUCT:
    case GRAPH_RECURRENT:
    case GRAPH_CONSTANT:
        break;
    }
    return false;
}

static bool reads_thin(const struct plan_step *s, size_t place)
{
    bool conv = s->kind == PLAN_INT8 && s->int8_kind == PLAN_INT8_CONV;

    return s->in[0] == place && ((conv && s->node->groups == 1) || s->kind == PLAN_UNPACK);
}

void plan_int8_thin(struct plan *p)
{
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct plan_step *s = &p->steps[i];
        bool thin = s->kind == PLAN_INT8 && s->int8_kind == PLAN_INT8_QUANTIZE &&
                    p->places[s->out].channels == 1 && s->out != p->output;

        for (size_t k = 0; k < p->n_steps; k++)
            for (size_t in = 0; in < plan_inputs(&p->steps[k]); in++)
                if (p->steps[k].in[in] == s->out && !reads_thin(&p->steps[k], s->out))
                    thin = false;
        if (thin)
            p->places[s->out].thin = true;
    }
}

const char *plan_int8_name(const struct plan_step *s)
{
    static const char *const names[] = {
        [PLAN_INT8_CONV] = "int8 conv",         [PLAN_INT8_DENSE] = "int8 dense",
        [PLAN_INT8_ADD] = "int8 add",           [PLAN_INT8_MAP] = "int8 map",
        [PLAN_INT8_QUANTIZE] = "quantize",      [PLAN_INT8_DEQUANTIZE] = "dequantize",
        [PLAN_INT8_MAX_POOL] = "int8 max_pool", [PLAN_INT8_COPY] = "int8 copy",
        [PLAN_INT8_PACK] = "int8 pack",         [PLAN_INT8_UNPACK] = "int8 unpack",
    };

    return s->winograd ? "int8 winograd" : names[s->int8->kind];
}

/* A dense layer as a convolution of one pixel an image; the images are counted when it runs. */
static struct kernels_conv dense_figures(const struct plan_place *in,
                                         const struct plan_place *out)
{
    size_t size = sizeof(float);

    return (struct kernels_conv){
        .in_channels = in->height * in->width == 1 ? in->channels : in->height * in->row,
        .in_pixel = in->len * size,
        .in_row = in->len * size,
        .out_channels = out->channels,
        .out_pixel = out->bytes ? out->len * size : out->len,
        .out_row = out->len,
        .out_height = 1,
        .out_width = 1,
        .kernel_height = 1,
        .kernel_width = 1,
        .stride_y = 1,
        .stride_x = 1,
        .dilation_y = 1,
        .dilation_x = 1,
        .groups = 1,
    };
}

/* Weights for inputs in the graph's order to weights for inputs as they lie in `in`. */
static void permute(const struct plan_place *in, const int16_t *weights, size_t n_out,
                    size_t n_in, int16_t *ret)
{
    size_t area = in->height * in->width;
    size_t n_weights = in->channels * area;

    memset(ret, 0, n_out * n_in * sizeof(*ret));
    for (size_t o = 0; o < n_out; o++, weights += n_weights, ret += n_in)
        for (size_t c = 0; c < in->channels; c++)
            for (size_t at = 0; at < area; at++)
                ret[at / in->width * in->row + at % in->width * in->pixel + c] =
                    weights[c * area + at];
}

/* A bias as a count of the products' unit, which is what the file had, but for those so large
 * that a float cannot hold them. */
static int32_t whole_bias(const struct graph_node *n, size_t o)
{
    double unit = (double)(n->bytes->scale[0] * n->ints->scale[o]);

    return (int32_t)fmin(fmax(rint((double)n->bias[o] / unit), INT32_MIN), INT32_MAX);
}

/* What the sum of channel `o` starts with, modulo 2^32:
 * sum of (x - zero) * w = sum of x * w - zero * sum of w */
static int32_t first_sum(const struct graph_node *n, size_t o)
{
    size_t in = n->n_weights / n->n_bias;
    int32_t bias = n->bytes->to ? whole_bias(n, o) : 0;
    int64_t sum = 0;

    for (size_t i = 0; i < in; i++)
        sum += n->ints->weights[o * in + i];
    return (int32_t)((uint32_t)bias - (uint32_t)(sum * n->bytes->zero[0]));
}

bool plan_int8_way(const struct plan *p, struct plan_step *s)
{
    struct kernels_conv c = plan_conv(p, s);

    const int16_t *weights = s->node->ints->weights;

    s->winograd = kernels_int8_fitting(p->cpu, &c, weights)->winograd_pays(&c) &&
                  kernels_int8_winograd_fits(&c, weights);
    for (size_t o = 0; o < c.out_channels && s->winograd; o++) {
        int32_t first = first_sum(s->node, o);

        s->winograd = first < KERNELS_INT8_SUM_MAX && first > -KERNELS_INT8_SUM_MAX;
    }
    return s->node->bytes->to;
}

/* In the order of operations of ONNX Runtime, so as to round as it does. */
static int set_end(struct plan *p, const struct graph_node *n, struct kernels_int8_end *end,
                   struct error *err)
{
    const struct graph_bytes *bytes = n->bytes;
    size_t room = KERNELS_ROUND(n->n_bias);
    int32_t *bias = arena_alloc(&p->arena, room, sizeof(*bias));
    float *scale = arena_alloc(&p->arena, room, sizeof(*scale));
    float *shift = arena_alloc(&p->arena, room, sizeof(*shift));

    if (!bias || !scale || !shift)
        return no_memory(err);
    for (size_t o = 0; o < n->n_bias; o++) {
        float unit = bytes->scale[0] * n->ints->scale[o];

        bias[o] = first_sum(n, o);
        scale[o] = bytes->to ? unit / bytes->scale[2] : unit;
        shift[o] = n->bias[o];
    }
    *end = (struct kernels_int8_end){.bias = bias,
                                     .scale = scale,
                                     .shift = bytes->to ? NULL : shift,
                                     .relu = n->relu,
                                     .zero = bytes->zero[2],
                                     .low = bytes->low,
                                     .high = bytes->high};
    p->memory += room * (sizeof(*bias) + sizeof(*scale));
    return 0;
}

static int pack_weights(struct plan *p, struct plan_step *s, const int16_t *weights,
                        struct error *err)
{
    struct plan_int8 *b = s->int8;
    size_t len = 0;
    void *packed = NULL;

    b->kernels = kernels_int8_fitting(p->cpu, &b->conv, weights);
    len = b->kernels->packed(&b->conv);
    packed = arena_alloc(&p->arena, (len + 3) / 4, sizeof(float));
    if (!packed)
        return no_memory(err);
    b->kernels->pack(&b->conv, weights, packed);
    b->packed = packed;
    p->memory += len;
    return set_end(p, s->node, &b->end, err);
}

static int pack_winograd(struct plan *p, struct plan_step *s, struct error *err)
{
    struct plan_int8 *b = s->int8;
    size_t len = 0;
    void *packed = NULL;

    b->kernels = kernels_int8_fitting(p->cpu, &b->conv, s->node->ints->weights);
    len = b->kernels->winograd_packed(&b->conv);
    packed = arena_alloc(&p->arena, (len + 3) / 4, sizeof(float));
    if (!packed)
        return no_memory(err);
    b->kernels->winograd_pack(&b->conv, s->node->ints->weights, packed);
    b->packed = packed;
    p->memory += len;
    s->work = plan_add_work(p, s, b->kernels->winograd_work(&b->conv) / sizeof(float));
    return set_end(p, s->node, &b->end, err);
}

static int pack_dense(struct plan *p, struct plan_step *s, struct error *err)
{
    const struct plan_place *in = &p->places[s->in[0]];
    struct arena arena = {0};
    int16_t *permuted = NULL;
    int r = 0;

    s->int8->conv = dense_figures(in, &p->places[s->out]);
    permuted = arena_alloc(&arena, s->int8->conv.out_channels,
                           s->int8->conv.in_channels * sizeof(*permuted));
    if (permuted) {
        permute(in, s->node->ints->weights, s->int8->conv.out_channels,
                s->int8->conv.in_channels, permuted);
        r = pack_weights(p, s, permuted, err);
    }
    arena_finish(&arena);
    return permuted ? r : no_memory(err);
}

static void set_add(const struct graph_node *n, struct kernels_int8_add *add)
{
    memcpy(add->scale, n->bytes->scale, sizeof(add->scale));
    memcpy(add->zero, n->bytes->zero, sizeof(add->zero));
    add->low = n->bytes->low;
    add->high = n->bytes->high;
}

/* Every byte there is, there and back. */
static void fill_map(const struct graph_node *n, uint8_t map[256])
{
    const struct kernels_int8 *k = kernels_int8_get(CPU_GENERIC);
    const struct graph_bytes *b = n->bytes;
    uint8_t bytes[256];
    float numbers[256];

    for (size_t i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    k->dequantize(bytes, b->scale[0], b->zero[0], 256, numbers);
    for (size_t i = 0; i < 256; i++)
        numbers[i] = n->relu && !(numbers[i] > 0) ? 0 : numbers[i];
    k->quantize(numbers, b->scale[2], b->zero[2], 256, map);
}

/* Without a node, floats that are whole become bytes, and back. */
static void set_scale(const struct plan_step *s, struct plan_int8 *b)
{
    const struct graph_bytes *bytes = s->node ? s->node->bytes : NULL;
    size_t which = b->kind == PLAN_INT8_QUANTIZE ? 2 : 0;

    b->scale = bytes ? bytes->scale[which] : 1;
    b->zero = bytes ? bytes->zero[which] : 0;
}

int plan_int8_pack(struct plan *p, struct plan_step *s, struct error *err)
{
    struct plan_int8 *b = arena_alloc(&p->arena, 1, sizeof(*b));

    if (!b)
        return no_memory(err);
    b->kind = (enum plan_int8_kind)s->int8_kind;
    b->kernels = kernels_int8_get(p->cpu);
    s->int8 = b;
    switch (b->kind) {
    case PLAN_INT8_CONV:
        b->conv = plan_conv(p, s);
        if (s->winograd)
            return pack_winograd(p, s, err);
        return pack_weights(p, s, s->node->ints->weights, err);
    case PLAN_INT8_DENSE:
        return pack_dense(p, s, err);
    case PLAN_INT8_ADD:
        set_add(s->node, &b->add);
        break;
    case PLAN_INT8_MAP:
        fill_map(s->node, b->map);
        break;
    case PLAN_INT8_QUANTIZE:
    case PLAN_INT8_DEQUANTIZE:
        set_scale(s, b);
        break;
    case PLAN_INT8_MAX_POOL:
    case PLAN_INT8_COPY:
    case PLAN_INT8_PACK:
    case PLAN_INT8_UNPACK:
        break;
    }
    return 0;
}
