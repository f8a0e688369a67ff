#include "model/components.h"

#include <errno.h>
#include <stdlib.h>

/* What a fill needs to know. */
struct fill {
    const uint8_t *ink;
    size_t width, height;
    uint8_t threshold;
    uint16_t *labels;
    uint32_t *stack; /* pixels to visit; each is pushed once at most */
};

static void take(struct component *c, size_t x, size_t y, uint8_t ink)
{
    c->left = c->left < x ? c->left : x;
    c->right = c->right > x + 1 ? c->right : x + 1;
    c->top = c->top < y ? c->top : y;
    c->bottom = c->bottom > y + 1 ? c->bottom : y + 1;
    c->area++;
    c->mass += ink;
    c->peak = c->peak > ink ? c->peak : ink;
}

/* Labels the neighbours of a pixel that belong to its patch, and puts them on the stack, which
 * holds `n`. Returns how many it holds then. */
static size_t spread(const struct fill *f, size_t x, size_t y, uint16_t label, size_t n)
{
    size_t x_end = x + 2 < f->width ? x + 2 : f->width;
    size_t y_end = y + 2 < f->height ? y + 2 : f->height;

    for (size_t v = y > 0 ? y - 1 : 0; v < y_end; v++)
        for (size_t u = x > 0 ? x - 1 : 0; u < x_end; u++) {
            size_t to = v * f->width + u;

            if (f->labels[to] || f->ink[to] < f->threshold)
                continue;
            f->labels[to] = label;
            f->stack[n++] = (uint32_t)to;
        }
    return n;
}

/* Labels the patch that holds pixel `start`, and measures it. */
static struct component fill(const struct fill *f, size_t start, uint16_t label)
{
    struct component found = {.left = f->width, .top = f->height};
    size_t width = f->width > 1 ? f->width : 1; /* there is a pixel */
    size_t n = 0;

    f->stack[n++] = (uint32_t)start;
    f->labels[start] = label;
    while (n > 0) {
        size_t at = f->stack[--n];

        take(&found, at % width, at / width, f->ink[at]);
        n = spread(f, at % width, at / width, label, n);
    }
    return found;
}

int components_find(const uint8_t *ink, size_t width, size_t height, uint8_t threshold,
                    struct components *ret)
{
    const size_t pixels = width * height;
    struct components c = {.labels = calloc(pixels, sizeof(*c.labels)),
                           .all = calloc(COMPONENTS_MAX, sizeof(*c.all))};
    struct fill f = {ink,       width,    height,
                     threshold, c.labels, malloc(pixels * sizeof(*f.stack))};
    int r = c.labels && c.all && f.stack ? 0 : -ENOMEM;

    for (size_t i = 0; i < pixels && r == 0 && c.n < COMPONENTS_MAX; i++)
        if (ink[i] >= threshold && !c.labels[i]) {
            c.all[c.n] = fill(&f, i, (uint16_t)(c.n + 1));
            c.n++;
        }
    free(f.stack);
    if (r < 0)
        components_finish(&c);
    else
        *ret = c;
    return r;
}

void components_finish(struct components *c)
{
    free(c->labels);
    free(c->all);
    *c = (struct components){0};
}
