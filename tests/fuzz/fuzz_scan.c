#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "model/error.h"
#include "server/scan.h"
#include "tests/fuzz/fuzz.h"

enum { DEPTH_MAX = 64, NUMBERS_MAX = 64 };

/* 1 if jansson takes it, 0 if not, -1 if that tells nothing: RFC 8259 leaves open the size of
 * numbers, and jansson knows no U+0000 in keys and takes a zero byte for the end. */
static int is_json(const char *text, size_t size)
{
    json_error_t error;

    if (memchr(text, 0, size))
        return -1;
    json_t *root = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (root) {
        json_decref(root);
        return 1;
    }
    return json_error_code(&error) == json_error_numeric_overflow ||
                   json_error_code(&error) == json_error_null_byte_in_key
               ? -1
               : 0;
}

/* What the scanner takes for JSON is JSON, and the other way round; what it refuses it
 * explains; and what it takes for numbers it also skips as such. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct scan s, numbers;
    struct scan_shape shape;
    struct error err = {0};
    float out[NUMBERS_MAX];
    size_t n;

    scan_init(&s, text, size, DEPTH_MAX);
    int skipped = scan_skip(&s, &err);
    const char *end = s.at;
    int r = skipped ? skipped : scan_end(&s, &err);

    if ((r != 0) != (err.code != 0) || (r != 0 && !*err.text))
        abort();
    int json = strstr(err.text, "nested deeper") ? -1 : is_json(text, size);

    if (json >= 0 && (r == 0) != json)
        abort();

    scan_init(&numbers, text, size, DEPTH_MAX);
    if (scan_floats(&numbers, out, NUMBERS_MAX, &n, &shape, NULL) == 0 &&
        (skipped != 0 || numbers.at != end || numbers.depth != 0))
        abort();
    return 0;
}
