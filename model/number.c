#include "model/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "model/photo.h"
#include "model/ring.h"
#include "model/segment.h"

enum {
    SIDE_MAX = 1024, /* pixels; what is larger is averaged down */
    RUN_MAX = 5,     /* pieces of one digit */
    NEAR = 15,       /* percent of the height: so far apart may two pieces of one digit be */
    WIDEST = 150,    /* percent of the height: the width of a digit */
    WIDE = 120,      /* percent of its own height: a wider digit is suspicious */
    TALL = 65,       /* percent of the tallest: two such pieces apart are hardly one digit */
    LOW = 45,        /* percent of the tallest: a lower digit is suspicious */
    TOUCHING = 90,   /* percent of its height: a part as wide that cannot be read are several */
    TOO_WIDE = 180,  /* percent of its height: whatever it reads as */
};

/* Costs are -log(confidence), so that they add up where confidences multiply. */
#define COST_NO_DIGIT 6.0F
#define COST_CUT      0.7F /* ink must be cut for a reason */
#define COST_LOW      1.5F
#define COST_WIDE     1.2F
#define COST_APART    1.5F
#define SURE          0.6F

/* The picture's ink, of a size fit to be searched. */
struct ink {
    uint8_t *pixels; /* [height][width], 0 = paper */
    size_t width, height, scale;
};

/* The pieces [at - run, at) read as one digit. */
struct reading {
    float cost;       /* of this and all before it */
    float confidence; /* in this */
    size_t run;       /* 0 = none */
    struct preprocess seen;
};

struct search {
    const struct model *model;
    void *scratch;
    const struct ink *ink;
    struct segment pieces;
    uint8_t *picture;     /* room for any run, drawn by itself */
    struct reading *best; /* [n + 1], by the pieces that are read */
};

static int find_drawing(const uint8_t *grey, size_t width, size_t height, struct ink *ret)
{
    uint8_t paper = ring_find(grey, width, height).median;
    size_t scale = ((width > height ? width : height) + SIDE_MAX - 1) / SIDE_MAX;
    uint32_t pixels = (uint32_t)(scale * scale);

    *ret = (struct ink){.width = width / scale, .height = height / scale, .scale = scale};
    ret->width = ret->width ? ret->width : 1;
    ret->height = ret->height ? ret->height : 1;
    ret->pixels = malloc(ret->width * ret->height);
    if (!ret->pixels)
        return -ENOMEM;
    for (size_t y = 0; y < ret->height; y++)
        for (size_t x = 0; x < ret->width; x++) {
            uint32_t sum = pixels / 2;

            for (size_t v = y * scale; v < (y + 1) * scale && v < height; v++)
                for (size_t u = x * scale; u < (x + 1) * scale && u < width; u++)
                    sum += (uint32_t)abs(grey[v * width + u] - paper);
            ret->pixels[y * ret->width + x] = (uint8_t)(sum / pixels);
        }
    return 0;
}

static int find_ink(const uint8_t *grey, size_t width, size_t height, struct ink *ret)
{
    struct photo photo;

    if (!photo_is_one(grey, width, height))
        return find_drawing(grey, width, height, ret);
    if (photo_clean(grey, width, height, &photo) < 0)
        return -ENOMEM;
    *ret = (struct ink){photo.ink, photo.width, photo.height, photo.scale};
    return 0;
}

/* Whether pieces in a row may be one digit: near one another, and not too wide. */
static bool may_be_one(const struct segment *s, size_t first, size_t count)
{
    struct segment_piece box = segment_box(s, first, count);

    for (size_t i = first + 1; i < first + count; i++) {
        struct segment_piece before = segment_box(s, first, i - first);

        if (s->pieces[i].left > before.right &&
            100 * (s->pieces[i].left - before.right) > NEAR * s->high)
            return false;
    }
    return count == 1 || 100 * (box.right - box.left) <= WIDEST * s->high;
}

/* The confidence in what the pieces show as one digit, 0 if their shape forbids it. */
static float read_pieces(struct search *s, size_t first, size_t count, struct preprocess *ret)
{
    const float scale = model_info(s->model)->input_scale;
    struct segment_piece box = segment_box(&s->pieces, first, count);
    float image[MODEL_INPUT], logits[MODEL_CLASSES], probabilities[MODEL_CLASSES];
    float best = 0;

    segment_draw(&s->pieces, s->ink->pixels, first, count, s->picture);
    preprocess(s->picture, box.right - box.left + 2, box.bottom - box.top + 2, ret);
    ret->left = box.left;
    ret->top = box.top;
    ret->right = box.right;
    ret->bottom = box.bottom;
    if (ret->verdict != PREPROCESS_DIGIT)
        return 0;
    for (size_t i = 0; i < MODEL_INPUT; i++)
        image[i] = (float)ret->pixels[i] * scale;
    model_predict(s->model, image, 1, s->scratch, logits, probabilities);
    for (size_t i = 0; i < MODEL_CLASSES; i++)
        best = fmaxf(best, probabilities[i]);
    return best;
}

/* Whether two tall pieces of a run have paper between them. */
static bool is_apart(const struct segment *s, size_t first, size_t count)
{
    for (size_t i = first + 1; i < first + count; i++) {
        struct segment_piece before = segment_box(s, first, i - first);
        const struct segment_piece *piece = &s->pieces[i];

        if (piece->left >= before.right &&
            100 * (before.bottom - before.top) > TALL * s->high &&
            100 * (piece->bottom - piece->top) > TALL * s->high && !piece->cut)
            return true;
    }
    return false;
}

static float cost_of(const struct search *s, size_t first, const struct reading *one)
{
    size_t wide = one->seen.right - one->seen.left, high = one->seen.bottom - one->seen.top;
    float confidence = one->confidence;
    float cost = confidence > 0 ? fminf(-logf(confidence), COST_NO_DIGIT) : COST_NO_DIGIT;

    if (s->pieces.pieces[first].cut)
        cost += COST_CUT;
    if (100 * high < LOW * s->pieces.high)
        cost += COST_LOW;
    if (100 * wide > WIDE * high)
        cost += COST_WIDE;
    if (is_apart(&s->pieces, first, one->run))
        cost += COST_APART;
    return cost;
}

/* Tries `count` pieces before `end` as the last digit. */
static void try_run(struct search *s, size_t end, size_t count)
{
    struct reading one = {.run = count};

    if (!may_be_one(&s->pieces, end - count, count))
        return;
    one.confidence = read_pieces(s, end - count, count, &one.seen);
    one.cost = s->best[end - count].cost + cost_of(s, end - count, &one);
    if (s->best[end].run == 0 || one.cost < s->best[end].cost)
        s->best[end] = one;
}

static struct preprocess finish(const struct search *s, const struct reading *one)
{
    struct preprocess seen = one->seen;
    size_t wide = seen.right - seen.left, high = seen.bottom - seen.top;

    if (seen.verdict == PREPROCESS_DIGIT &&
        ((one->confidence < SURE && 100 * wide > TOUCHING * high) ||
         100 * wide > TOO_WIDE * high))
        seen.verdict = PREPROCESS_SEVERAL;
    seen.left *= s->ink->scale;
    seen.top *= s->ink->scale;
    seen.right *= s->ink->scale;
    seen.bottom *= s->ink->scale;
    return seen;
}

/* The cheapest way to read all pieces, from the last back to the first. */
static void read_best(struct search *s, struct number *ret)
{
    size_t n = s->pieces.n;

    for (size_t end = 1; end <= n; end++)
        for (size_t count = 1; count <= RUN_MAX && count <= end; count++)
            try_run(s, end, count);
    ret->n = 0;
    for (size_t end = n; end > 0; end -= s->best[end].run)
        ret->n++;
    for (size_t end = n, i = ret->n; i-- > 0; end -= s->best[end].run)
        ret->digits[i] = finish(s, &s->best[end]);
}

int number_find(const struct model *m, const uint8_t *grey, size_t width, size_t height,
                void *scratch, struct number *ret)
{
    struct ink ink = {0};
    struct search s = {.model = m, .scratch = scratch, .ink = &ink};
    int r = find_ink(grey, width, height, &ink);
    uint8_t *pixels = ink.pixels;

    if (r == 0)
        r = segment_find(ink.pixels, ink.width, ink.height, &s.pieces);
    if (r == 0) {
        s.picture = malloc((ink.width + 2) * (ink.height + 2));
        s.best = calloc(s.pieces.n + 1, sizeof(*s.best));
        r = s.picture && s.best ? 0 : -ENOMEM;
    }
    if (r == 0)
        read_best(&s, ret);
    segment_finish(&s.pieces);
    free(s.picture);
    free(s.best);
    free(pixels);
    return r;
}
