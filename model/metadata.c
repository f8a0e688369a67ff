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

/* The keys that are numbers or words, and what they may be. */
static const struct rule {
    const char *key;
    double low, high;
    const char *const *words; /* or NULL: a number */
    const char *expected;
} rules[] = {
    [MODEL_KEY_SCALE] = {PREFIX "input_scale",    1e-6, 1e6, NULL,                   "a number from 1e-06 to 1e+06" },
    [MODEL_KEY_MEAN] = {PREFIX "input_mean",     -1e6, 1e6, NULL,                   "a number from -1e+06 to 1e+06"},
    [MODEL_KEY_STD] = {PREFIX "input_std",      1e-6, 1e6, NULL,                   "a number from 1e-06 to 1e+06" },
    [MODEL_KEY_POLARITY] = {PREFIX "input_polarity", 0,    0,
                         (const char *const[]){"ink", "paper", NULL},
                         "ink or paper, whichever is high"                                                          },
    [MODEL_KEY_LAYOUT] = {PREFIX "input_layout",   0,    0,
                         (const char *const[]){"nchw", "nhwc", "nhw", "flat", NULL},
                         "nchw, nhwc, nhw or flat"                                                                  },
    [MODEL_KEY_PIXELS] = {PREFIX "pixels",         0,    0,
                         (const char *const[]){"model", "255", "1", "auto", NULL},
                         "model, 255, 1 or auto"                                                                    },
    [MODEL_KEY_TEMPERATURE] = {PREFIX "temperature",    0.01, 100, NULL,
                         "a number from 0.01 to 100"                                                                },
};

/* Keys of other kinds. */
static const char *const others[] = {
    PREFIX "labels",         PREFIX "accuracy",      PREFIX "accuracy_pen",
    PREFIX "training_data",  PREFIX "golden_inputs", PREFIX "golden_logits",
    PREFIX "weights_sha256",
};

static const char *find_word(const struct rule *rule, const char *text)
{
    for (size_t i = 0; rule->words && rule->words[i]; i++)
        if (strcmp(rule->words[i], text) == 0)
            return rule->words[i];
    return NULL;
}

/* Returns whether it is a number within the bounds. */
static bool read_double(const char *text, double low, double high, double *ret)
{
    char *end = NULL;
    double value = strtod(text, &end);

    *ret = value;
    return end != text && *end == '\0' && value >= low && value <= high;
}

static bool is_fit(const struct rule *rule, const char *text)
{
    double value = 0;

    return rule->words ? find_word(rule, text) != NULL
                       : read_double(text, rule->low, rule->high, &value);
}

const char *model_key_name(enum model_key key)
{
    return rules[key].key + strlen(PREFIX);
}

int model_check(enum model_key key, const char *value, struct error *err)
{
    return is_fit(&rules[key], value) ? 0 : error_set(err, -EINVAL, "%s", rules[key].expected);
}

/* Words of the file's own that nobody knows may be anybody's; those of people are misspelt. */
static int check_keys(const struct onnx *o, struct error *err)
{
    for (size_t i = 0; i < o->n_metadata; i++) {
        const struct onnx_metadata *m = &o->metadata[i];
        bool known = m->source == MODEL_SOURCE_FILE;

        for (size_t k = 0; k < MODEL_KEYS && !known; k++)
            known = strcmp(m->key, rules[k].key) == 0;
        for (size_t k = 0; k < sizeof(others) / sizeof(others[0]) && !known; k++)
            known = strcmp(m->key, others[k]) == 0;
        if (!known)
            return error_set(err, -EBADMSG,
                             "'%.60s' is no key that digitd knows; input_mean is one", m->key);
    }
    return 0;
}

/* The entry by key that comes first; NULL if there is none. */
static const struct onnx_metadata *find(const struct onnx *o, const char *key)
{
    for (size_t i = 0; i < o->n_metadata; i++)
        if (strcmp(o->metadata[i].key, key) == 0)
            return &o->metadata[i];
    return NULL;
}

/* A rule's value as a word, or as a number; both stay as they are without one. */
static int read_rule(const struct onnx *o, enum model_key key, const char **word, float *number,
                     struct metadata *meta, struct error *err)
{
    const struct rule *rule = &rules[key];
    const struct onnx_metadata *m = find(o, rule->key);
    double value = 0;

    if (!m)
        return 0;
    if (!is_fit(rule, m->value))
        return error_set(err, -EBADMSG, "metadata '%s' is '%.40s'; it should be %s", rule->key,
                         m->value, rule->expected);
    meta->sources[key] = m->source;
    (void)read_double(m->value, rule->low, rule->high, &value);
    if (word)
        *word = find_word(rule, m->value);
    if (number)
        *number = (float)value;
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

/* A share of pictures, kept as it is written. */
static int check_accuracy(const struct onnx *o, struct error *err)
{
    const char *text = onnx_metadata(o, "digitd.accuracy");
    double value = 0;

    if (text && !read_double(text, 0, 1, &value))
        return error_set(err, -EBADMSG,
                         "metadata 'digitd.accuracy' is '%.40s'; it should be a number from 0 "
                         "to 1",
                         text);
    return 0;
}

static int read_input(const struct onnx *o, struct metadata *m, struct error *err)
{
    const char *polarity = "ink";
    const struct {
        enum model_key key;
        const char **word;
        float *number;
    } rows[] = {
        {MODEL_KEY_SCALE,       NULL,       &m->input_scale},
        {MODEL_KEY_MEAN,        NULL,       &m->input_mean },
        {MODEL_KEY_STD,         NULL,       &m->input_std  },
        {MODEL_KEY_TEMPERATURE, NULL,       &m->temperature},
        {MODEL_KEY_POLARITY,    &polarity,  NULL           },
        {MODEL_KEY_LAYOUT,      &m->layout, NULL           },
        {MODEL_KEY_PIXELS,      &m->pixels, NULL           },
    };
    int r = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && r == 0; i++)
        r = read_rule(o, rows[i].key, rows[i].word, rows[i].number, m, err);
    m->paper_high = strcmp(polarity, "paper") == 0;
    return r;
}

/* What a picture's numbers have to become before the file's own input can be fed. */
static void set_change(struct metadata *m)
{
    double white = UINT8_MAX * (double)m->input_scale;
    double low = m->paper_high ? white : 0;

    m->input_factor = (m->paper_high ? -1.0F : 1.0F) / m->input_std;
    m->input_shift = (float)((low - (double)m->input_mean) / (double)m->input_std);
}

/* Integers are greys as they are. */
static float default_scale(const struct onnx *o)
{
    for (size_t i = 0; i < o->n_inputs; i++) {
        bool fed = onnx_takes_greys(&o->inputs[i]);

        for (size_t k = 0; k < o->n_initializers && fed; k++)
            fed = strcmp(o->initializers[k].name, o->inputs[i].name) != 0;
        if (fed)
            return 1;
    }
    return 1.0F / UINT8_MAX;
}

int metadata_read(const struct onnx *o, struct arena *a, struct arena *golden,
                  struct metadata *ret, struct error *err)
{
    int r = check_characters(o, err);

    *ret = (struct metadata){
        .input_scale = default_scale(o), .temperature = 1, .input_std = 1, .pixels = "model"};
    if (r == 0)
        r = check_keys(o, err);
    if (r == 0)
        r = read_input(o, ret, err);
    set_change(ret);
    if (r == 0)
        r = check_accuracy(o, err);
    if (r == 0)
        r = read_text(o, "digitd.accuracy", a, &ret->accuracy, err);
    if (r == 0)
        r = read_text(o, "digitd.training_data", a, &ret->training_data, err);
    if (r == 0)
        r = read_labels(o, a, ret->labels, err);
    if (r == 0)
        r = check_weights(o, err);
    return r == 0 ? read_golden(o, golden, ret, err) : r;
}
