/* How long the scanner takes for the 784 numbers of one picture as clients write them, and
 * jansson and strtof() for the same text. Prints name=value lines; each figure is the best of
 * many rounds. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/format.h"
#include "server/scan.h"

enum { NUMBERS = 784, ROUNDS = 300, TEXT_MAX = 32 * NUMBERS };

static double random_unit(void)
{
    return (double)rand() / RAND_MAX;
}

/* Digits are mostly paper: four pixels of five are zero. */
static double pixel(void)
{
    return rand() % 5 ? 0 : random_unit();
}

static int write_sparse_byte(char *out)
{
    return sprintf(out, "%d", (int)(pixel() * 255));
}

static int write_byte(char *out)
{
    return sprintf(out, "%d", rand() % 256);
}

static int write_fixed2(char *out)
{
    return sprintf(out, "%.2f", pixel());
}

static int write_fixed4(char *out)
{
    return sprintf(out, "%.4f", random_unit());
}

static int write_shortest(char *out)
{
    return (int)format_float(out, (float)random_unit());
}

static int write_sparse_shortest(char *out)
{
    return (int)format_float(out, (float)pixel());
}

static int write_double(char *out)
{
    return sprintf(out, "%.17g", random_unit());
}

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static float out[NUMBERS];

static void run_scan(const char *text, size_t len)
{
    struct scan s;
    struct scan_shape shape;
    size_t n;

    scan_init(&s, text, len, 8);
    if (scan_floats(&s, out, NUMBERS, &n, &shape, NULL) < 0 || n != NUMBERS)
        abort();
}

static void run_strtof(const char *text, size_t len)
{
    char *p = NULL;

    (void)len;
    for (size_t i = 0; i < NUMBERS; i++, text = p)
        out[i] = strtof(text + 1, &p);
}

static void run_jansson(const char *text, size_t len)
{
    json_t *root = json_loadb(text, len, 0, NULL);

    if (!root)
        abort();
    for (size_t i = 0; i < NUMBERS; i++)
        out[i] = (float)json_number_value(json_array_get(root, i));
    json_decref(root);
}

static double best(void (*run)(const char *, size_t), const char *text, size_t len)
{
    double least = 1e9;

    for (int i = 0; i < ROUNDS; i++) {
        double begin = now_us();

        run(text, len);
        double took = now_us() - begin;

        if (took < least)
            least = took;
    }
    return least;
}

int main(void)
{
    static const struct {
        const char *name;
        int (*write)(char *out);
        const char *separator;
    } styles[] = {
        {"ints_sparse",     write_sparse_byte,     "," },
        {"ints_random",     write_byte,            "," },
        {"ints_spaced",     write_sparse_byte,     ", "},
        {"fixed2_sparse",   write_fixed2,          "," },
        {"fixed4_random",   write_fixed4,          "," },
        {"shortest_sparse", write_sparse_shortest, "," },
        {"shortest_random", write_shortest,        "," },
        {"digits17_random", write_double,          ", "},
    };
    static char text[TEXT_MAX];

    for (size_t s = 0; s < sizeof(styles) / sizeof(styles[0]); s++) {
        size_t len = 0;

        text[len++] = '[';
        for (int i = 0; i < NUMBERS; i++) {
            if (i > 0)
                len += (size_t)sprintf(text + len, "%s", styles[s].separator);
            len += (size_t)styles[s].write(text + len);
        }
        text[len++] = ']';
        text[len] = '\0';
        double scan = best(run_scan, text, len);

        (void)printf("style=%s bytes=%zu scan_us=%.2f scan_ns_per_number=%.2f strtof_us=%.2f "
                     "jansson_us=%.2f\n",
                     styles[s].name, len, scan, scan * 1e3 / NUMBERS,
                     best(run_strtof, text, len), best(run_jansson, text, len));
    }
    return 0;
}
