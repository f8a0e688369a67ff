/* check_json CORPUS: the scanner against texts of which it is known what becomes of them. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/scan.h"

enum { LINE_MAX_LEN = 4096, DEPTH_MAX = 32 };

/* One line of the corpus. */
struct text {
    char bytes[LINE_MAX_LEN];
    size_t len, fault; /* the byte that is wrong */
};

static unsigned char byte_of(const char *hex)
{
    const char digits[3] = {hex[0], hex[1], '\0'};

    return (unsigned char)strtoul(digits, NULL, 16);
}

static void unescape(const char *at, struct text *ret)
{
    ret->len = 0;
    while (*at && *at != '\n') {
        if (at[0] != '\\') {
            ret->bytes[ret->len++] = *at++;
        } else if (at[1] == '!') {
            ret->fault = ret->len;
            at += 2;
        } else if (at[1] == 'x') {
            ret->bytes[ret->len++] = (char)byte_of(at + 2);
            at += 4;
        } else {
            ret->bytes[ret->len++] = '\\';
            at += 2;
        }
    }
}

/* Whether the sentence names the byte: "byte 7" or "at 7". Texts that do not even begin as JSON
 * are told apart by their first bytes. */
static bool names(const char *sentence, size_t byte)
{
    char word[32];

    if (byte <= 1 && (strncmp(sentence, "the body is ", 12) == 0 ||
                      strncmp(sentence, "the body starts ", 16) == 0))
        return true;
    for (int form = 0; form < 2; form++) {
        const char *at = sentence;
        int len = snprintf(word, sizeof(word), form ? "at %zu" : "byte %zu", byte);

        while ((at = strstr(at, word))) {
            at += len;
            if (*at < '0' || *at > '9')
                return true;
        }
    }
    return false;
}

/* Scans it in memory of exactly its size, so that AddressSanitizer sees a read past the end. */
static bool check(const char *line, char kind, const struct text *text)
{
    char *copy = malloc(text->len ? text->len : 1);
    struct error err = {0};
    struct scan s;

    if (!copy)
        return false;
    memcpy(copy, text->bytes, text->len);
    scan_init(&s, copy, text->len, DEPTH_MAX);
    int r = scan_skip(&s, &err);

    if (r == 0)
        r = scan_end(&s, &err);
    bool good =
        kind == 'y' ? r == 0 : r == -EBADMSG && err.code == r && names(err.text, text->fault);
    if (!good)
        (void)fprintf(stderr, "%s   %d %s\n", line, r, err.text);
    free(copy);
    return good;
}

int main(int argc, char **argv)
{
    static char line[LINE_MAX_LEN];
    static struct text text;
    FILE *f = argc == 2 ? fopen(argv[1], "re") : NULL;
    unsigned texts = 0, bad = 0;

    if (!f) {
        (void)fprintf(stderr, "usage: check_json CORPUS\n");
        return 2;
    }
    while (fgets(line, sizeof(line), f)) {
        if (*line == '#' || *line == '\n')
            continue;
        unescape(line + 2, &text);
        texts++;
        bad += !check(line, *line, &text);
    }
    (void)fclose(f);
    printf("%u texts, %u bad\n", texts, bad);
    return bad || texts < 400 ? EXIT_FAILURE : EXIT_SUCCESS;
}
