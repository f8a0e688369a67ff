#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/error.h"
#include "model/model.h"
#include "model/quantize.h"
#include "tests/oom/oom.h"

static const char *folder;
static char bytes[65536];

static size_t read_model(const char *name)
{
    char path[4096];
    FILE *f = NULL;
    size_t len = 0;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "rbe");
    assert_non_null(f);
    len = fread(bytes, 1, sizeof(bytes), f);
    assert_int_equal(fclose(f), 0);
    return len;
}

/* Whichever allocation fails, the model is refused for want of memory, and nothing else is
 * wrong: the next attempt succeeds. */
static void check(const char *name)
{
    size_t len = read_model(name);
    size_t nth = 1;

    for (;; nth++) {
        struct model *m = NULL;
        struct error err = {0};
        int r = 0;

        oom_at(nth);
        r = model_load(bytes, len, CPU_GENERIC, &m, &err);
        if (!oom_happened()) {
            assert_int_equal(r, 0);
            model_destroy(m);
            break;
        }
        assert_int_equal(r, -ENOMEM);
        assert_int_equal(err.code, -ENOMEM);
        assert_null(m);
    }
    oom_at(0);
    assert_true(nth > 50);
}

static void test_load(void **state)
{
    (void)state;
    check("dense.onnx");
    check("golden.onnx");
    check("residual.onnx");
    check("quantised.onnx");
    check("moves.onnx");
    check("scores.onnx");
    check("steps.onnx");
}

static int quantise(const char *model, size_t len, struct error *err)
{
    static const uint8_t picture[MODEL_INPUT] = {1, 2, 255};
    struct quantize *q = NULL;
    void *made = NULL;
    int r = quantize_create(model, len, &(struct model_beside){0}, CPU_GENERIC, &q, err);

    if (r == 0) {
        quantize_show(q, picture);
        r = quantize_turn(q, err);
    }
    if (r == 0) {
        quantize_show(q, picture);
        r = quantize_finish(q, "0.5", &made, &len, err);
    }
    quantize_destroy(q);
    free(made);
    return r;
}

/* Likewise, making one of bytes. */
static void test_quantise(void **state)
{
    size_t len = read_model("golden.onnx");
    int r = -ENOMEM;
    size_t nth = 1;
    (void)state;

    for (; r != 0; nth++) {
        struct error err = {0};

        oom_at(nth);
        r = quantise(bytes, len, &err);
        assert_true(r == 0 || (r == -ENOMEM && err.code == -ENOMEM && oom_happened()));
    }
    oom_at(0);
    assert_true(nth > 100);
}

/* Not one allocation, however many pictures there are. */
static void check_predict(const struct model *m)
{
    enum { N = 20, ALIGNMENT = 64 };
    size_t scratch_len = (model_scratch(m) + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    float *images = calloc((size_t)N * MODEL_INPUT, sizeof(*images));
    float *logits = calloc((size_t)N * MODEL_CLASSES, sizeof(*logits));
    float *probabilities = calloc((size_t)N * MODEL_CLASSES, sizeof(*probabilities));
    void *scratch = aligned_alloc(ALIGNMENT, scratch_len);

    assert_true(images && logits && probabilities && scratch);
    for (size_t i = 0; i < (size_t)N * MODEL_INPUT; i++)
        images[i] = i % 5 ? 0 : 0.5F;
    oom_at(1);
    for (size_t n = 1; n <= N; n += 9)
        model_predict(m, images, n, scratch, logits, probabilities);
    assert_false(oom_happened());
    oom_at(0);
    free(images);
    free(logits);
    free(probabilities);
    free(scratch);
}

static void test_predict(void **state)
{
    static const char *const files[] = {"dense.onnx",     "golden.onnx", "residual.onnx",
                                        "quantised.onnx", "moves.onnx",  "scores.onnx",
                                        "steps.onnx",     NULL};
    (void)state;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        for (enum cpu_level cpu = CPU_GENERIC; cpu <= cpu_detect(); cpu++) {
            size_t len = files[i] ? read_model(files[i]) : model_builtin_len;
            const void *from = files[i] ? (const void *)bytes : model_builtin;
            struct model *m = NULL;

            assert_int_equal(model_load(from, len, cpu, &m, NULL), 0);
            check_predict(m);
            model_destroy(m);
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_quantise),
        cmocka_unit_test(test_predict),
    };

    if (argc != 2)
        return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
