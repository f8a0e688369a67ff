#include <string.h>

#include "model/model.h"
#include "model/plan_int8.h"

/* A step at work: the places that it reads and writes, for one picture. */
struct work {
    const struct plan *plan;
    const struct plan_step *step;
    const struct plan_int8 *int8;
    const float *images;
    float *scratch;
    size_t i;
    const struct plan_place *in, *out;
};

/* Where a place's buffer starts, border and all. */
static float *buffer(const struct work *w, const struct plan_place *p)
{
    return w->scratch + p->offset + (p->block ? w->i * p->len : 0);
}

static size_t inner(const struct plan_place *p)
{
    return p->border[0] * p->row + p->border[1] * p->pixel;
}

/* The first pixel of a place of bytes, and of one of floats, to read or to write. */
static uint8_t *bytes(const struct work *w, const struct plan_place *p)
{
    return (uint8_t *)buffer(w, p) + inner(p);
}

static float *floats(const struct work *w, const struct plan_place *p)
{
    return buffer(w, p) + inner(p);
}

static const float *floats_in(const struct work *w)
{
    return w->in->picture ? w->images + w->i * MODEL_INPUT : floats(w, w->in);
}

/* What a window reads first, which may be in the border. */
static const uint8_t *window(const struct work *w)
{
    return bytes(w, w->in) - w->step->window.pad[0] * w->in->row -
           w->step->window.pad[1] * w->in->pixel;
}

static void fill(const struct plan_place *p, void *at, size_t from, size_t count)
{
    float *floats = at;

    if (p->bytes)
        memset((uint8_t *)at + from, (int)p->fill, count);
    for (size_t i = 0; i < count && !p->bytes; i++)
        floats[from + i] = p->fill;
}

static void draw_border(const struct work *w)
{
    const struct plan_place *p = w->out;
    size_t left = p->border[1] * p->pixel;
    size_t right = p->border_end[1] * p->pixel;
    size_t above = p->border[0] * p->row;
    size_t end = above + p->height * p->row;
    void *at = buffer(w, p);

    fill(p, at, 0, above + left);
    for (size_t row = above + p->row; row < end && left + right > 0; row += p->row)
        fill(p, at, row - right, right + left); /* of one row and the next */
    fill(p, at, end - right, right + p->border_end[0] * p->row);
}

/* Row by row, and where pixels differ in width, pixel by pixel. */
static void quantize(const struct work *w)
{
    const float *x = floats_in(w);
    uint8_t *y = bytes(w, w->out);
    bool same = w->in->pixel == w->out->pixel;
    size_t run = same ? w->in->width * w->in->pixel : w->in->channels;

    for (size_t row = 0; row < w->in->height; row++)
        for (size_t at = 0; at < (same ? 1 : w->in->width); at++)
            w->int8->kernels->quantize(x + row * w->in->row + at * w->in->pixel, w->int8->scale,
                                       w->int8->zero, run,
                                       y + row * w->out->row + at * w->out->pixel);
}

static void dequantize(const struct work *w)
{
    const uint8_t *x = bytes(w, w->in);
    float *y = floats(w, w->out);
    size_t channels = w->in->channels;

    for (size_t row = 0; row < w->in->height; row++)
        for (size_t at = 0; at < w->in->width; at++) {
            float *to = y + row * w->out->row + at * w->out->pixel;

            w->int8->kernels->dequantize(x + row * w->in->row + at * w->in->pixel,
                                         w->int8->scale, w->int8->zero, channels, to);
            memset(to + channels, 0, (w->out->pixel - channels) * sizeof(*to));
        }
}

static void add(const struct work *w)
{
    const struct plan_place *other = &w->plan->places[w->step->in[1]];

    for (size_t row = 0; row < w->out->height; row++)
        w->int8->kernels->add(&w->int8->add, bytes(w, w->in) + row * w->in->row,
                              bytes(w, other) + row * other->row, w->out->width * w->out->pixel,
                              bytes(w, w->out) + row * w->out->row);
}

static void map(const struct work *w)
{
    for (size_t row = 0; row < w->out->height; row++)
        w->int8->kernels->map(bytes(w, w->in) + row * w->in->row, w->int8->map,
                              w->out->width * w->out->pixel,
                              bytes(w, w->out) + row * w->out->row);
}

static void copy(const struct work *w)
{
    for (size_t row = 0; row < w->in->height; row++)
        for (size_t x = 0; x < w->in->width; x++)
            memcpy(bytes(w, w->out) + row * w->out->row + x * w->out->pixel,
                   bytes(w, w->in) + row * w->in->row + x * w->in->pixel, w->in->channels);
}

static void pack(const struct work *w)
{
    const uint8_t *list = bytes(w, w->in);
    uint8_t *y = bytes(w, w->out);

    for (size_t c = 0; c < w->out->channels; c++)
        for (size_t row = 0; row < w->out->height; row++)
            for (size_t x = 0; x < w->out->width; x++)
                y[row * w->out->row + x * w->out->pixel + c] = *list++;
}

static void unpack(const struct work *w)
{
    const uint8_t *a = bytes(w, w->in);
    uint8_t *list = bytes(w, w->out);

    for (size_t row = 0; row < w->in->height && w->in->pixel == 1; row++)
        memcpy(list + row * w->in->width, a + row * w->in->row, w->in->width);
    for (size_t c = 0; w->in->pixel > 1 && c < w->in->channels; c++)
        for (size_t row = 0; row < w->in->height; row++)
            for (size_t x = 0; x < w->in->width; x++)
                *list++ = a[row * w->in->row + x * w->in->pixel + c];
}

static void convolve(const struct work *w, void *out)
{
    const struct plan_int8 *b = w->int8;

    if (w->step->winograd)
        b->kernels->winograd(&b->conv, b->packed, &b->end, window(w),
                             buffer(w, &w->plan->places[w->step->work]), out);
    else
        b->kernels->conv(&b->conv, b->packed, &b->end, window(w), out);
}

void plan_int8_run(const struct plan *p, const struct plan_step *s, const float *images,
                   void *scratch, size_t i)
{
    const struct work w = {.plan = p,
                           .step = s,
                           .int8 = s->int8,
                           .images = images,
                           .scratch = scratch,
                           .i = i,
                           .in = &p->places[s->in[0]],
                           .out = &p->places[s->out]};
    void *out = w.out->bytes ? (void *)bytes(&w, w.out) : (void *)floats(&w, w.out);

    draw_border(&w);
    switch (s->int8->kind) {
    case PLAN_INT8_CONV:
        convolve(&w, out);
        break;
    case PLAN_INT8_DENSE: /* does a block at once */
        break;
    case PLAN_INT8_ADD:
        add(&w);
        break;
    case PLAN_INT8_MAP:
        map(&w);
        break;
    case PLAN_INT8_QUANTIZE:
        quantize(&w);
        break;
    case PLAN_INT8_DEQUANTIZE:
        dequantize(&w);
        break;
    case PLAN_INT8_MAX_POOL:
        s->int8->kernels->max_pool(&s->pool, window(&w), out);
        break;
    case PLAN_INT8_COPY:
        copy(&w);
        break;
    case PLAN_INT8_PACK:
        pack(&w);
        break;
    case PLAN_INT8_UNPACK:
        unpack(&w);
        break;
    }
}

void plan_int8_dense(const struct plan *p, const struct plan_step *s, void *scratch, size_t n)
{
    const struct work w = {.plan = p, .scratch = scratch};
    struct kernels_conv c = s->int8->conv;

    c.out_width = n;
    s->int8->kernels->conv(&c, s->int8->packed, &s->int8->end,
                           (const uint8_t *)buffer(&w, &p->places[s->in[0]]),
                           buffer(&w, &p->places[s->out]));
}
