#include "model/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/components.h"

enum {
    FAINTEST = 26,  /* grey; weaker ink is none */
    EDGE_SHARE = 4, /* a patch's pixels have at least 1/4 of the strongest ink */
    SPECK = 7,      /* a patch is at least 1/7 as long as the tallest is high */
    SHORT = 70,     /* percent of the tallest: what is lower may be a part of a digit */
    WIDE = 75,      /* percent: a piece so wide for its height may be two digits */
    CUTS = 4,       /* in one patch */
    APART = 18,     /* percent of the height: between two cuts, and to the ends */
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
                                  .cut = a.cut};
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

/* How much each column of a piece holds together: the height between its uppermost and its
 * lowest ink, and the ink itself. Round digits that touch do so where there is much ink, but
 * little height. */
static void find_columns(const struct segment *s, size_t piece, uint32_t *ret)
{
    struct segment_piece box = s->pieces[piece];

    for (size_t x = box.left; x < box.right; x++) {
        uint32_t top = (uint32_t)s->height, bottom = 0, count = 0;

        for (size_t y = box.top; y < box.bottom; y++) {
            if (s->owners[y * s->width + x] != piece + 1)
                continue;
            top = top < y ? top : (uint32_t)y;
            bottom = (uint32_t)y + 1;
            count++;
        }
        ret[x - box.left] = bottom > top ? bottom - top + count : 0;
    }
}

/* The weakest places of a piece, none close to another or to an end. Returns how many. */
static size_t find_cuts(const uint32_t *columns, size_t width, size_t apart, size_t ret[CUTS])
{
    size_t n = 0;

    while (n < CUTS) {
        size_t best = 0;

        for (size_t x = apart; x + apart < width; x++) {
            bool is_free = true;

            for (size_t i = 0; i < n; i++)
                is_free = is_free && (x >= ret[i] + apart || ret[i] >= x + apart);
            if (is_free && (best == 0 || columns[x] < columns[best]))
                best = x;
        }
        if (best == 0)
            break;
        ret[n++] = best;
    }
    return n;
}

/* The box of a piece's ink once it ends at its new sides. */
static void tighten(struct segment *s, size_t piece)
{
    struct segment_piece *box = &s->pieces[piece];
    size_t top = box->bottom, bottom = box->top;

    for (size_t y = box->top; y < box->bottom; y++)
        for (size_t x = box->left; x < box->right; x++)
            if (s->owners[y * s->width + x] == piece + 1) {
                top = smaller(top, y);
                bottom = y + 1;
            }
    box->top = smaller(top, bottom);
    box->bottom = bottom;
}

/* Splits a piece at column `x`; those behind it move up. */
static void cut(struct segment *s, size_t piece, size_t x)
{
    struct segment_piece whole = s->pieces[piece];

    memmove(&s->pieces[piece + 1], &s->pieces[piece], (s->n - piece) * sizeof(s->pieces[0]));
    s->n++;
    for (size_t i = 0; i < s->width * s->height; i++)
        if (s->owners[i] > piece + 1 || (s->owners[i] == piece + 1 && i % s->width >= x))
            s->owners[i]++;
    s->pieces[piece].right = x;
    s->pieces[piece + 1].left = x;
    s->pieces[piece + 1].right = whole.right;
    s->pieces[piece + 1].cut = true;
    tighten(s, piece);
    tighten(s, piece + 1);
}

/* Cuts whatever is too wide to be surely one digit. */
static int cut_wide(struct segment *s)
{
    uint32_t *columns = calloc(s->width + 1, sizeof(*columns));
    size_t cuts[CUTS];

    if (!columns)
        return -ENOMEM;
    for (size_t i = s->n; i-- > 0;) {
        struct segment_piece box = s->pieces[i];
        size_t width = box.right - box.left, height = box.bottom - box.top;

        if (100 * width < WIDE * height || 2 * height < s->high)
            continue;
        find_columns(s, i, columns);
        size_t n = find_cuts(columns, width, APART * height / 100 + 1, cuts);

        /* From the right, so that what is cut off stays behind. */
        for (size_t done = 0; done < n && s->n < SEGMENT_MAX; done++) {
            size_t last = 0;

            for (size_t k = 1; k < n; k++)
                last = cuts[k] > cuts[last] ? k : last;
            cut(s, i, box.left + cuts[last]);
            cuts[last] = 0;
        }
    }
    free(columns);
    return 0;
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
        r = cut_wide(&s);
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
