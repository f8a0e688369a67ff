#include "server/batch.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/number.h"
#include "model/photo.h"
#include "server/metrics.h"
#include "server/registry.h"

enum {
    KEPT_MAX = 1 << 20, /* bytes of arrays that batch_reset() keeps */
    SCRATCH_ALIGNMENT = 64,
    TIMED_RUN = 32, /* images between two looks at the clock */
};

static void free_arrays(struct batch *b)
{
    free(b->images);
    free(b->logits);
    free(b->probabilities);
    free(b->seen);
    b->images = b->logits = b->probabilities = NULL;
    b->seen = NULL;
    b->capacity = 0;
}

void batch_reset(struct batch *b)
{
    const size_t kept = KEPT_MAX / (sizeof(float) * (MODEL_INPUT + 2 * MODEL_CLASSES));

    if (b->capacity > kept)
        free_arrays(b);
    free(b->seen); /* its presence says that there were pictures */
    b->seen = NULL;
    b->n = 0;
    b->preprocess_ns = 0;
    b->number = false;
    memset(&b->wish, 0, sizeof(b->wish));
}

void batch_finish(struct batch *b)
{
    free_arrays(b);
    free(b->scratch);
    *b = (struct batch){0};
}

static int grow_floats(float **array, size_t count)
{
    float *grown = realloc(*array, count * sizeof(float));

    if (!grown)
        return -ENOMEM;
    *array = grown;
    return 0;
}

/* Room in `seen` for `capacity` images, of which the new ones are no pictures. */
static int grow_seen(struct batch *b, size_t used, size_t capacity)
{
    struct preprocess *grown = realloc(b->seen, capacity * sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    memset(grown + used, 0, (capacity - used) * sizeof(*grown));
    b->seen = grown;
    return 0;
}

static int grow(struct batch *b, size_t n)
{
    size_t capacity = 2 * b->capacity > n ? 2 * b->capacity : n;

    if (capacity > b->max)
        capacity = b->max;
    int r = grow_floats(&b->images, capacity * MODEL_INPUT);

    if (r == 0)
        r = grow_floats(&b->logits, capacity * MODEL_CLASSES);
    if (r == 0)
        r = grow_floats(&b->probabilities, capacity * MODEL_CLASSES);
    if (r == 0 && b->seen)
        r = grow_seen(b, b->capacity, capacity);
    if (r == 0)
        b->capacity = capacity;
    return r;
}

int batch_add(struct batch *b, size_t n, float **ret, struct error *err)
{
    if (n > b->max - b->n)
        return error_set(err, -E2BIG,
                         "a request may hold %zu images at most, this one has %s%zu", b->max,
                         b->n > 0 ? "more than " : "", b->n > 0 ? b->max : n);
    if (n > b->capacity - b->n && grow(b, b->n + n) < 0)
        return error_set(err, -ENOMEM, "out of memory for %zu images", b->n + n);
    *ret = b->images + b->n * MODEL_INPUT;
    b->n += n;
    return 0;
}

/* Pixels as the model wants them. */
static void scale_pixels(const struct batch *b, const uint8_t *pixels, float *ret)
{
    const float scale = model_info(b->served->model)->input_scale;

    for (size_t i = 0; i < MODEL_INPUT; i++)
        ret[i] = (float)pixels[i] * scale;
}

int batch_add_finished(struct batch *b, const uint8_t *pixels, struct error *err)
{
    float *image;
    int r = batch_add(b, 1, &image, err);

    if (r == 0)
        scale_pixels(b, pixels, image);
    return r;
}

static int need_scratch(struct batch *b, size_t len)
{
    if (len <= b->scratch_len)
        return 0;
    len = (len + SCRATCH_ALIGNMENT - 1) / SCRATCH_ALIGNMENT * SCRATCH_ALIGNMENT;
    void *scratch = aligned_alloc(SCRATCH_ALIGNMENT, len);

    if (!scratch)
        return -ENOMEM;
    free(b->scratch);
    b->scratch = scratch;
    b->scratch_len = len;
    return 0;
}

/* Room for `n` images that are pictures. */
static int add_seen(struct batch *b, size_t n, struct error *err)
{
    float *images;
    int r = batch_add(b, n, &images, err);

    if (r == 0 && !b->seen && grow_seen(b, 0, b->capacity) < 0) {
        b->n -= n;
        r = error_set(err, -ENOMEM, "out of memory for a picture");
    }
    return r;
}

/* Finds the digits of a picture. Returns 0; -E2BIG, -ENOMEM. */
static int add_number(struct batch *b, const struct image *picture, struct error *err)
{
    struct number found;

    if (need_scratch(b, model_scratch(b->served->model)) < 0 ||
        number_find(b->served->model, picture->grey, picture->width, picture->height,
                    b->scratch, &found) < 0)
        return error_set(err, -ENOMEM, "out of memory for a number");

    size_t first = b->n, n = found.n > 0 ? found.n : 1;
    int r = add_seen(b, n, err);

    if (r < 0)
        return r;
    if (found.n == 0)
        found.digits[0] = (struct preprocess){.verdict = PREPROCESS_BLANK};
    for (size_t i = 0; i < n; i++) {
        b->seen[first + i] = found.digits[i];
        scale_pixels(b, found.digits[i].pixels, b->images + (first + i) * MODEL_INPUT);
    }
    return 0;
}

static int add_digit(struct batch *b, const struct image *picture, struct error *err)
{
    int r = add_seen(b, 1, err);

    if (r < 0)
        return r;
    struct preprocess *seen = &b->seen[b->n - 1];

    if (photo_preprocess(picture->grey, picture->width, picture->height, seen) < 0) {
        b->n--;
        return error_set(err, -ENOMEM, "out of memory for a picture");
    }
    scale_pixels(b, seen->pixels, b->images + (b->n - 1) * MODEL_INPUT);
    return 0;
}

int batch_add_picture(struct batch *b, const struct image *picture, struct error *err)
{
    uint64_t begin = metrics_now();
    int r = b->number ? add_number(b, picture, err) : add_digit(b, picture, err);

    b->preprocess_ns += metrics_now() - begin;
    return r;
}

static bool is_digit(const struct batch *b, size_t i)
{
    return !b->seen || b->seen[i].verdict == PREPROCESS_DIGIT;
}

/* Inside the network greater values could overflow, become NaN, and then 0 in a Relu: a
 * plausible answer to nothing. */
static int check_magnitude(const struct batch *b, struct error *err)
{
    const float *values = b->images;
    size_t n = b->n * MODEL_INPUT;

    if (!pixels_exceed(values, n, BATCH_VALUE_MAX))
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(values[i]) <= BATCH_VALUE_MAX))
            return error_set(
                err, -EINVAL,
                "image %zu has the value %g; expected pixels, at most %g either way",
                i / MODEL_INPUT, (double)values[i], (double)BATCH_VALUE_MAX);
    return 0;
}

/* The network may still have weights that large. */
static int check_finite(const struct batch *b, struct error *err)
{
    for (size_t i = 0; i < b->n * MODEL_CLASSES; i++)
        if (!isfinite(b->logits[i]) || !isfinite(b->probabilities[i]))
            return error_set(err, -EINVAL, "the answer to image %zu is not finite",
                             i / MODEL_CLASSES);
    return 0;
}

static int check_time(const struct batch *b, size_t done, struct error *err)
{
    uint64_t passed = b->wish.timeout_ns ? metrics_now() - b->begin_ns : 0;

    if (passed <= b->wish.timeout_ns)
        return 0;
    return error_set(err, -ETIMEDOUT,
                     "the request's timeout of %.6g us has passed after %.6g us, with %zu of "
                     "%zu images predicted",
                     (double)b->wish.timeout_ns / 1e3, (double)passed / 1e3, done, b->n);
}

/* How many images from `i` on, all digits or none of them, are predicted at once. */
static size_t run(const struct batch *b, size_t i)
{
    size_t n = 1;

    while (i + n < b->n && is_digit(b, i + n) == is_digit(b, i))
        n++;
    return b->wish.timeout_ns && n > TIMED_RUN ? TIMED_RUN : n;
}

int batch_predict(struct batch *b, struct error *err)
{
    const struct model *m = b->served->model;
    size_t n;

    int r = check_magnitude(b, err);

    if (r < 0)
        return r;
    if (need_scratch(b, model_scratch(m)) < 0)
        return error_set(err, -ENOMEM, "out of memory for a prediction");
    for (size_t i = 0; i < b->n; i += n) {
        float *logits = b->logits + i * MODEL_CLASSES;
        float *probabilities = b->probabilities + i * MODEL_CLASSES;

        n = run(b, i);
        r = check_time(b, i, err);
        if (r < 0)
            return r;
        if (is_digit(b, i)) {
            model_predict(m, b->images + i * MODEL_INPUT, n, b->scratch, logits, probabilities);
        } else {
            memset(logits, 0, n * MODEL_CLASSES * sizeof(float));
            memset(probabilities, 0, n * MODEL_CLASSES * sizeof(float));
        }
    }
    return check_finite(b, err);
}
