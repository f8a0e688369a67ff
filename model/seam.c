#include "model/seam.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    PAPER = 4,  /* the cost of a pixel without ink: a straight seam is a short one */
    ASIDE = 16, /* that of a column to the side */
    FEWEST = 2,
    PER_SQUARE = 8, /* and so many more where the patch is as wide as high */
};

/* The costs of the cheapest ways from the middle row to an end, by pixel. */
struct ways {
    const uint8_t *ink;
    size_t width, height, middle;
    uint32_t *costs; /* [height][width]: from this pixel, included, to its end */
};

static uint32_t least(const struct ways *w, size_t y, size_t x, size_t *column)
{
    const uint32_t *row = w->costs + y * w->width;
    uint32_t best = row[x];

    *column = x;
    if (x > 0 && row[x - 1] + ASIDE < best) {
        best = row[x - 1] + ASIDE;
        *column = x - 1;
    }
    if (x + 1 < w->width && row[x + 1] + ASIDE < best) {
        best = row[x + 1] + ASIDE;
        *column = x + 1;
    }
    return best;
}

static void add_row(struct ways *w, size_t y, size_t next)
{
    size_t column;

    for (size_t x = 0; x < w->width; x++)
        w->costs[y * w->width + x] =
            w->ink[y * w->width + x] + PAPER + least(w, next, x, &column);
}

/* Upwards above the middle, downwards below it; the middle row counts for the lower half. */
static void find_ways(struct ways *w)
{
    size_t last = w->height - 1;

    for (size_t x = 0; x < w->width; x++) {
        w->costs[x] = w->ink[x] + PAPER;
        w->costs[last * w->width + x] = w->ink[last * w->width + x] + PAPER;
    }
    for (size_t y = 1; y < w->middle; y++)
        add_row(w, y, y - 1);
    for (size_t y = last; y-- > w->middle;)
        add_row(w, y, y + 1);
}

/* Where the cheapest seams cross the middle row, none close to another. Returns how many. */
static size_t choose(const struct ways *w, size_t apart, size_t ret[SEAM_MAX])
{
    size_t most = FEWEST + PER_SQUARE * w->width / w->height, n = 0;

    while (n < most && n < SEAM_MAX) {
        uint32_t lowest = UINT32_MAX;

        for (size_t x = apart; x + apart < w->width; x++) {
            size_t column;
            uint32_t cost =
                w->costs[w->middle * w->width + x] + least(w, w->middle - 1, x, &column);
            bool is_free = true;

            for (size_t i = 0; i < n; i++)
                is_free = is_free && (x >= ret[i] + apart || ret[i] >= x + apart);
            if (is_free && cost < lowest) {
                lowest = cost;
                ret[n] = x;
            }
        }
        if (lowest == UINT32_MAX)
            break;
        n++;
    }
    return n;
}

/* Follows a seam from the middle row to both ends, never left of the one `before` it. */
static void trace(const struct ways *w, size_t middle, const uint16_t *before, uint16_t *ret)
{
    size_t x = middle;

    ret[w->middle] = (uint16_t)x;
    for (size_t y = w->middle + 1; y < w->height; y++) {
        least(w, y, x, &x);
        ret[y] = (uint16_t)x;
    }
    x = middle;
    for (size_t y = w->middle; y-- > 0;) {
        least(w, y, x, &x);
        ret[y] = (uint16_t)x;
    }
    for (size_t y = 0; before && y < w->height; y++)
        ret[y] = ret[y] > before[y] ? ret[y] : before[y];
}

static uint32_t sum_ink(const struct ways *w, const uint16_t *columns)
{
    uint32_t sum = 0;

    for (size_t y = 0; y < w->height; y++)
        sum += w->ink[y * w->width + columns[y]];
    return sum;
}

static int by_column(const void *a, const void *b)
{
    const size_t *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

int seam_find(const uint8_t *ink, size_t width, size_t height, size_t apart, struct seams *ret)
{
    struct ways w = {.ink = ink, .width = width, .height = height, .middle = height / 2};
    struct seams s = {.height = height};
    size_t middles[SEAM_MAX];
    int r = -ENOMEM;

    *ret = s;
    if (height < 2 || width < 2)
        return 0;
    w.costs = malloc(width * height * sizeof(*w.costs));
    s.columns = malloc(SEAM_MAX * height * sizeof(*s.columns));
    if (w.costs && s.columns) {
        find_ways(&w);
        s.n = choose(&w, apart, middles);
        qsort(middles, s.n, sizeof(middles[0]), by_column);
        for (size_t i = 0; i < s.n; i++) {
            uint16_t *columns = s.columns + i * height;

            trace(&w, middles[i], i > 0 ? columns - height : NULL, columns);
            s.ink[i] = sum_ink(&w, columns);
        }
        r = 0;
    }
    free(w.costs);
    if (r == 0)
        *ret = s;
    else
        seam_finish(&s);
    return r;
}

void seam_finish(struct seams *s)
{
    free(s->columns);
    *s = (struct seams){0};
}
