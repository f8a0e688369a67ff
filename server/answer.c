#include "server/answer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "model/base64.h"
#include "server/format.h"
#include "server/registry.h"

static int most_probable(const float p[MODEL_CLASSES])
{
    int best = 0;

    for (int k = 1; k < MODEL_CLASSES; k++)
        if (p[k] > p[best])
            best = k;
    return best;
}

int answer_digit(const struct batch *b, size_t i)
{
    return most_probable(b->probabilities + i * MODEL_CLASSES);
}

static int write_float(float value, struct buf *out)
{
    int r = buf_reserve(out, FORMAT_FLOAT_MAX);

    if (r == 0)
        out->len += format_float(out->data + out->len, value);
    return r;
}

static int write_prediction(const struct batch *b, size_t i, struct buf *out)
{
    const float *p = b->probabilities + i * MODEL_CLASSES;
    int digit = answer_digit(b, i);
    int r;

    if (answer_verdict(b, i) == PREPROCESS_DIGIT) {
        r = buf_print(out, "\"digit\":%d,\"confidence\":", digit);
        if (r == 0)
            r = write_float(p[digit], out);
    } else {
        r = buf_text(out, "\"digit\":null,\"confidence\":null");
    }
    if (r == 0)
        r = buf_text(out, ",\"probabilities\":");
    return r ? r : format_floats(out, p, MODEL_CLASSES);
}

int answer_seen(const struct batch *b, size_t i, struct buf *out)
{
    uint8_t greys[MODEL_INPUT];

    if (b->seen)
        return image_encode_png(b->seen[i].pixels, PREPROCESS_SIDE, PREPROCESS_SIDE, out);
    const float *image = b->images + i * MODEL_INPUT;
    const float scale = model_info(b->served->model)->input_scale;

    for (size_t k = 0; k < MODEL_INPUT; k++) {
        float grey = image[k] / scale + 0.5F;

        greys[k] = (uint8_t)(grey < 0 ? 0 : grey > UINT8_MAX ? UINT8_MAX : grey);
    }
    return image_encode_png(greys, MODEL_SIDE, MODEL_SIDE, out);
}

static int write_seen(const struct batch *b, size_t i, struct buf *out)
{
    char bytes[ANSWER_SEEN_MAX];
    struct buf png = {.data = bytes, .cap = sizeof(bytes), .limit = sizeof(bytes)};
    int r = answer_seen(b, i, &png);

    if (r == 0)
        r = buf_text(out, "\"data:image/png;base64,");
    if (r == 0)
        r = buf_reserve(out, BASE64_ENCODED(png.len));
    if (r == 0)
        out->len += base64_encode(out->data + out->len, png.data, png.len);
    return r ? r : buf_text(out, "\"");
}

void answer_rank(const float values[MODEL_CLASSES], size_t ret[MODEL_CLASSES])
{
    for (size_t i = 0; i < MODEL_CLASSES; i++) {
        size_t at = i;

        for (; at > 0 && values[ret[at - 1]] < values[i]; at--)
            ret[at] = ret[at - 1];
        ret[at] = i;
    }
}

enum preprocess_verdict answer_verdict_of(enum preprocess_verdict seen,
                                          const float probabilities[MODEL_CLASSES])
{
    return seen == PREPROCESS_DIGIT && probabilities[most_probable(probabilities)] < ANSWER_SURE
               ? PREPROCESS_NOT_A_DIGIT
               : seen;
}

enum preprocess_verdict answer_verdict(const struct batch *b, size_t i)
{
    bool is_picture = b->seen && b->seen[i].right > 0;

    if (is_picture)
        return answer_verdict_of(b->seen[i].verdict, b->probabilities + i * MODEL_CLASSES);
    return b->seen ? b->seen[i].verdict : PREPROCESS_DIGIT;
}

/* Where the ink is in the picture. */
static int write_box(const struct preprocess *seen, struct buf *out)
{
    if (seen->right == 0)
        return buf_text(out, ",\"box\":null");
    return buf_print(out, ",\"box\":[%zu,%zu,%zu,%zu]", seen->left, seen->top, seen->right,
                     seen->bottom);
}

int answer_write_reading(const struct batch *b, size_t i, struct buf *out)
{
    assert(i < b->n);
    enum preprocess_verdict verdict = answer_verdict(b, i);
    int r = !b->seen || b->seen[i].verdict == PREPROCESS_DIGIT
                ? write_prediction(b, i, out)
                : buf_text(out, "\"digit\":null,\"confidence\":null,\"probabilities\":null");

    return r ? r : buf_print(out, ",\"verdict\":\"%s\"", preprocess_verdict_name(verdict));
}

int answer_write(const struct batch *b, size_t i, struct buf *out)
{
    int r = answer_write_reading(b, i, out);

    if (r < 0 || !b->seen)
        return r;
    r = write_box(&b->seen[i], out);
    if (r == 0)
        r = buf_text(out, ",\"seen\":");
    return r ? r : write_seen(b, i, out);
}

static int begin(const struct batch *b, const char *list, struct buf *out)
{
    int r = buf_text(out, "{\"model_name\":");

    if (r == 0)
        r = buf_json_string(out, b->served->name, strlen(b->served->name));
    return r ? r
             : buf_print(out, ",\"model_version\":\"%s\",\"%s\":[", b->served->version_text,
                         list);
}

int answer_write_all(const struct batch *b, const char *list, answer_write_fn *write,
                     struct buf *out)
{
    int r = begin(b, list, out);

    for (size_t i = 0; i < b->n && r == 0; i++) {
        r = buf_text(out, i > 0 ? "},{" : "{");
        if (r == 0)
            r = write(b, i, out);
    }
    return r ? r : buf_text(out, "}]}");
}
