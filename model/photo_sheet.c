#include "model/photo_sheet.h"

#include <stdbool.h>

enum {
    LEVELS = 256,
    DARKER = 65,    /* percent of the middle's brightness: what is darker is no paper */
    BRIGHTER = 155, /* the same for a board */
    LEAST = 48,     /* pixels of a sheet, each way */
    MARGIN = 2,     /* pixels of it that are taken with what is beside */
};

struct range {
    int from, to; /* greys of the sheet */
};

/* About the median of the picture's middle. */
static struct range find_range(const uint8_t *grey, size_t width, size_t height)
{
    size_t histogram[LEVELS] = {0};
    size_t count = 0, below = 0;
    int level = -1;

    for (size_t y = height / 4; y < height - height / 4; y++)
        for (size_t x = width / 4; x < width - width / 4; x++, count++)
            histogram[grey[y * width + x]]++;
    while (2 * below < count)
        below += histogram[++level];
    return (struct range){level * DARKER / 100, level * BRIGHTER / 100};
}

/* Whether most of a row or column is no sheet. */
static bool is_outside(const uint8_t *line, size_t step, size_t n, struct range r)
{
    size_t outside = 0;

    for (size_t i = 0; i < n; i++)
        outside += line[i * step] < r.from || line[i * step] > r.to;
    return 2 * outside > n;
}

static bool take_column(const uint8_t *grey, size_t width, struct photo_sheet *s,
                        struct range r)
{
    const uint8_t *top = grey + s->top * width;
    bool left = is_outside(top + s->left, width, s->height, r);

    if (!left && !is_outside(top + s->left + s->width - 1, width, s->height, r))
        return false;
    s->left += left;
    s->width--;
    return true;
}

static bool take_row(const uint8_t *grey, size_t width, struct photo_sheet *s, struct range r)
{
    const uint8_t *left = grey + s->left;
    bool top = is_outside(left + s->top * width, 1, s->width, r);

    if (!top && !is_outside(left + (s->top + s->height - 1) * width, 1, s->width, r))
        return false;
    s->top += top;
    s->height--;
    return true;
}

struct photo_sheet photo_sheet_find(const uint8_t *grey, size_t width, size_t height)
{
    const struct photo_sheet all = {.width = width, .height = height};
    struct photo_sheet s = all;
    struct range r = find_range(grey, width, height);
    bool more = true;

    while (more && s.width > LEAST && s.height > LEAST) {
        more = take_column(grey, width, &s, r);
        more = take_row(grey, width, &s, r) || more;
    }
    if (s.width <= LEAST || s.height <= LEAST || (s.width == width && s.height == height))
        return all;
    s.left += MARGIN;
    s.top += MARGIN;
    s.width -= 2 * MARGIN;
    s.height -= 2 * MARGIN;
    return s;
}
