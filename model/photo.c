#include "model/photo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/components.h"
#include "model/photo_paper.h"
#include "model/preprocess.h"
#include "model/ring.h"

enum {
    SIDE_MIN = 64,  /* pixels; what is smaller was cut out by somebody */
    SIDE_MAX = 400, /* pixels; what is larger is averaged down */
    PAPER_NEAR = 1, /* grey levels from the ring's median */

    RULE_INK = 13,   /* grey levels, from which a rule crosses the ring */
    RULE_SHARE = 40, /* it is at most 1/40 of the short side thick */
    RULES = 8,       /* crossings that make ruled paper */

    UNIT = 128,    /* a difference as large as the paper is bright */
    DARKEST = 32,  /* grey; darker paper does not make differences larger */
    FAINTEST = 11, /* of UNIT: what stands out less is no ink */
    GRAINS = 5,    /* ink stands out from the grain by so many of its spreads */
    EXTREME = 8 * UNIT,
    LEVELS = 2 * EXTREME + 1,
    RANK = 700, /* the strongest 1/700 of the picture is ink, if there is ink */

    EDGE = 80,        /* of 255 = the strongest ink: where a stroke begins */
    CORE = 150,       /* what a stroke reaches somewhere */
    EDGE_STEP = 30,   /* between the two, where strokes part from strong rules */
    SMALLEST = 10,    /* pixels of a patch of ink */
    MAIN_SHARE = 6,   /* the largest patch of what is written has 1/6 of the ink */
    LEAST_SHARE = 25, /* a patch that belongs to the digit has 1/25 of the largest one's ink */
};

/* How many thin lines cross a side of the ring. */
static size_t count_rules(const uint8_t *side, size_t step, size_t n, uint8_t paper,
                          size_t thick)
{
    size_t rules = 0, run = 0;

    for (size_t i = 0; i < n; i++) {
        if (abs(side[i * step] - paper) >= RULE_INK) {
            run++;
            continue;
        }
        rules += run > 0 && run <= thick;
        run = 0;
    }
    return rules;
}

/* Whether paper is ruled or squared: lines reach its edges, many, and thinner than strokes. */
static bool is_ruled(const uint8_t *grey, size_t width, size_t height, uint8_t paper)
{
    size_t thick = (width < height ? width : height) / RULE_SHARE;

    return count_rules(grey, 1, width, paper, thick) +
               count_rules(grey + (height - 1) * width, 1, width, paper, thick) +
               count_rules(grey, width, height, paper, thick) +
               count_rules(grey + width - 1, width, height, paper, thick) >=
           RULES;
}

bool photo_is_one(const uint8_t *grey, size_t width, size_t height)
{
    if (width < SIDE_MIN || height < SIDE_MIN)
        return false;

    struct ring ring = ring_find(grey, width, height);
    int darkest = ring.median > PAPER_NEAR ? ring.median - PAPER_NEAR : 0;
    size_t near = 0;

    for (int i = darkest; i <= ring.median + PAPER_NEAR && i < 256; i++)
        near += ring.histogram[i];
    return 4 * near < 3 * ring.count || is_ruled(grey, width, height, ring.median);
}

/* The picture, `scale` pixels averaged to one, each way. */
static uint8_t *reduce(const uint8_t *grey, size_t stride, const struct photo *p)
{
    uint8_t *ret = malloc(p->width * p->height);
    uint32_t pixels = (uint32_t)(p->scale * p->scale);

    for (size_t y = 0; y < p->height && ret; y++)
        for (size_t x = 0; x < p->width; x++) {
            const uint8_t *from = grey + y * p->scale * stride + x * p->scale;
            uint32_t sum = pixels / 2;

            for (size_t v = 0; v < p->scale; v++)
                for (size_t u = 0; u < p->scale; u++)
                    sum += from[v * stride + u];
            ret[y * p->width + x] = (uint8_t)(sum / pixels);
        }
    return ret;
}

/* The mean of a pixel and its eight neighbours, weighed 4, 2 and 1. */
static uint8_t smooth_at(const uint8_t *grey, const struct photo *p, size_t x, size_t y)
{
    static const uint32_t weights[3] = {1, 2, 1};
    uint32_t sum = 0, weight = 0;

    for (size_t v = 0; v < 3; v++)
        for (size_t u = 0; u < 3; u++) {
            if (x + u < 1 || x + u > p->width || y + v < 1 || y + v > p->height)
                continue;
            sum += weights[u] * weights[v] * grey[(y + v - 1) * p->width + x + u - 1];
            weight += weights[u] * weights[v];
        }
    return (uint8_t)((sum + weight / 2) / weight);
}

/* How much each pixel differs from the paper, in 1/UNIT of the paper's brightness. */
static int16_t *find_differences(const uint8_t *grey, const struct photo_paper *paper,
                                 const struct photo *p)
{
    int16_t *ret = calloc(p->width * p->height, sizeof(*ret));

    for (size_t y = 0; y < p->height && ret; y++)
        for (size_t x = 0; x < p->width; x++) {
            float level = photo_paper_at(paper, x, y);
            float unit = level > DARKEST ? level : DARKEST;
            float difference = UNIT * ((float)smooth_at(grey, p, x, y) - level) / unit;

            if (difference > EXTREME)
                difference = EXTREME;
            if (difference < -EXTREME)
                difference = -EXTREME;
            ret[y * p->width + x] = (int16_t)difference;
        }
    return ret;
}

/* Where `count` of the histogram's numbers have been passed, from `at` on in steps of `step`.
 */
static int find_rank(const uint32_t histogram[LEVELS], int at, int step, size_t count)
{
    size_t passed = histogram[at];

    while (passed < count && at + step >= 0 && at + step < LEVELS) {
        at += step;
        passed += histogram[at];
    }
    return at - EXTREME;
}

/* The grain: half the spread of the middle two thirds. */
static int find_grain(const uint32_t histogram[LEVELS], size_t pixels)
{
    int low = find_rank(histogram, 0, 1, pixels / 6);
    int high = find_rank(histogram, LEVELS - 1, -1, pixels / 6);

    return (high - low + 1) / 2;
}

/* Turns differences into ink, 255 where it is strongest. Returns whether there is any. */
static bool find_ink(const int16_t *differences, struct photo *p)
{
    uint32_t histogram[LEVELS] = {0};
    size_t pixels = p->width * p->height;

    for (size_t i = 0; i < pixels; i++)
        histogram[differences[i] + EXTREME]++;

    int dark = -find_rank(histogram, 0, 1, pixels / RANK + 1);
    int bright = find_rank(histogram, LEVELS - 1, -1, pixels / RANK + 1);
    int peak = dark > bright ? dark : bright;
    int grain = find_grain(histogram, pixels);

    p->inverted = bright > dark;
    if (peak < FAINTEST || peak < GRAINS * grain)
        return false;
    for (size_t i = 0; i < pixels; i++) {
        int ink = p->inverted ? differences[i] : -differences[i];

        ink = ink <= 0 ? 0 : 255 * ink / peak;
        p->ink[i] = (uint8_t)(ink < 255 ? ink : 255);
    }
    return true;
}

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
                chosen[i] =
                    chosen[k] && is_near(&c->all[i], &c->all[k], long_side(&c->all[main]));
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

/* The mean of the strokes' cores, which is to be 255. */
static uint32_t find_plateau(const struct components *c, const bool *chosen,
                             const struct photo *p)
{
    uint64_t sum = 0, count = 0;

    for (size_t i = 0; i < p->width * p->height; i++)
        if (p->ink[i] >= CORE && c->labels[i] && chosen[c->labels[i] - 1]) {
            sum += p->ink[i];
            count++;
        }
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

/* Wipes whatever is not written: specks, edges, the grain of the paper. */
static int wipe(struct photo *p)
{
    struct components c = {0};
    bool chosen[COMPONENTS_MAX] = {false};
    int r = find_patches(p, &c);

    if (r < 0)
        return r;
    choose(&c, p, chosen);

    uint32_t plateau = find_plateau(&c, chosen, p);

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

int photo_clean(const uint8_t *grey, size_t width, size_t height, struct photo *ret)
{
    struct photo_paper paper = {0};
    struct photo p = {.scale = ((width > height ? width : height) + SIDE_MAX - 1) / SIDE_MAX};
    int16_t *differences = NULL;
    int r = -ENOMEM;

    p.width = width / p.scale;
    p.height = height / p.scale;

    uint8_t *reduced = reduce(grey, width, &p);

    p.ink = calloc(p.width * p.height + 1, 1);
    if (reduced && p.ink)
        r = photo_paper_find(reduced, p.width, p.height, &paper);
    if (r == 0)
        differences = find_differences(reduced, &paper, &p);
    if (r == 0)
        r = differences ? 0 : -ENOMEM;
    if (r == 0 && find_ink(differences, &p))
        r = wipe(&p);
    free(differences);
    free(reduced);
    photo_paper_finish(&paper);
    if (r < 0)
        photo_finish(&p);
    else
        *ret = p;
    return r;
}

int photo_preprocess(const uint8_t *grey, size_t width, size_t height, struct preprocess *ret)
{
    struct photo p = {0};

    if (!photo_is_one(grey, width, height)) {
        preprocess(grey, width, height, ret);
        return 0;
    }
    int r = photo_clean(grey, width, height, &p);

    if (r < 0)
        return r;
    preprocess(p.ink, p.width, p.height, ret);
    ret->inverted = p.inverted;
    ret->left *= p.scale;
    ret->top *= p.scale;
    ret->right *= p.scale;
    ret->bottom *= p.scale;
    photo_finish(&p);
    return 0;
}

void photo_finish(struct photo *p)
{
    free(p->ink);
    *p = (struct photo){0};
}
