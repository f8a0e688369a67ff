#include "tests/unit/fake_model.h"

#include "server/metrics.h"

struct model {
    char nothing;
};

static const struct model fake;

struct model_info fake_info = {
    .input_name = "input",
    .input_rank = 4,
    .input_shape = {-1, 1, MODEL_SIDE, MODEL_SIDE},
    .output_name = "scores",
    .input_scale = 0.5F,
};
const struct served fake_served = {
    .name = "mnist", .version = 3, .version_text = "3", .model = &fake};
size_t fake_predicted;
float fake_weight = 1;
uint64_t fake_now;

const struct model_info *model_info(const struct model *m)
{
    (void)m;
    return &fake_info;
}

size_t model_scratch(const struct model *m)
{
    (void)m;
    return 100;
}

void model_predict(const struct model *m, const float *images, size_t n, void *scratch,
                   float *logits, float *probabilities)
{
    (void)m;
    (void)scratch;
    fake_predicted += n;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < MODEL_CLASSES; k++) {
            logits[i * MODEL_CLASSES + k] = fake_weight * images[i * MODEL_INPUT + k];
            probabilities[i * MODEL_CLASSES + k] = images[i * MODEL_INPUT + k] / 2;
        }
}

/* So that the linker leaves out the metrics, and with them the true model. */
uint64_t metrics_now(void)
{
    return fake_now;
}
