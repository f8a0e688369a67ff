#include "tests/unit/unit.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/cpu.h"
#include "model/error.h"
#include "model/model.h"

/* The model that ships, against the framework that trained it: images.idx holds pictures,
 * logits.f32 what PyTorch says of them. */

enum {
    N = 64,
    HEADER_LEN = 16,
    N_THREADS = 4,
};

#define TOLERANCE 1e-4F

static float images[N][MODEL_INPUT];
static float want[N][MODEL_CLASSES];

static const char *folder;

static void read_exactly(const char *name, void *ret, size_t len)
{
    char path[4096];
    FILE *f = NULL;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "rbe");
    assert_non_null(f);
    assert_int_equal(fread(ret, 1, len, f), len);
    assert_int_equal(fgetc(f), EOF);
    assert_int_equal(fclose(f), 0);
}

static int read_golden(void **state)
{
    static unsigned char idx[HEADER_LEN + N * MODEL_INPUT];
    static const unsigned char header[HEADER_LEN] = {0, 0, 8, 3,  0, 0, 0, N,
                                                     0, 0, 0, 28, 0, 0, 0, 28};
    (void)state;

    read_exactly("images.idx", idx, sizeof(idx));
    read_exactly("logits.f32", want, sizeof(want));
    assert_memory_equal(idx, header, sizeof(header));
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < MODEL_INPUT; k++)
            images[i][k] = (float)idx[HEADER_LEN + i * MODEL_INPUT + k] / 255;
    return 0;
}

static struct model *load(enum cpu_level cpu)
{
    struct error err = {0};
    struct model *m = NULL;

    if (model_load(model_builtin, model_builtin_len, cpu, &m, &err) < 0)
        fail_msg("%s", err.text);
    return m;
}

/* Scratch as a caller may have left it: NaN would show. */
static void *new_scratch(const struct model *m)
{
    size_t len = (model_scratch(m) + 63) / 64 * 64;
    void *scratch = aligned_alloc(64, len);

    assert_non_null(scratch);
    return memset(scratch, 0xff, len);
}

/* Every level that this processor has, through cpu_parse() because that knows. */
static enum cpu_level levels[8];
static size_t n_levels;

static void find_levels(void)
{
    for (enum cpu_level level = CPU_GENERIC; level <= CPU_NEON; level++) {
        enum cpu_level found = CPU_GENERIC;

        if (cpu_parse(cpu_name(level), &found, NULL) == 0)
            levels[n_levels++] = found;
    }
}

static void test_logits_are_pytorchs_at_every_level(void **state)
{
    (void)state;
    for (size_t at = 0; at < n_levels; at++) {
        struct model *m = load(levels[at]);
        void *scratch = new_scratch(m);
        float logits[N][MODEL_CLASSES];
        float probabilities[N][MODEL_CLASSES];
        float worst = 0;

        model_predict(m, images[0], N, scratch, logits[0], probabilities[0]);
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < MODEL_CLASSES; k++) {
                assert_true(isfinite(logits[i][k]));
                worst = fmaxf(worst, fabsf(logits[i][k] - want[i][k]));
            }
        print_message("%s: at most %.2g from PyTorch\n", cpu_name(levels[at]), (double)worst);
        assert_true(worst <= TOLERANCE);
        for (size_t i = 0; i < N; i++) {
            double sum = 0;

            for (size_t k = 0; k < MODEL_CLASSES; k++)
                sum += (double)probabilities[i][k];
            assert_true(fabs(sum - 1) < 1e-6);
        }
        free(scratch);
        model_destroy(m);
    }
}

static void test_company_changes_nothing(void **state)
{
    (void)state;
    for (size_t at = 0; at < n_levels; at++) {
        struct model *m = load(levels[at]);
        void *scratch = new_scratch(m);
        float together[N][MODEL_CLASSES];
        float probabilities[N][MODEL_CLASSES];

        model_predict(m, images[0], N, scratch, together[0], probabilities[0]);
        for (size_t n = 1; n <= 33; n += 16)
            for (size_t i = 0; i + n <= N; i += 5) {
                float alone[N][MODEL_CLASSES];

                model_predict(m, images[i], n, scratch, alone[0], probabilities[0]);
                assert_memory_equal(alone, together[i], n * sizeof(alone[0]));
            }
        free(scratch);
        model_destroy(m);
    }
}

struct worker {
    pthread_t thread;
    const struct model *model;
    const float *together;
    size_t differs;
};

static void *predict_each(void *data)
{
    struct worker *w = data;
    void *scratch = new_scratch(w->model);

    for (size_t round = 0; round < 4; round++)
        for (size_t i = 0; i < N; i++) {
            float logits[MODEL_CLASSES];
            float probabilities[MODEL_CLASSES];

            model_predict(w->model, images[i], 1, scratch, logits, probabilities);
            for (size_t k = 0; k < MODEL_CLASSES; k++)
                w->differs += logits[k] != w->together[i * MODEL_CLASSES + k];
        }
    free(scratch);
    return NULL;
}

static void test_threads_share_a_model(void **state)
{
    struct model *m = load(cpu_detect());
    void *scratch = new_scratch(m);
    float together[N][MODEL_CLASSES];
    float probabilities[N][MODEL_CLASSES];
    struct worker workers[N_THREADS] = {0};
    (void)state;

    model_predict(m, images[0], N, scratch, together[0], probabilities[0]);
    for (size_t i = 0; i < N_THREADS; i++) {
        workers[i] = (struct worker){.model = m, .together = together[0]};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, predict_each, &workers[i]),
                         0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].differs, 0);
    }
    free(scratch);
    model_destroy(m);
}

static void test_model_describes_itself(void **state)
{
    struct model *m = load(CPU_GENERIC);
    const struct model_info *info = model_info(m);
    size_t parameters = 0;
    (void)state;

    for (size_t i = 0; i < model_steps(m); i++) {
        struct model_step step;

        model_step(m, i, &step);
        assert_true(*step.name && *step.op && *step.kernel && *step.shape);
        parameters += step.parameters;
    }
    assert_int_equal(info->parameters, parameters);
    assert_true(info->parameters > 0 && info->macs > 0 && info->golden > 0);
    assert_int_equal(info->input_rank, 4);
    assert_int_equal(info->input_shape[0], -1);
    assert_int_equal(info->input_shape[3], MODEL_SIDE);
    assert_string_equal(info->labels[9], "9");
    assert_int_equal(strlen(info->sha256), 64);
    model_destroy(m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logits_are_pytorchs_at_every_level),
        cmocka_unit_test(test_company_changes_nothing),
        cmocka_unit_test(test_threads_share_a_model),
        cmocka_unit_test(test_model_describes_itself),
    };

    if (argc != 2) {
        (void)fprintf(stderr, "usage: test_golden FOLDER\n");
        return 2;
    }
    folder = argv[1];
    find_levels();
    return cmocka_run_group_tests(tests, read_golden, NULL);
}
