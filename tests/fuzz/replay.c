/* replay CORPUS [MUTATIONS [SEED]]
 * Stands in for libFuzzer with any compiler: feeds the target each file of the directory, each
 * of its beginnings (of files up to WHOLE_MAX bytes), and seeded random mutations. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum {
    FILES_MAX = 256,
    FILE_MAX = 1 << 20,
    WHOLE_MAX = 32768,
    CHANGES_MAX = 4, /* to one input */
    CHUNK_MAX = 64,  /* bytes moved at once */
};

struct input {
    uint8_t *data;
    size_t size;
};

struct corpus {
    struct input files[FILES_MAX];
    size_t n;
};

static uint64_t state = 1;

/* xorshift64* by Vigna */
static size_t below(size_t n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return n > 0 ? (size_t)((state * 0x2545f4914f6cdd1dU) >> 32) % n : 0;
}

_Noreturn static void give_up(const char *what)
{
    (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* In memory of exactly its size, so that AddressSanitizer sees a read past the end. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        give_up("malloc");
    if (size > 0)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void read_file(const char *folder, const char *name, struct input *ret)
{
    char path[4096];
    FILE *f = NULL;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "rbe");
    ret->data = malloc(FILE_MAX);
    if (!f || !ret->data)
        give_up(path);
    ret->size = fread(ret->data, 1, FILE_MAX, f);
    if (ferror(f) || !feof(f))
        give_up(path);
    (void)fclose(f);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void read_corpus(const char *folder, struct corpus *ret)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, is_visible, by_name);

    if (n <= 0 || n > FILES_MAX)
        give_up(folder);
    for (int i = 0; i < n; i++) {
        read_file(folder, entries[i]->d_name, &ret->files[ret->n++]);
        free(entries[i]);
    }
    free(entries);
}

static void overwrite(struct input *in, const uint8_t *from, size_t size)
{
    size_t at = below(in->size);
    size_t len = 1 + below(CHUNK_MAX);

    if (len > in->size - at)
        len = in->size - at;
    if (len > size)
        len = size;
    memmove(in->data + at, from, len);
}

static void remove_some(struct input *in)
{
    size_t at = below(in->size);
    size_t len = 1 + below(CHUNK_MAX);

    if (len > in->size - at)
        len = in->size - at;
    memmove(in->data + at, in->data + at + len, in->size - at - len);
    in->size -= len;
}

static void repeat_some(struct input *in)
{
    size_t at = below(in->size);
    size_t len = 1 + below(CHUNK_MAX);

    if (len > in->size - at)
        len = in->size - at;
    if (in->size + len > FILE_MAX)
        return;
    memmove(in->data + at + len, in->data + at, in->size - at);
    in->size += len;
}

/* Keeps the size and most of the meaning, so that more than the first check is reached. */
static void change_byte(struct input *in)
{
    static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff, '0', '"', '{', '[', '\n'};
    uint8_t *byte = &in->data[below(in->size)];

    switch (below(3)) {
    case 0:
        *byte = telling[below(sizeof(telling))];
        break;
    case 1:
        *byte = (uint8_t)below(256);
        break;
    default:
        *byte ^= (uint8_t)(1U << below(8));
        break;
    }
}

static void change_shape(const struct corpus *corpus, struct input *in)
{
    const struct input *other = &corpus->files[below(corpus->n)];
    size_t at = below(other->size + 1);

    switch (below(4)) {
    case 0:
        in->size = below(in->size + 1);
        break;
    case 1:
        remove_some(in);
        break;
    case 2:
        repeat_some(in);
        break;
    default:
        overwrite(in, other->data + at, other->size - at);
        break;
    }
}

static void mutate(const struct corpus *corpus, size_t n)
{
    struct input in = {.data = malloc(FILE_MAX)};

    if (!in.data)
        give_up("malloc");
    for (size_t i = 0; i < n; i++) {
        const struct input *from = &corpus->files[below(corpus->n)];

        memcpy(in.data, from->data, from->size);
        in.size = from->size;
        for (size_t k = 1 + below(CHANGES_MAX); k > 0 && in.size > 0; k--)
            if (i % 2 == 0)
                change_byte(&in);
            else
                change_shape(corpus, &in);
        feed(in.data, in.size);
    }
    free(in.data);
}

int main(int argc, char **argv)
{
    static struct corpus corpus;
    size_t mutations = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    if (argc < 2 || argc > 4) {
        (void)fprintf(stderr, "usage: replay CORPUS [MUTATIONS [SEED]]\n");
        return 2;
    }
    state = argc > 3 && strtoul(argv[3], NULL, 10) ? strtoul(argv[3], NULL, 10) : 1;
    (void)printf("%zu mutations, seed %" PRIu64 "\n", mutations, state);
    (void)fflush(stdout);
    read_corpus(argv[1], &corpus);
    for (size_t i = 0; i < corpus.n; i++) {
        const struct input *in = &corpus.files[i];

        for (size_t size = in->size <= WHOLE_MAX ? 0 : in->size; size <= in->size; size++)
            feed(in->data, size);
    }
    mutate(&corpus, mutations);
    for (size_t i = 0; i < corpus.n; i++)
        free(corpus.files[i].data);
    return EXIT_SUCCESS;
}
