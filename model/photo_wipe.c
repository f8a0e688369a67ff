#include "model/photo_wipe.h"

#include "model/components.h"
#include "model/photo.h"

enum {
    EDGE = 80,      /* of 255 = the strongest ink: where a stroke begins */
    CORE = 150,     /* what a stroke reaches somewhere */
    EDGE_STEP = 30, /* between the two, where strokes part from strong rules */
    SMALLEST = 10,  /* pixels of a patch of ink */
    MAIN_SHARE = 6, /* the largest patch of what is written has 1/6 of the ink */
    REACH = 2,      /* as many long sides of the largest patch are between those of a number */
    LEAST_SHARE = 25, /* a patch that belongs to the digit has 1/25 of the largest one's ink */
};

static bool is_at_edge(const struct component *c, const struct photo *p)
{
    return c->left == 0 || c->top == 0 || c->right == p->width || c->bottom == p->height;
}

static bool is_ink(const struct component *c, const struct photo *p)
{
    return c->peak >= CORE && c->area >= SMALLEST && !is_at_edge(c, p);
}

static size_t gap(size_t begin, size_t end, size_t other_begin, size_t other_end)
{
    if (other_begin > end)
        return other_begin - end;
    return begin > other_end ? begin - other_end : 0;
}

static size_t long_side(const struct component *c)
{
    size_t width = c->right - c->left, height = c->bottom - c->top;

    return width > height ? width : height;
}

static bool is_near(const struct component *a, const struct component *b, size_t reach)
{
    return gap(a->left, a->right, b->left, b->right) <= reach &&
           gap(a->top, a->bottom, b->top, b->bottom) <= reach;
}

/* Marks what is written: the patch with the most ink, and from it on whatever is near enough
 * and not too small beside it. */
static void choose(const struct components *c, const struct photo *p, bool *chosen)
{
    size_t main = c->n;
    bool more = true;

    for (size_t i = 0; i < c->n; i++)
        if (is_ink(&c->all[i], p) && (main == c->n || c->all[i].mass > c->all[main].mass))
            main = i;
    if (main == c->n)
        return;
    chosen[main] = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < c->n; i++) {
            if (chosen[i] || !is_ink(&c->all[i], p) ||
                c->all[i].mass * LEAST_SHARE < c->all[main].mass)
                continue;
            for (size_t k = 0; k < c->n && !chosen[i]; k++)
                chosen[i] = chosen[k] &&
                            is_near(&c->all[i], &c->all[k], REACH * long_side(&c->all[main]));
            more = more || chosen[i];
        }
    }
}

/* Whether a pixel or one beside it belongs to what was chosen. */
static bool is_kept(const struct components *c, const bool *chosen, const struct photo *p,
                    size_t x, size_t y)
{
    for (size_t v = y - 1; v <= y + 1; v++)
        for (size_t u = x - 1; u <= x + 1; u++) {
            uint16_t label = c->labels[v * p->width + u];

            if (label && chosen[label - 1])
                return true;
        }
    return false;
}

/* The mean of the strokes' cores, which is to be 255; whether there are any. */
static uint32_t find_plateau(const struct components *c, const bool *chosen,
                             const struct photo *p, bool *ret_any)
{
    uint64_t sum = 0, count = 0;

    for (size_t i = 0; i < p->width * p->height; i++)
        if (p->ink[i] >= CORE && c->labels[i] && chosen[c->labels[i] - 1]) {
            sum += p->ink[i];
            count++;
        }
    *ret_any = count > 0;
    return count ? (uint32_t)(sum / count) : 255;
}

/* Whether the ink is free of the edges, in patches as large as those of something written. */
static bool is_free(const struct components *c, const struct photo *p)
{
    uint64_t all = 0, inside = 0, most = 0;

    for (size_t i = 0; i < c->n; i++) {
        uint64_t mass = c->all[i].mass;

        all += mass;
        if (is_at_edge(&c->all[i], p))
            continue;
        inside += mass;
        most = mass > most ? mass : most;
    }
    return 4 * inside >= 3 * all && MAIN_SHARE * most >= all;
}

/* The patches of ink. Where they hang together with the edges, as if written on ruled paper,
 * they are those of stronger ink, if that sets them free. */
static int find_patches(const struct photo *p, struct components *ret)
{
    int r = components_find(p->ink, p->width, p->height, EDGE, ret);
    bool free = r < 0 || is_free(ret, p);

    for (uint8_t edge = EDGE + EDGE_STEP; !free && edge < CORE; edge += EDGE_STEP) {
        struct components stronger = {0};

        r = components_find(p->ink, p->width, p->height, edge, &stronger);
        free = r < 0 || is_free(&stronger, p);
        if (free) {
            components_finish(ret);
            *ret = stronger;
        } else {
            components_finish(&stronger);
        }
    }
    return r;
}

int photo_wipe(struct photo *p, bool *ret_written)
{
    struct components c = {0};
    bool chosen[COMPONENTS_MAX] = {false};
    int r = find_patches(p, &c);

    if (r < 0)
        return r;
    choose(&c, p, chosen);

    uint32_t plateau = find_plateau(&c, chosen, p, ret_written);

    for (size_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++) {
            uint8_t *ink = &p->ink[y * p->width + x];
            bool inside = x > 0 && y > 0 && x + 1 < p->width && y + 1 < p->height;
            uint32_t scaled = 255U * *ink / plateau;

            if (inside && is_kept(&c, chosen, p, x, y))
                *ink = (uint8_t)(scaled < 255 ? scaled : 255);
            else
                *ink = 0;
        }
    components_finish(&c);
    return 0;
}
