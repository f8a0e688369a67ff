#include "model/photo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/photo_paper.h"
#include "model/photo_sheet.h"
#include "model/photo_wipe.h"
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
    RANK = 2000, /* the strongest 1/2000 of the picture is ink, if there is ink */
};

/* How much ink and grain differ from the paper, in 1/UNIT of its brightness. */
struct contrast {
    int dark, bright; /* the strongest, each way */
    int grain;
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

static struct contrast find_contrast(const int16_t *differences, size_t pixels)
{
    uint32_t histogram[LEVELS] = {0};

    for (size_t i = 0; i < pixels; i++)
        histogram[differences[i] + EXTREME]++;
    return (struct contrast){
        .dark = -find_rank(histogram, 0, 1, pixels / RANK + 1),
        .bright = find_rank(histogram, LEVELS - 1, -1, pixels / RANK + 1),
        .grain = find_grain(histogram, pixels),
    };
}

/* Turns differences in one direction into ink, 255 where it is strongest. Returns whether there
 * is any. */
static bool find_ink(const int16_t *differences, struct contrast c, struct photo *p)
{
    int peak = p->inverted ? c.bright : c.dark;

    if (peak < FAINTEST || peak < GRAINS * c.grain)
        return false;
    for (size_t i = 0; i < p->width * p->height; i++) {
        int ink = p->inverted ? differences[i] : -differences[i];

        ink = ink <= 0 ? 0 : 255 * ink / peak;
        p->ink[i] = (uint8_t)(ink < 255 ? ink : 255);
    }
    return true;
}

/* Finds what is written: in the direction that differs most, or, if all of that reaches in from
 * the edges as a table around the paper does, in the other one. */
static int find_written(const int16_t *differences, struct photo *p, bool *ret_written)
{
    struct contrast c = find_contrast(differences, p->width * p->height);
    int r = 0;

    p->inverted = c.bright > c.dark;
    if (find_ink(differences, c, p))
        r = photo_wipe(p, ret_written);
    if (r < 0 || *ret_written)
        return r;
    p->inverted = !p->inverted;
    if (find_ink(differences, c, p))
        r = photo_wipe(p, ret_written);
    if (!*ret_written)
        p->inverted = !p->inverted;
    return r;
}

/* Leaves only the ink of a reduced picture. */
static int clean(const uint8_t *grey, struct photo *p, bool *ret_written)
{
    struct photo_paper paper = {0};
    int r = photo_paper_find(grey, p->width, p->height, &paper);
    int16_t *differences = r == 0 ? find_differences(grey, &paper, p) : NULL;

    if (r == 0)
        r = differences ? find_written(differences, p, ret_written) : -ENOMEM;
    free(differences);
    photo_paper_finish(&paper);
    return r;
}

/* The same of a sheet that lies on something of another brightness. */
static int clean_sheet(const uint8_t *grey, struct photo *p)
{
    struct photo_sheet sheet = photo_sheet_find(grey, p->width, p->height);
    struct photo part = {.width = sheet.width, .height = sheet.height};
    bool written = false;
    int r = -ENOMEM;

    if (part.width == p->width && part.height == p->height)
        return 0;

    uint8_t *cut = malloc(part.width * part.height);

    part.ink = calloc(part.width * part.height, 1);
    if (cut && part.ink) {
        for (size_t y = 0; y < part.height; y++)
            memcpy(cut + y * part.width, grey + (sheet.top + y) * p->width + sheet.left,
                   part.width);
        r = clean(cut, &part, &written);
    }
    for (size_t y = 0; y < part.height && written; y++)
        memcpy(p->ink + (sheet.top + y) * p->width + sheet.left, part.ink + y * part.width,
               part.width);
    if (written)
        p->inverted = part.inverted;
    free(cut);
    photo_finish(&part);
    return r;
}

int photo_clean(const uint8_t *grey, size_t width, size_t height, struct photo *ret)
{
    struct photo p = {.scale = ((width > height ? width : height) + SIDE_MAX - 1) / SIDE_MAX};
    bool written = false;
    int r = -ENOMEM;

    p.width = width / p.scale;
    p.height = height / p.scale;

    uint8_t *reduced = reduce(grey, width, &p);

    p.ink = calloc(p.width * p.height + 1, 1);
    if (reduced && p.ink)
        r = clean(reduced, &p, &written);
    if (r == 0 && !written)
        r = clean_sheet(reduced, &p);
    free(reduced);
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
