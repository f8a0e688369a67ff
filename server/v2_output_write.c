#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "model/base64.h"
#include "model/error.h"
#include "server/answer.h"
#include "server/batch.h"
#include "server/format.h"
#include "server/registry.h"
#include "server/v2_output.h"

enum { ELEMENT_MAX = ANSWER_SEEN_MAX }; /* bytes of one element of type BYTES */

static const float *floats(const struct batch *b, enum v2_output output)
{
    return output == V2_LOGITS ? b->logits : b->probabilities;
}

/* "value:class:label" of the k-th best class of image `i`. */
static int write_class(const struct batch *b, const struct v2_asked *asked, size_t i, size_t k,
                       struct buf *out)
{
    const float *values = floats(b, asked->output) + i * MODEL_CLASSES;
    size_t order[MODEL_CLASSES];

    answer_rank(values, order);
    const char *label = model_info(b->served->model)->labels[order[k]];
    int r = buf_print(out, "%f:%zu", (double)values[order[k]], order[k]);

    return r || !label || !*label ? r : buf_print(out, ":%s", label);
}

/* One element of type BYTES. */
static int write_element(const struct batch *b, const struct v2_asked *asked, size_t i,
                         size_t k, struct buf *out)
{
    if (asked->output == V2_SEEN)
        return answer_seen(b, i, out);
    if (asked->output == V2_VERDICT)
        return buf_text(out, preprocess_verdict_name(answer_verdict(b, i)));
    return write_class(b, asked, i, k, out);
}

/* Bytes that are no text have no other form in JSON. */
static int write_base64(const struct buf *bytes, struct buf *out)
{
    int r = buf_reserve(out, BASE64_ENCODED(bytes->len) + 2);

    if (r < 0)
        return r;
    out->data[out->len++] = '"';
    out->len += base64_encode(out->data + out->len, bytes->data, bytes->len);
    out->data[out->len++] = '"';
    return 0;
}

static int write_bytes(const struct batch *b, const struct v2_asked *asked, struct buf *out)
{
    size_t columns = asked->classification ? asked->classification : 1;
    int r = asked->binary ? 0 : buf_text(out, "[");

    for (size_t i = 0; i < b->n * columns && r == 0; i++) {
        char bytes[ELEMENT_MAX];
        struct buf element = {.data = bytes, .cap = sizeof(bytes), .limit = sizeof(bytes)};

        r = write_element(b, asked, i / columns, i % columns, &element);
        if (r == 0 && asked->binary) {
            uint32_t len = htole32((uint32_t)element.len);

            r = buf_append(out, &len, sizeof(len));
            if (r == 0)
                r = buf_append(out, element.data, element.len);
            continue;
        }
        if (r == 0 && i > 0)
            r = buf_text(out, ",");
        if (r == 0)
            r = asked->output == V2_SEEN ? write_base64(&element, out)
                                         : buf_json_string(out, element.data, element.len);
    }
    return r || asked->binary ? r : buf_text(out, "]");
}

static int write_digits(const struct batch *b, bool binary, struct buf *out)
{
    int r = binary ? 0 : buf_text(out, "[");

    for (size_t i = 0; i < b->n && r == 0; i++) {
        int64_t digit = answer_verdict(b, i) == PREPROCESS_DIGIT ? answer_digit(b, i) : -1;

        r = binary ? buf_append(out, &digit, sizeof(digit))
                   : buf_print(out, "%s%d", i ? "," : "", (int)digit);
    }
    return r || binary ? r : buf_text(out, "]");
}

static int write_confidences(const struct batch *b, bool binary, struct buf *out)
{
    int r = binary ? 0 : buf_text(out, "[");

    for (size_t i = 0; i < b->n && r == 0; i++) {
        float p = answer_verdict(b, i) == PREPROCESS_DIGIT
                      ? b->probabilities[i * MODEL_CLASSES + (size_t)answer_digit(b, i)]
                      : 0;

        if (binary) {
            r = buf_append(out, &p, sizeof(p));
            continue;
        }
        r = buf_reserve(out, FORMAT_FLOAT_MAX + 1);
        if (r == 0 && i > 0)
            out->data[out->len++] = ',';
        if (r == 0)
            out->len += format_float(out->data + out->len, p);
    }
    return r || binary ? r : buf_text(out, "]");
}

static int write_floats(const float *values, size_t n, bool binary, struct buf *out)
{
    return binary ? buf_append(out, values, n * sizeof(*values))
                  : format_floats(out, values, n);
}

static int write_data(const struct batch *b, const struct v2_asked *asked, struct buf *out)
{
    if (asked->classification)
        return write_bytes(b, asked, out);
    switch (asked->output) {
    case V2_DIGIT:
        return write_digits(b, asked->binary, out);
    case V2_CONFIDENCE:
        return write_confidences(b, asked->binary, out);
    case V2_VERDICT:
    case V2_SEEN:
        return write_bytes(b, asked, out);
    case V2_PROBABILITIES:
    case V2_LOGITS:
    case V2_OUTPUTS:
        break;
    }
    return write_floats(floats(b, asked->output), b->n * MODEL_CLASSES, asked->binary, out);
}

static int write_head(const struct batch *b, const struct v2_asked *asked, struct buf *out)
{
    const struct v2_output_info *info = &v2_output_infos[asked->output];
    const char *name = asked->own_name ? model_info(b->served->model)->output_name : info->name;
    size_t columns = asked->classification ? asked->classification : info->columns;
    int r = buf_text(out, "{\"name\":");

    if (r == 0)
        r = buf_json_string(out, name, strlen(name));
    if (r == 0)
        r = buf_text(out, ",\"datatype\":\"");
    if (r == 0)
        r = buf_text(out, asked->classification ? "BYTES" : info->datatype);
    if (r == 0)
        r = buf_text(out, "\",\"shape\":[");
    if (r == 0)
        r = buf_number(out, b->n);
    if (r == 0 && columns)
        r = buf_text(out, ",");
    if (r == 0 && columns)
        r = buf_number(out, columns);
    return r ? r : buf_text(out, "]");
}

static int write_output(const struct batch *b, const struct v2_asked *asked, struct buf *json,
                        struct buf *tail)
{
    size_t before = tail->len;
    int r = write_head(b, asked, json);

    if (r == 0 && !asked->binary)
        r = buf_text(json, ",\"data\":");
    if (r == 0)
        r = write_data(b, asked, asked->binary ? tail : json);
    if (r == 0 && asked->binary)
        r = buf_text(json, ",\"parameters\":{\"binary_data_size\":");
    if (r == 0 && asked->binary)
        r = buf_number(json, tail->len - before);
    return r ? r : buf_text(json, asked->binary ? "}}" : "}");
}

int v2_outputs_write(const struct batch *b, struct buf *json, struct buf *tail)
{
    int r = buf_text(json, "[");

    for (size_t i = 0; i < b->wish.outputs.n && r == 0; i++) {
        r = i > 0 ? buf_text(json, ",") : 0;
        if (r == 0)
            r = write_output(b, &b->wish.outputs.asked[i], json, tail);
    }
    return r ? r : buf_text(json, "]");
}
