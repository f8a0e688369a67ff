/* run_model MODEL CPU < IMAGES > RESULTS
 * Feeds float32 [n][784] to a model. Writes float32 [n][10] logits, then [n][10] probabilities.
 * Exit code 65 and the reason on stderr if the model cannot be loaded. */
#include <stdio.h>
#include <stdlib.h>

#include "model/error.h"
#include "model/model.h"

enum { IMAGES_MAX = 1024 };

static int run(const struct model *m)
{
    static float images[IMAGES_MAX][MODEL_INPUT];
    static float logits[IMAGES_MAX][MODEL_CLASSES];
    static float probabilities[IMAGES_MAX][MODEL_CLASSES];
    size_t n = fread(images, sizeof(images[0]), IMAGES_MAX, stdin);
    void *scratch = aligned_alloc(64, (model_scratch(m) + 63) / 64 * 64);

    if (!scratch)
        return EXIT_FAILURE;
    /* Scratch may hold anything; NaN is what would show. */
    for (size_t i = 0; i < model_scratch(m); i++)
        ((unsigned char *)scratch)[i] = 0xff;
    model_predict(m, images[0], n, scratch, logits[0], probabilities[0]);
    free(scratch);
    return fwrite(logits, sizeof(logits[0]), n, stdout) == n &&
                   fwrite(probabilities, sizeof(probabilities[0]), n, stdout) == n
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    enum cpu_level cpu = CPU_GENERIC;
    struct model *m = NULL;
    struct error err = {0};
    int r = EXIT_FAILURE;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: run_model MODEL CPU < IMAGES > RESULTS\n");
        return 2;
    }
    if (cpu_parse(argv[2], &cpu, &err) < 0 ||
        model_load_file(argv[1], NULL, cpu, &m, &err) < 0) {
        (void)fprintf(stderr, "%d %s\n", err.code, err.text);
        return 65;
    }
    r = run(m);
    model_destroy(m);
    return r;
}
