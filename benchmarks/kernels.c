/* What kernels.py times, without Python between the calls: digitd's model_predict() and ONNX
 * Runtime's Run(). Loaded by kernels.py as a shared library. */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "model/model.h"

/* Of this thread alone: what others take of the processor is nobody's slowness. */
static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct model_call {
    const struct model *model;
    const float *images;
    size_t n;
    void *scratch;
    float *logits, *probabilities;
};

/* Seconds of `calls` calls. */
double kernels_time_model(const struct model_call *c, size_t calls);

double kernels_time_model(const struct model_call *c, size_t calls)
{
    double start = now();

    for (size_t i = 0; i < calls; i++)
        model_predict(c->model, c->images, c->n, c->scratch, c->logits, c->probabilities);
    return now() - start;
}

/* OrtApi::Run, and what it is called with: one input, one output whose memory is the caller's.
 */
typedef void *ort_run(void *session, const void *options, const char *const *input_names,
                      const void *const *inputs, size_t n_inputs,
                      const char *const *output_names, size_t n_outputs, void **outputs);

struct ort_call {
    ort_run *run;
    void *session;
    const char *input_name, *output_name;
    const void *input;
    void *output;
};

/* Seconds of `calls` calls; negative if one fails. */
double kernels_time_ort(const struct ort_call *c, size_t calls);

double kernels_time_ort(const struct ort_call *c, size_t calls)
{
    void *output = c->output;
    double start = now();

    for (size_t i = 0; i < calls; i++)
        if (c->run(c->session, NULL, &c->input_name, &c->input, 1, &c->output_name, 1, &output))
            return -1;
    return now() - start;
}
