#include <string.h>
#include <time.h>

#include "model/kernels/im2col.h"
#include "model/model.h"
#include "model/plan_int8.h"

/* One block of pictures on its way through the steps. */
struct run {
    const struct plan *plan;
    const float *images;
    float *scratch;
    uint64_t *step_ns; /* what each step took, if anybody wants to know */
    uint64_t last_ns;
    plan_observe_fn *observe; /* NULL: nobody does */
    void *observer;
};

/* Where a place's buffer for picture `i` of the block starts, border and all. */
static float *buffer(const struct run *r, size_t place, size_t i)
{
    const struct plan_place *p = &r->plan->places[place];

    return r->scratch + p->offset + (p->block ? i * p->len : 0);
}

static size_t inner(const struct plan_place *p)
{
    return p->border[0] * p->row + p->border[1] * p->pixel;
}

/* The first pixel of picture `i`, to read and to write. */
static const float *from(const struct run *r, size_t place, size_t i)
{
    const struct plan_place *p = &r->plan->places[place];

    return p->picture ? r->images + i * MODEL_INPUT : buffer(r, place, i) + inner(p);
}

static float *to(const struct run *r, size_t place, size_t i)
{
    return buffer(r, place, i) + inner(&r->plan->places[place]);
}

/* What a window reads first, which may be in the border. */
static const float *window(const struct run *r, const struct plan_step *s, size_t i)
{
    const struct plan_place *p = &r->plan->places[s->in[0]];

    return from(r, s->in[0], i) - s->window.pad[0] * p->row - s->window.pad[1] * p->pixel;
}

static void fill(float *at, size_t count, float value)
{
    for (size_t i = 0; i < count; i++)
        at[i] = value;
}

/* Scratch is shared and dirty, so the border is drawn anew for each picture. */
static void draw_border(const struct run *r, size_t place, size_t i)
{
    const struct plan_place *p = &r->plan->places[place];
    float *at = buffer(r, place, i);
    size_t left = p->border[1] * p->pixel;
    size_t right = p->border_end[1] * p->pixel;

    fill(at, p->border[0] * p->row, p->fill);
    at += p->border[0] * p->row;
    for (size_t y = 0; y < p->height && left + right > 0; y++) {
        fill(at + y * p->row, left, p->fill);
        fill(at + (y + 1) * p->row - right, right, p->fill);
    }
    fill(at + p->height * p->row, p->border_end[0] * p->row, p->fill);
}

static void copy(const struct run *r, const struct plan_step *s, size_t i)
{
    const struct plan_place *in = &r->plan->places[s->in[0]];
    const struct plan_place *out = &r->plan->places[s->out];
    const float *a = from(r, s->in[0], i);
    float *y = to(r, s->out, i);

    for (size_t row = 0; row < in->height; row++, a += in->row, y += out->row) {
        if (in->pixel == out->pixel) {
            memcpy(y, a, in->width * in->pixel * sizeof(float));
            continue;
        }
        memset(y, 0, out->width * out->pixel * sizeof(float));
        for (size_t x = 0; x < in->width; x++)
            memcpy(y + x * out->pixel, a + x * in->pixel, in->channels * sizeof(float));
    }
}

static void pack(const struct run *r, const struct plan_step *s, size_t i)
{
    const struct plan_place *out = &r->plan->places[s->out];
    const float *list = from(r, s->in[0], i);
    float *y = to(r, s->out, i);

    for (size_t row = 0; row < out->height; row++)
        memset(y + row * out->row, 0, out->width * out->pixel * sizeof(float));
    for (size_t c = 0; c < out->channels; c++)
        for (size_t row = 0; row < out->height; row++)
            for (size_t x = 0; x < out->width; x++)
                y[row * out->row + x * out->pixel + c] = *list++;
}

static void unpack(const struct run *r, const struct plan_step *s, size_t i)
{
    const struct plan_place *in = &r->plan->places[s->in[0]];
    const float *a = from(r, s->in[0], i);
    float *list = to(r, s->out, i);
    size_t count = r->plan->places[s->out].channels;

    for (size_t c = 0; c < in->channels; c++)
        for (size_t row = 0; row < in->height; row++)
            for (size_t x = 0; x < in->width; x++)
                *list++ = a[row * in->row + x * in->pixel + c];
    fill(list, KERNELS_ROUND(count) - count, 0);
}

static void average(const struct run *r, const struct plan_step *s, size_t i)
{
    const struct kernels_pool *p = &s->pool;
    float *y = to(r, s->out, i);

    s->kernels->average_pool(p, s->scale, window(r, s, i), y);
    for (size_t row = 0; s->inverse && row < p->out_height; row++)
        for (size_t x = 0; x < p->out_width; x++)
            for (size_t c = 0; c < p->channels; c++)
                y[row * p->out_row + x * p->out_pixel + c] *=
                    s->inverse[row * p->out_width + x];
}

/* Row by row, since borders may differ. */
static void elementwise(const struct run *r, const struct plan_step *s, size_t i)
{
    const struct plan_place *places = r->plan->places;
    const struct plan_place *out = &places[s->out];

    for (size_t row = 0; row < out->height; row++) {
        const float *a = from(r, s->in[0], i) + row * places[s->in[0]].row;
        const float *b = from(r, s->in[1], i) + row * places[s->in[1]].row;
        float *y = to(r, s->out, i) + row * out->row;

        if (s->kind == PLAN_ADD)
            s->kernels->add(a, b, out->width * out->pixel, s->relu, y);
        else
            s->kernels->relu(a, out->width * out->pixel, y);
    }
}

static void convolve(const struct run *r, const struct plan_step *s, size_t i)
{
    const float *x = window(r, s, i);
    float *y = to(r, s->out, i);

    if (s->winograd)
        s->kernels->winograd(&s->conv, s->packed, s->bias, x, buffer(r, s->work, i), y);
    else if (s->blas)
        im2col_conv(s->blas, &s->conv, s->packed, s->bias, x, buffer(r, s->work, i), y);
    else
        s->kernels->conv(&s->conv, s->packed, s->bias, x, y);
}

static void observe(const struct run *r, const struct plan_step *s)
{
    const struct plan_place *p = &r->plan->places[s->out];

    for (size_t y = 0; r->observe && y < p->height && s->value > 0 && !p->bytes; y++)
        for (size_t x = 0; x < p->width; x++)
            r->observe(r->observer, s->value - 1,
                       from(r, s->out, 0) + y * p->row + x * p->pixel, p->channels);
}

static void run_step(const struct run *r, const struct plan_step *s, size_t i)
{
    if (s->kind == PLAN_INT8) {
        plan_int8_run(r->plan, s, r->images, r->scratch, i);
        return;
    }
    draw_border(r, s->out, i);
    switch (s->kind) {
    case PLAN_CONV:
        convolve(r, s, i);
        break;
    case PLAN_DENSE: /* does a block at once */
    case PLAN_INT8:
        break;
    case PLAN_MAX_POOL:
        s->kernels->max_pool(&s->pool, window(r, s, i), to(r, s->out, i));
        break;
    case PLAN_AVERAGE_POOL:
        average(r, s, i);
        break;
    case PLAN_ADD:
    case PLAN_RELU:
        elementwise(r, s, i);
        break;
    case PLAN_COPY:
        copy(r, s, i);
        break;
    case PLAN_PACK:
        pack(r, s, i);
        break;
    case PLAN_UNPACK:
        unpack(r, s, i);
        break;
    case PLAN_ACTIVATE:
    case PLAN_COMBINE:
    case PLAN_MOVE:
    case PLAN_ROWS:
    case PLAN_PRODUCT:
    case PLAN_CONSTANT:
        plan_list_run(r->plan, s, from(r, s->in[0], i), from(r, s->in[1], i), to(r, s->out, i));
        break;
    case PLAN_RECURRENT:
        plan_recurrent_run(r->plan, s, from(r, s->in[0], i), buffer(r, s->work, i),
                           to(r, s->out, i));
        break;
    }
    observe(r, s);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Books the time since the last call to step `s`. */
static void book(struct run *r, const struct plan_step *s)
{
    uint64_t now = 0;

    if (!r->step_ns)
        return;
    now = now_ns();
    r->step_ns[s - r->plan->steps] += now - r->last_ns;
    r->last_ns = now;
}

static void run_dense(const struct run *r, const struct plan_step *s, size_t n)
{
    if (s->kind == PLAN_INT8)
        plan_int8_dense(r->plan, s, r->scratch, n);
    else
        s->kernels->dense(&s->dense, s->packed, s->bias, from(r, s->in[0], 0), n,
                          to(r, s->out, 0));
}

static void run_block(struct run *r, size_t n, float *logits)
{
    const struct plan_step *end = r->plan->steps + r->plan->n_steps;

    for (const struct plan_step *s = r->plan->steps, *next = s; s < end; s = next) {
        while (next < end && next->segment == s->segment)
            next++;
        for (const struct plan_step *d = s; d < next && plan_is_dense(d); d++) {
            run_dense(r, d, n);
            observe(r, d);
            book(r, d);
        }
        for (size_t i = 0; i < n && !plan_is_dense(s); i++)
            for (const struct plan_step *t = s; t < next; t++) {
                run_step(r, t, i);
                book(r, t);
            }
    }
    for (size_t i = 0; i < n; i++)
        memcpy(logits + i * MODEL_CLASSES, from(r, r->plan->output, i),
               MODEL_CLASSES * sizeof(float));
}

static void run(struct run *r, size_t n, float *logits)
{
    while (n > 0) {
        size_t block = n < PLAN_BLOCK ? n : PLAN_BLOCK;

        run_block(r, block, logits);
        r->images += block * MODEL_INPUT;
        logits += block * MODEL_CLASSES;
        n -= block;
    }
}

void plan_run(const struct plan *p, const float *images, size_t n, void *scratch, float *logits)
{
    struct run r = {.plan = p, .images = images, .scratch = scratch};

    run(&r, n, logits);
}

void plan_profile(const struct plan *p, const float *images, size_t n, void *scratch,
                  float *logits, uint64_t *step_ns)
{
    struct run r = {.plan = p, .images = images, .scratch = scratch};

    r.step_ns = step_ns;
    r.last_ns = now_ns();
    run(&r, n, logits);
}

void plan_observe(const struct plan *p, const float *image, void *scratch, float *logits,
                  plan_observe_fn *fn, void *to)
{
    struct run r = {
        .plan = p, .images = image, .scratch = scratch, .observe = fn, .observer = to};

    run_block(&r, 1, logits);
}
