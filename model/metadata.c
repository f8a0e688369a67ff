#include "model/metadata.h"

#include <errno.h>
#include <math.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "model/base64.h"
#include "model/error.h"
#include "model/onnx.h"

#define PREFIX "digitd."

enum {
    TEXT_MAX = 4096,
    LABEL_MAX = 64,
};

static int no_memory(struct error *err)
{
    return error_set(err, -ENOMEM, "out of memory while reading the metadata");
}

/* Values reach logs, answers and the errors below. */
static int check_characters(const struct onnx *o, struct error *err)
{
    for (size_t i = 0; i < o->n_metadata; i++) {
        if (strncmp(o->metadata[i].key, PREFIX, strlen(PREFIX)) != 0)
            continue;
        for (const char *c = o->metadata[i].value; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                return error_set(err, -EBADMSG, "metadata '%.60s' holds a control character",
                                 o->metadata[i].key);
    }
    return 0;
}

static int read_number(const struct onnx *o, const char *key, double low, double high,
                       float *ret, struct error *err)
{
    const char *text = onnx_metadata(o, key);
    char *end = NULL;
    double value = 0;

    if (!text)
        return 0;
    value = strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high))
        return error_set(err, -EBADMSG,
                         "metadata '%s' is '%.40s'; it should be a number from %g to %g", key,
                         text, low, high);
    *ret = (float)value;
    return 0;
}

static int read_text(const struct onnx *o, const char *key, struct arena *a, const char **ret,
                     struct error *err)
{
    const char *text = onnx_metadata(o, key);

    if (text && strlen(text) > TEXT_MAX)
        return error_set(err, -EBADMSG, "metadata '%s' has %zu characters; at most %d are read",
                         key, strlen(text), TEXT_MAX);
    *ret = arena_print(a, "%s", text ? text : "");
    return *ret ? 0 : no_memory(err);
}

static int read_pixels(const struct onnx *o, const char **ret, struct error *err)
{
    static const char *const words[] = {"model", "255", "1", "auto"};
    const char *text = onnx_metadata(o, "digitd.pixels");

    *ret = words[0];
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && text; i++)
        if (strcmp(text, words[i]) == 0) {
            *ret = words[i];
            return 0;
        }
    return text ? error_set(err, -EBADMSG,
                            "metadata 'digitd.pixels' is '%.40s'; it should be model, 255, 1 "
                            "or auto",
                            text)
                : 0;
}

/* "0,1,2,..." : one word for each class. */
static int read_labels(const struct onnx *o, struct arena *a, const char **ret,
                       struct error *err)
{
    static const char key[] = "digitd.labels";
    const char *text = onnx_metadata(o, key);
    const char *at = text ? text : "0,1,2,3,4,5,6,7,8,9";

    for (size_t i = 0; i < MODEL_CLASSES; i++) {
        size_t len = strcspn(at, ",");
        bool last = i + 1 == MODEL_CLASSES;

        if (len == 0 || len > LABEL_MAX || (at[len] == '\0') != last)
            return error_set(err, -EBADMSG,
                             "metadata '%s' is '%.40s'; it should be %d words with commas "
                             "between them",
                             key, text ? text : "", MODEL_CLASSES);
        ret[i] = arena_print(a, "%.*s", (int)len, at);
        if (!ret[i])
            return no_memory(err);
        at += len + 1;
    }
    return 0;
}

static int read_base64(const struct onnx *o, const char *key, struct arena *a, void **ret,
                       size_t *ret_len, struct error *err)
{
    const char *text = onnx_metadata(o, key);

    *ret = arena_alloc(a, BASE64_DECODED(text ? strlen(text) : 0), 1);
    *ret_len = 0;
    if (!*ret)
        return no_memory(err);
    if (text && base64_decode(*ret, text, strlen(text), ret_len) < 0)
        return error_set(err, -EBADMSG, "metadata '%s' is no base64", key);
    return 0;
}

static int read_golden(const struct onnx *o, struct arena *a, struct metadata *ret,
                       struct error *err)
{
    void *inputs = NULL;
    void *logits = NULL;
    size_t inputs_len = 0;
    size_t logits_len = 0;
    int r = read_base64(o, "digitd.golden_inputs", a, &inputs, &inputs_len, err);

    if (r == 0)
        r = read_base64(o, "digitd.golden_logits", a, &logits, &logits_len, err);
    if (r < 0)
        return r;
    ret->n_golden = inputs_len / MODEL_INPUT;
    if (inputs_len % MODEL_INPUT != 0 || ret->n_golden > METADATA_GOLDEN_MAX)
        return error_set(err, -EBADMSG,
                         "metadata 'digitd.golden_inputs' has %zu bytes; it should be at most "
                         "%d pictures of %d",
                         inputs_len, METADATA_GOLDEN_MAX, MODEL_INPUT);
    if (logits_len != ret->n_golden * MODEL_CLASSES * sizeof(float))
        return error_set(err, -EBADMSG,
                         "metadata 'digitd.golden_logits' has %zu bytes; it should be %zu "
                         "times %d float32 numbers",
                         logits_len, ret->n_golden, MODEL_CLASSES);
    ret->golden_inputs = inputs;
    ret->golden_logits = logits;
    return 0;
}

/* Hex of the SHA-256 of all float32 weights, as little-endian bytes in the file's order. */
static int check_weights(const struct onnx *o, struct error *err)
{
    static const char key[] = "digitd.weights_sha256";
    const char *want = onnx_metadata(o, key);
    char got[2 * SHA256_DIGEST_SIZE + 1];
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx sha;

    if (!want)
        return 0;
    sha256_init(&sha);
    for (size_t i = 0; i < o->n_initializers; i++)
        if (o->initializers[i].type == ONNX_FLOAT && o->initializers[i].count > 0)
            sha256_update(&sha, o->initializers[i].count * sizeof(float),
                          o->initializers[i].data);
    sha256_digest(&sha, sizeof(digest), digest);
    metadata_hex(digest, sizeof(digest), got);
    if (strcmp(got, want) != 0)
        return error_set(err, -EBADMSG,
                         "metadata '%s' is '%.16s...', but that of the weights is '%.16s...'",
                         key, want, got);
    return 0;
}

void metadata_hex(const uint8_t *bytes, size_t len, char *ret)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *ret++ = digits[bytes[i] >> 4];
        *ret++ = digits[bytes[i] & 15];
    }
    *ret = '\0';
}

static int read_polarity(const struct onnx *o, bool *paper_high, struct error *err)
{
    static const char key[] = "digitd.input_polarity";
    const char *text = onnx_metadata(o, key);

    *paper_high = text && strcmp(text, "paper") == 0;
    return !text || *paper_high || strcmp(text, "ink") == 0
               ? 0
               : error_set(err, -EBADMSG,
                           "metadata '%s' is '%.40s'; it should be ink or paper, whichever is "
                           "high",
                           key, text);
}

int metadata_read(const struct onnx *o, struct arena *a, struct arena *golden,
                  struct metadata *ret, struct error *err)
{
    float accuracy = 0;
    int r = check_characters(o, err);

    *ret = (struct metadata){.input_scale = 1.0F / 255, .temperature = 1, .input_std = 1};
    if (r == 0)
        r = read_number(o, "digitd.input_scale", 1e-6, 1e6, &ret->input_scale, err);
    if (r == 0)
        r = read_number(o, "digitd.input_mean", -1e6, 1e6, &ret->input_mean, err);
    if (r == 0)
        r = read_number(o, "digitd.input_std", 1e-6, 1e6, &ret->input_std, err);
    if (r == 0)
        r = read_polarity(o, &ret->paper_high, err);
    if (r == 0)
        r = read_number(o, "digitd.temperature", 0.01, 100, &ret->temperature, err);
    if (r == 0)
        r = read_number(o, "digitd.accuracy", 0, 1, &accuracy, err);
    if (r == 0)
        r = read_text(o, "digitd.accuracy", a, &ret->accuracy, err);
    if (r == 0)
        r = read_text(o, "digitd.training_data", a, &ret->training_data, err);
    if (r == 0)
        r = read_pixels(o, &ret->pixels, err);
    if (r == 0)
        r = read_labels(o, a, ret->labels, err);
    if (r == 0)
        r = check_weights(o, err);
    return r == 0 ? read_golden(o, golden, ret, err) : r;
}
