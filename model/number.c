#include "model/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "model/photo.h"
#include "model/ring.h"
#include "model/segment.h"

enum {
    SIDE_MAX = 512, /* pixels; what is larger is averaged down */
    RUN_MAX = 12,   /* pieces of one digit */
    NEAR = 15,      /* percent of the height: so far apart may two pieces of one digit be */
    WIDEST = 150,   /* percent of the height: the width of a digit */
    WIDE = 120,     /* percent of its own height: a wider digit is suspicious */
    TALL = 65,      /* percent of the tallest: two such pieces apart are hardly one digit */
    LOW = 45,       /* percent of the tallest: a lower digit is suspicious */
    TOUCHING = 90,  /* percent of its height: a part as wide that cannot be read are several */
    TOO_WIDE = 180, /* percent of its height: whatever it reads as */
};

/* Costs of a run of pieces, such that exp(-cost) is how likely it is to be one digit. Found on
 * lines of training's held-out digits (benchmarks/number_lines.py). */
#define COST_UNSURE   9.0F /* times -log(confidence): parts of digits often look like others */
#define COST_NO_DIGIT 18.0F
#define COST_CUT      3.0F  /* ink must be cut for a reason, */
#define COST_INK      12.0F /* and a seam along ink as high as the digit for a better one */
#define COST_LOW      9.0F
#define COST_WIDE     3.6F
#define COST_APART    4.5F

#define SURE     0.6F
#define SURE_CUT 0.85F /* of a digit that had to be cut from its neighbour */

/* The picture's ink, of a size fit to be searched. */
struct ink {
    uint8_t *pixels; /* [height][width], 0 = paper */
    size_t width, height, scale;
};

/* Pieces in a row read as one digit. */
struct reading {
    float cost;       /* INFINITY: they cannot be one */
    float confidence; /* 0..1 */
    uint8_t digit;
};

/* The cheapest way to read all pieces up to some place. */
struct way {
    float cost;
    size_t run; /* of its last digit */
};

struct search {
    const struct model *model;
    void *scratch;
    const struct ink *ink;
    struct segment pieces;
    uint8_t *picture;         /* room for any run, drawn by itself */
    struct reading *readings; /* [n + 1][RUN_MAX + 1]: of the run's end and length */
    struct way *best;         /* [n + 1], by the pieces that are read */
    double *before, *behind;  /* [n + 1]: costs of all ways to read what is there together */
};

/* The cost of doing the one or the other: -log(exp(-a) + exp(-b)), without underflow. */
static double either(double a, double b)
{
    double least = fmin(a, b), most = fmax(a, b);

    return isfinite(most) ? least - log1p(exp(least - most)) : least;
}

static struct reading *reading_of(const struct search *s, size_t end, size_t count)
{
    return &s->readings[end * (RUN_MAX + 1) + count];
}

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

        if (!s->pieces[i].cut && s->pieces[i].left > before.right &&
            100 * (s->pieces[i].left - before.right) > NEAR * s->high)
            return false;
    }
    return count == 1 || 100 * (box.right - box.left) <= WIDEST * s->high;
}

/* What the pieces look like by themselves. */
static struct preprocess see_pieces(const struct search *s, size_t first, size_t count)
{
    struct segment_piece box = segment_box(&s->pieces, first, count);
    struct preprocess seen;

    segment_draw(&s->pieces, s->ink->pixels, first, count, s->picture);
    preprocess(s->picture, box.right - box.left + 2, box.bottom - box.top + 2, &seen);
    seen.left = box.left;
    seen.top = box.top;
    seen.right = box.right;
    seen.bottom = box.bottom;
    return seen;
}

/* The digit that the pieces show, with a confidence of 0 if their shape forbids it. */
static struct reading read_pieces(const struct search *s, size_t first, size_t count)
{
    const float scale = model_info(s->model)->input_scale;
    float image[MODEL_INPUT], logits[MODEL_CLASSES], probabilities[MODEL_CLASSES];
    struct preprocess seen = see_pieces(s, first, count);
    struct reading one = {0};

    if (seen.verdict != PREPROCESS_DIGIT)
        return one;
    for (size_t i = 0; i < MODEL_INPUT; i++)
        image[i] = (float)seen.pixels[i] * scale;
    model_predict(s->model, image, 1, s->scratch, logits, probabilities);
    for (size_t i = 0; i < MODEL_CLASSES; i++)
        if (probabilities[i] > one.confidence) {
            one.confidence = probabilities[i];
            one.digit = (uint8_t)i;
        }
    return one;
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

static float cost_of(const struct search *s, size_t first, size_t count, float confidence)
{
    struct segment_piece box = segment_box(&s->pieces, first, count);
    size_t wide = box.right - box.left, high = box.bottom - box.top;
    float cost =
        confidence > 0 ? fminf(-COST_UNSURE * logf(confidence), COST_NO_DIGIT) : COST_NO_DIGIT;

    if (s->pieces.pieces[first].cut)
        cost += COST_CUT + COST_INK * (float)s->pieces.pieces[first].ink / 100;
    if (100 * high < LOW * s->pieces.high)
        cost += COST_LOW;
    if (100 * wide > WIDE * high)
        cost += COST_WIDE;
    if (is_apart(&s->pieces, first, count))
        cost += COST_APART;
    return cost;
}

/* Tries `count` pieces before `end` as the last digit. */
static void try_run(struct search *s, size_t end, size_t count)
{
    struct reading *one = reading_of(s, end, count);
    struct way way = {.run = count};

    one->cost = INFINITY;
    if (!may_be_one(&s->pieces, end - count, count))
        return;
    *one = read_pieces(s, end - count, count);
    one->cost = cost_of(s, end - count, count, one->confidence);
    way.cost = s->best[end - count].cost + one->cost;
    if (s->best[end].run == 0 || way.cost < s->best[end].cost)
        s->best[end] = way;
    s->before[end] = either(s->before[end], s->before[end - count] + (double)one->cost);
}

/* How likely it is that the piece `middle` belongs to this digit, whatever the cuts around it.
 */
static float share_of(const struct search *s, size_t middle, uint8_t digit)
{
    double cost = (double)INFINITY;

    for (size_t end = middle + 1; end <= s->pieces.n; end++)
        for (size_t count = end - middle; count <= RUN_MAX && count <= end; count++) {
            const struct reading *one = reading_of(s, end, count);

            if (one->cost < INFINITY && one->digit == digit)
                cost =
                    either(cost, s->before[end - count] + (double)one->cost + s->behind[end]);
        }
    return (float)fmin(exp(s->before[s->pieces.n] - cost), 1);
}

/* Whether the pieces could as well belong to other digits, all ways to cut being weighed. */
static bool is_doubtful(const struct search *s, size_t end, size_t count)
{
    const struct segment *pieces = &s->pieces;
    const struct reading *one = reading_of(s, end, count);
    float share = share_of(s, end - (count + 1) / 2, one->digit);

    if (pieces->pieces[end - count].cut || (end < pieces->n && pieces->pieces[end].cut))
        return share * one->confidence < SURE_CUT;
    return one->confidence >= SURE && share < SURE;
}

static struct preprocess finish(const struct search *s, size_t end)
{
    size_t count = s->best[end].run;
    struct preprocess seen = see_pieces(s, end - count, count);
    const struct reading *one = reading_of(s, end, count);
    size_t wide = seen.right - seen.left, high = seen.bottom - seen.top;
    bool unread = one->confidence < SURE && 100 * wide > TOUCHING * high;

    if (seen.verdict == PREPROCESS_DIGIT &&
        (unread || is_doubtful(s, end, count) || 100 * wide > TOO_WIDE * high))
        seen.verdict = PREPROCESS_SEVERAL;
    seen.left *= s->ink->scale;
    seen.top *= s->ink->scale;
    seen.right *= s->ink->scale;
    seen.bottom *= s->ink->scale;
    return seen;
}

/* Fills `behind` as try_run() fills `before`. */
static void sum_behind(struct search *s)
{
    size_t n = s->pieces.n;

    for (size_t start = n; start-- > 0;) {
        s->behind[start] = (double)INFINITY;
        for (size_t count = 1; count <= RUN_MAX && start + count <= n; count++) {
            const struct reading *one = reading_of(s, start + count, count);

            s->behind[start] =
                either(s->behind[start], s->behind[start + count] + (double)one->cost);
        }
    }
}

/* The cheapest way to read all pieces, from the last back to the first. */
static void read_best(struct search *s, struct number *ret)
{
    size_t n = s->pieces.n;

    for (size_t end = 1; end <= n; end++) {
        s->before[end] = (double)INFINITY;
        for (size_t count = 1; count <= RUN_MAX && count <= end; count++)
            try_run(s, end, count);
    }
    sum_behind(s);
    ret->n = 0;
    for (size_t end = n; end > 0; end -= s->best[end].run)
        ret->n++;
    for (size_t end = n, i = ret->n; i-- > 0; end -= s->best[end].run)
        ret->digits[i] = finish(s, end);
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
        s.readings = calloc((s.pieces.n + 1) * (RUN_MAX + 1), sizeof(*s.readings));
        s.best = calloc(s.pieces.n + 1, sizeof(*s.best));
        s.before = calloc(s.pieces.n + 1, sizeof(*s.before));
        s.behind = calloc(s.pieces.n + 1, sizeof(*s.behind));
        r = s.picture && s.readings && s.best && s.before && s.behind ? 0 : -ENOMEM;
    }
    if (r == 0)
        read_best(&s, ret);
    segment_finish(&s.pieces);
    free(s.picture);
    free(s.readings);
    free(s.best);
    free(s.before);
    free(s.behind);
    free(pixels);
    return r;
}
