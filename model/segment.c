#include "model/segment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/components.h"
#include "model/seam.h"

enum {
    FAINTEST = 26,  /* grey; weaker ink is none */
    EDGE_SHARE = 4, /* a patch's pixels have at least 1/4 of the strongest ink */
    SPECK = 7,      /* a patch is at least 1/7 as long as the tallest is high */
    SHORT = 70,     /* percent of the tallest: what is lower may be a part of a digit */
    WIDE = 75,      /* percent: a piece so wide for its height may be two digits */
    APART = 10,     /* percent of the height: between two cuts, and to the ends */
};

/* One patch, on its way to become pieces. */
struct patch {
    struct segment_piece box;
    size_t group; /* patches of one group are one piece */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct segment_piece join(struct segment_piece a, struct segment_piece b)
{
    return (struct segment_piece){.left = smaller(a.left, b.left),
                                  .top = smaller(a.top, b.top),
                                  .right = larger(a.right, b.right),
                                  .bottom = larger(a.bottom, b.bottom),
                                  .cut = a.cut,
                                  .ink = a.ink};
}

struct segment_piece segment_box(const struct segment *s, size_t first, size_t count)
{
    struct segment_piece box = s->pieces[first];

    for (size_t i = 1; i < count; i++)
        box = join(box, s->pieces[first + i]);
    return box;
}

/* Whether two patches, one of them low, stand over one another. */
static bool belong(const struct segment_piece *a, const struct segment_piece *b, size_t high)
{
    size_t low = smaller(a->bottom - a->top, b->bottom - b->top);
    size_t narrow = smaller(a->right - a->left, b->right - b->left);
    size_t left = larger(a->left, b->left), right = smaller(a->right, b->right);

    return 100 * low < SHORT * high && right > left && 2 * (right - left) >= narrow;
}

/* Gives patches that belong together one group; returns how many groups there may be. */
static void group(struct patch *patches, size_t n, size_t high)
{
    for (size_t i = 0; i < n; i++)
        patches[i].group = i;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            size_t from = patches[i].group, to = patches[k].group;

            if (from == to || !belong(&patches[i].box, &patches[k].box, high))
                continue;
            for (size_t j = 0; j < n; j++)
                if (patches[j].group == from)
                    patches[j].group = to;
        }
}

static int by_left(const void *a, const void *b)
{
    const struct patch *one = a, *other = b;

    return (one->box.left > other->box.left) - (one->box.left < other->box.left);
}

/* The patches that are no specks; returns how many. */
static size_t choose(const struct components *c, struct segment *s, struct patch *patches,
                     uint16_t *patch_of)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        s->high = larger(s->high, c->all[i].bottom - c->all[i].top);
    for (size_t i = 0; i < c->n && n < SEGMENT_MAX; i++) {
        const struct component *one = &c->all[i];

        if (larger(one->right - one->left, one->bottom - one->top) * SPECK < s->high)
            continue;
        patches[n].box =
            (struct segment_piece){one->left, one->top, one->right, one->bottom, .cut = false};
        patch_of[i] = (uint16_t)++n;
    }
    return n;
}

/* Makes groups pieces, in order, and notes them in `owners`. */
static void make_pieces(const struct components *c, struct segment *s)
{
    struct patch patches[SEGMENT_MAX] = {0};
    uint16_t patch_of[COMPONENTS_MAX] = {0}; /* by component: its patch + 1, or 0 */
    struct patch pieces[SEGMENT_MAX];        /* one of each group */
    uint8_t piece_of[SEGMENT_MAX] = {0};     /* by group: its piece + 1 */
    size_t n = choose(c, s, patches, patch_of);

    group(patches, n, s->high);
    for (size_t i = 0; i < n; i++)
        patches[patches[i].group].box = join(patches[patches[i].group].box, patches[i].box);
    for (size_t i = 0; i < n; i++)
        if (patches[i].group == i)
            pieces[s->n++] = patches[i];
    qsort(pieces, s->n, sizeof(pieces[0]), by_left);
    for (size_t i = 0; i < s->n; i++) {
        s->pieces[i] = pieces[i].box;
        piece_of[pieces[i].group] = (uint8_t)(i + 1);
    }
    for (size_t i = 0; i < s->width * s->height; i++) {
        size_t patch = c->labels[i] ? patch_of[c->labels[i] - 1] : 0;

        s->owners[i] = patch ? piece_of[patches[patch - 1].group] : 0;
    }
}

/* The box of a piece's ink; an empty one if it has none. */
static void tighten(struct segment *s, size_t piece, struct segment_piece within)
{
    struct segment_piece box = {within.right, within.bottom,     within.left,
                                within.top,   .cut = within.cut, .ink = within.ink};

    for (size_t y = within.top; y < within.bottom; y++)
        for (size_t x = within.left; x < within.right; x++)
            if (s->owners[y * s->width + x] == piece + 1) {
                box.left = smaller(box.left, x);
                box.right = larger(box.right, x + 1);
                box.top = smaller(box.top, y);
                box.bottom = y + 1;
            }
    s->pieces[piece] = box;
}

/* Gives what lies right of each seam to a piece of its own; those behind it move up. */
static void split(struct segment *s, size_t piece, const struct seams *seams)
{
    struct segment_piece whole = s->pieces[piece];
    size_t n = smaller(seams->n, SEGMENT_MAX - s->n);

    for (size_t y = 0; y < s->height; y++)
        for (size_t x = 0; x < s->width; x++) {
            uint8_t *owner = &s->owners[y * s->width + x];
            size_t passed = *owner > piece + 1 ? n : 0;

            while (*owner == piece + 1 && passed < n &&
                   x - whole.left >= seams->columns[passed * seams->height + y - whole.top])
                passed++;
            *owner = (uint8_t)(*owner + passed);
        }
    memmove(&s->pieces[piece + 1 + n], &s->pieces[piece + 1],
            (s->n - piece - 1) * sizeof(s->pieces[0]));
    s->n += n;
    for (size_t i = 0; i <= n; i++) {
        tighten(s, piece + i, whole);
        if (i > 0) {
            s->pieces[piece + i].cut = true;
            s->pieces[piece + i].ink = 100 * seams->ink[i - 1] / (UINT8_MAX * seams->height);
        }
    }
}

/* Forgets pieces whose ink is all on the other side of a seam. */
static void drop_empty(struct segment *s)
{
    uint8_t piece_of[SEGMENT_MAX + 1] = {0};
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (s->pieces[i].right > s->pieces[i].left) {
            s->pieces[n++] = s->pieces[i];
            piece_of[i + 1] = (uint8_t)n;
        }
    for (size_t i = 0; i < s->width * s->height; i++)
        s->owners[i] = piece_of[s->owners[i]];
    s->n = n;
}

/* Cuts a piece where it may be several digits. */
static int cut(struct segment *s, const uint8_t *ink, size_t piece)
{
    struct segment_piece box = s->pieces[piece];
    size_t width = box.right - box.left, height = box.bottom - box.top;
    uint8_t *alone = calloc(width, height);
    struct seams seams = {0};
    int r = alone ? 0 : -ENOMEM;

    for (size_t y = 0; r == 0 && y < height; y++)
        for (size_t x = 0; x < width; x++) {
            size_t at = (box.top + y) * s->width + box.left + x;

            alone[y * width + x] = s->owners[at] == piece + 1 ? ink[at] : 0;
        }
    if (r == 0)
        r = seam_find(alone, width, height, APART * height / 100 + 1, &seams);
    if (r == 0)
        split(s, piece, &seams);
    seam_finish(&seams);
    free(alone);
    return r;
}

/* Cuts whatever is too wide to be surely one digit. */
static int cut_wide(struct segment *s, const uint8_t *ink)
{
    int r = 0;

    for (size_t i = s->n; r == 0 && i-- > 0;) {
        size_t width = s->pieces[i].right - s->pieces[i].left;
        size_t height = s->pieces[i].bottom - s->pieces[i].top;

        if (100 * width >= WIDE * height && 2 * height >= s->high)
            r = cut(s, ink, i);
    }
    drop_empty(s);
    return r;
}

int segment_find(const uint8_t *ink, size_t width, size_t height, struct segment *ret)
{
    struct components c = {0};
    struct segment s = {.width = width, .height = height};
    uint8_t strongest = 0;
    int r = -ENOMEM;

    s.owners = calloc(width, height);
    for (size_t i = 0; i < width * height; i++)
        strongest = strongest > ink[i] ? strongest : ink[i];
    if (s.owners)
        r = components_find(
            ink, width, height,
            strongest > FAINTEST * EDGE_SHARE ? strongest / EDGE_SHARE : FAINTEST, &c);
    if (r == 0) {
        make_pieces(&c, &s);
        r = cut_wide(&s, ink);
    }
    components_finish(&c);
    if (r < 0)
        segment_finish(&s);
    else
        *ret = s;
    return r;
}

void segment_finish(struct segment *s)
{
    free(s->owners);
    *s = (struct segment){0};
}

void segment_draw(const struct segment *s, const uint8_t *ink, size_t first, size_t count,
                  uint8_t *ret)
{
    struct segment_piece box = segment_box(s, first, count);
    size_t stride = box.right - box.left + 2;

    memset(ret, 0, stride * (box.bottom - box.top + 2));
    for (size_t y = box.top; y < box.bottom; y++)
        for (size_t x = box.left; x < box.right; x++) {
            size_t owner = s->owners[y * s->width + x];

            if (owner > first && owner <= first + count)
                ret[(y - box.top + 1) * stride + x - box.left + 1] = ink[y * s->width + x];
        }
}
