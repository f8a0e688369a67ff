#include "model/preprocess.h"

#include <string.h>

#include "model/ring.h"

enum {
    FAINTEST_INK = 26,  /* a picture without a mark of 10 % holds no ink */
    BOX_THRESHOLD = 13, /* 5 %: what counts as ink when the box is drawn */
    SMALLEST_BOX = 3,   /* pixels; smaller in both directions is a speck */
    BOX = 20,           /* side of the square that MNIST fits its digits into */
    MIDDLE = 15,        /* where it puts their centre of mass, less the rounding */

    /* Of the 70,000 images of MNIST and 10,992 pen drawings, the widest is 2.22 times as wide
     * as high, and the fullest has a mean of 199 in its box. */
    WIDEST = 4,    /* times as wide as high */
    FULLEST = 220, /* mean grey of the box */

    /* Of MNIST and the pen drawings, one in 10,000 falls into two such halves. */
    GAP_INK = 40,   /* grey; an empty column has less everywhere */
    HALF_HIGH = 2,  /* a half is at least 1/2 as high as the whole */
    HALF_SHARE = 5, /* and has at least 1/5 of its ink */
};

/* What is in some columns of `pixels`. */
struct half {
    size_t top, bottom;
    uint32_t ink;
};

/* Where one of the BOX targets of an axis lies in the ink's box: from pixel `first` to pixel
 * `last`, both included. Weights are in 1/BOX of a pixel, so that all areas are whole numbers
 * and the result is the same on every machine. */
struct span {
    size_t first, last;
    uint32_t first_weight, last_weight; /* those between weigh BOX */
};

static uint8_t ink_of(uint8_t pixel, uint8_t paper)
{
    return (uint8_t)(pixel > paper ? pixel - paper : paper - pixel);
}

/* The strongest ink of a row; columns[x] becomes the strongest so far of column x. */
static uint8_t scan_row(const uint8_t *row, size_t width, uint8_t paper, uint8_t *columns)
{
    uint8_t strongest = 0;

    for (size_t x = 0; x < width; x++) {
        uint8_t ink = ink_of(row[x], paper);

        columns[x] = columns[x] > ink ? columns[x] : ink;
        strongest = strongest > ink ? strongest : ink;
    }
    return strongest;
}

/* Sets the ink's box; returns whether there is one worth looking into. */
static bool find_box(const uint8_t *grey, size_t width, size_t height, uint8_t paper,
                     struct preprocess *ret)
{
    uint8_t columns[PREPROCESS_PICTURE_SIDE_MAX] = {0};
    uint8_t strongest = 0;

    ret->top = height;
    for (size_t y = 0; y < height; y++) {
        uint8_t ink = scan_row(grey + y * width, width, paper, columns);

        strongest = strongest > ink ? strongest : ink;
        if (ink >= BOX_THRESHOLD) {
            ret->top = ret->top < y ? ret->top : y;
            ret->bottom = y + 1;
        }
    }
    ret->left = width;
    for (size_t x = 0; x < width; x++) {
        if (columns[x] >= BOX_THRESHOLD) {
            ret->left = ret->left < x ? ret->left : x;
            ret->right = x + 1;
        }
    }
    if (strongest < FAINTEST_INK) {
        ret->left = ret->top = ret->right = ret->bottom = 0;
        return false;
    }
    return ret->bottom - ret->top >= SMALLEST_BOX || ret->right - ret->left >= SMALLEST_BOX;
}

/* The spans of an axis whose `len` pixels lie in the middle of a window. The padding is whole
 * pixels, the smaller half in front, so that a picture that has this form already, such as
 * MNIST's own, comes back as it was. */
static void find_spans(size_t len, size_t window, struct span *ret)
{
    size_t begin = (window - len) / 2 * BOX;
    size_t end = begin + len * BOX;

    for (size_t i = 0; i < BOX; i++) {
        size_t from = i * window > begin ? i * window : begin;
        size_t to = (i + 1) * window < end ? (i + 1) * window : end;

        ret[i] = (struct span){.first = 1}; /* empty: all of it is padding */
        if (from >= to)
            continue;
        ret[i].first = (from - begin) / BOX;
        ret[i].last = (to - begin - 1) / BOX;
        ret[i].last_weight = (uint32_t)(to - begin - ret[i].last * BOX);
        ret[i].first_weight = (uint32_t)((ret[i].first + 1) * BOX - (from - begin));
        if (ret[i].first == ret[i].last)
            ret[i].first_weight = (uint32_t)(to - from);
    }
}

/* The ink of a row under a span: at most 255 * BOX * 4096. */
static uint32_t sum_span(const uint8_t *row, uint8_t paper, struct span s)
{
    uint32_t between = 0;

    if (s.first > s.last)
        return 0;
    for (size_t x = s.first + 1; x < s.last; x++)
        between += ink_of(row[x], paper);

    uint32_t sum = s.first_weight * ink_of(row[s.first], paper) + BOX * between;

    return s.last > s.first ? sum + s.last_weight * ink_of(row[s.last], paper) : sum;
}

static uint32_t weight_at(struct span s, size_t i)
{
    if (i == s.first)
        return s.first_weight;
    return i == s.last ? s.last_weight : BOX;
}

/* Averages the box, in the middle of its square window, to BOX x BOX areas of ink. Returns the
 * largest. */
static uint64_t resample(const uint8_t *box, size_t stride, size_t width, size_t height,
                         uint8_t paper, uint64_t ret[BOX][BOX])
{
    size_t window = width > height ? width : height;
    struct span across[BOX];
    struct span down[BOX];
    uint64_t strongest = 0;

    find_spans(width, window, across);
    find_spans(height, window, down);
    for (size_t i = 0; i < BOX; i++) {
        for (size_t y = down[i].first; y <= down[i].last; y++)
            for (size_t k = 0; k < BOX; k++)
                ret[i][k] += (uint64_t)weight_at(down[i], y) *
                             sum_span(box + y * stride, paper, across[k]);
        for (size_t k = 0; k < BOX; k++)
            strongest = strongest > ret[i][k] ? strongest : ret[i][k];
    }
    return strongest;
}

/* floor(15 - c), c being the centre of mass of BOX numbers at 0.5, 1.5, ...; kept where the
 * paste stays inside. */
static size_t find_offset(const uint32_t mass[BOX], uint32_t total)
{
    uint32_t twice = 0; /* c * 2 * total */

    for (uint32_t i = 0; i < BOX; i++)
        twice += mass[i] * (2 * i + 1);
    if (twice > 2 * MIDDLE * total)
        return 0;

    size_t offset = (2 * MIDDLE * total - twice) / (2 * total);

    return offset < PREPROCESS_SIDE - BOX ? offset : PREPROCESS_SIDE - BOX;
}

/* Makes the strongest area 255, and pastes the digit with its centre of mass in the middle.
 * Returns its total ink. */
static uint32_t paste(uint64_t area[BOX][BOX], uint64_t strongest, uint8_t *pixels)
{
    uint8_t digit[BOX][BOX];
    uint32_t rows[BOX] = {0};
    uint32_t columns[BOX] = {0};
    uint32_t total = 0;

    for (size_t i = 0; i < BOX; i++) {
        for (size_t k = 0; k < BOX; k++) {
            digit[i][k] = (uint8_t)((2 * 255 * area[i][k] + strongest) / (2 * strongest));
            rows[i] += digit[i][k];
            columns[k] += digit[i][k];
        }
        total += rows[i];
    }
    size_t top = find_offset(rows, total);
    size_t left = find_offset(columns, total);

    for (size_t i = 0; i < BOX; i++)
        memcpy(pixels + (top + i) * PREPROCESS_SIDE + left, digit[i], BOX);
    return total;
}

static struct half measure(const uint8_t *pixels, size_t left, size_t right)
{
    struct half h = {.top = PREPROCESS_SIDE};

    for (size_t y = 0; y < PREPROCESS_SIDE; y++) {
        uint8_t strongest = 0;

        for (size_t x = left; x < right; x++) {
            uint8_t ink = pixels[y * PREPROCESS_SIDE + x];

            strongest = strongest > ink ? strongest : ink;
            h.ink += ink;
        }
        if (strongest < GAP_INK)
            continue;
        h.top = h.top < y ? h.top : y;
        h.bottom = y + 1;
    }
    return h;
}

static bool is_half(struct half part, struct half whole)
{
    return part.bottom > part.top &&
           (part.bottom - part.top) * HALF_HIGH >= whole.bottom - whole.top &&
           part.ink * HALF_SHARE >= whole.ink;
}

/* Whether an empty column has much to its left and much to its right. */
static bool falls_apart(const uint8_t *pixels)
{
    struct half whole = measure(pixels, 0, PREPROCESS_SIDE);

    for (size_t x = 1; x + 1 < PREPROCESS_SIDE; x++) {
        struct half column = measure(pixels, x, x + 1);

        if (column.bottom == 0 && is_half(measure(pixels, 0, x), whole) &&
            is_half(measure(pixels, x, PREPROCESS_SIDE), whole))
            return true;
    }
    return false;
}

void preprocess(const uint8_t *grey, size_t width, size_t height, struct preprocess *ret)
{
    uint8_t paper = ring_find(grey, width, height).median;
    uint64_t area[BOX][BOX] = {{0}};

    *ret = (struct preprocess){.verdict = PREPROCESS_BLANK, .inverted = paper < 128};
    if (!find_box(grey, width, height, paper, ret))
        return;

    size_t wide = ret->right - ret->left;
    size_t high = ret->bottom - ret->top;

    uint64_t strongest =
        resample(grey + ret->top * width + ret->left, width, wide, high, paper, area);
    uint32_t ink = paste(area, strongest, ret->pixels);

    if (wide > WIDEST * high || ink > FULLEST * BOX * BOX)
        ret->verdict = PREPROCESS_NOT_A_DIGIT;
    else if (falls_apart(ret->pixels))
        ret->verdict = PREPROCESS_SEVERAL;
    else
        ret->verdict = PREPROCESS_DIGIT;
}

const char *preprocess_verdict_name(enum preprocess_verdict verdict)
{
    static const char *const names[] = {
        [PREPROCESS_DIGIT] = "digit",
        [PREPROCESS_BLANK] = "blank",
        [PREPROCESS_NOT_A_DIGIT] = "not_a_digit",
        [PREPROCESS_SEVERAL] = "several_digits",
    };

    return names[verdict];
}
