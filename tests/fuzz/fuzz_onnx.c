#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "tests/fuzz/fuzz.h"

/* The sentence of a refusal may go anywhere. */
static int is_sentence(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return 0;
    return *text != '\0';
}

static int predict(const struct model *m)
{
    static const float image[MODEL_INPUT] = {[300] = 1};
    float probabilities[MODEL_CLASSES];
    float logits[MODEL_CLASSES];
    float sum = 0;
    void *scratch = aligned_alloc(64, (model_scratch(m) + 63) / 64 * 64);

    if (!scratch)
        return 1;
    model_predict(m, image, 1, scratch, logits, probabilities);
    free(scratch);
    for (size_t i = 0; i < MODEL_CLASSES; i++)
        if (!isfinite(logits[i])) /* finite weights can still overflow */
            return 1;
    for (size_t i = 0; i < MODEL_CLASSES; i++) {
        if (!(probabilities[i] >= 0 && probabilities[i] <= 1))
            return 0;
        sum += probabilities[i];
    }
    return fabsf(sum - 1) < 1e-4F || model_info(m)->end == MODEL_END_SIGMOID;
}

/* Any bytes either are refused for a reason, or make a model that answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct model *m = NULL;
    int r = model_load(data, size, CPU_GENERIC, &m, &err);

    if (r < 0 && (m || err.code != r || !is_sentence(err.text)))
        abort();
    if (r < 0 && r != -EBADMSG && r != -ENOTSUP && r != -EDOM && r != -ENOMEM)
        abort();
    if (r == 0 && (!m || !predict(m)))
        abort();
    model_destroy(m);
    return 0;
}
