#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "model/error.h"
#include "model/preprocess.h"
#include "server/idx.h"

static char path[] = "/tmp/test_idx_XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(path);
    (void)state;

    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const char *bytes, size_t len, const char *mode)
{
    gzFile f = gzopen(path, mode); /* "wbT" writes plainly */

    assert_non_null(f);
    assert_int_equal(gzwrite(f, bytes, (unsigned)len), len);
    assert_int_equal(gzclose(f), Z_OK);
}

/* Two pictures of 3 x 2 (wide, high), and their labels. */
static const char pictures[] = "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"
                               "abcdefghijkl";
static const char labels[] = "\0\0\x08\x01\0\0\0\x02\x07\x01";

static void check_pictures(void)
{
    struct idx *idx = NULL;
    struct error err = {0};
    uint8_t out[7] = {0};

    assert_int_equal(idx_open(path, IDX_IMAGES, &idx, &err), 0);
    assert_int_equal(idx_count(idx), 2);
    assert_int_equal(idx_width(idx), 3);
    assert_int_equal(idx_height(idx), 2);
    assert_int_equal(idx_read(idx, 1, out, &err), 0);
    assert_memory_equal(out, "abcdef", 7);
    assert_int_equal(idx_read(idx, 1, out, &err), 0);
    assert_memory_equal(out, "ghijkl", 7);
    idx_close(idx);
}

static void test_reads_plain_and_gzip(void **state)
{
    struct idx *idx = NULL;
    uint8_t out[2];
    (void)state;

    put(pictures, sizeof(pictures) - 1, "wbT");
    check_pictures();
    put(pictures, sizeof(pictures) - 1, "wb");
    check_pictures();
    put(labels, sizeof(labels) - 1, "wb");
    assert_int_equal(idx_open(path, IDX_LABELS, &idx, NULL), 0);
    assert_int_equal(idx_width(idx) * idx_height(idx), 1);
    assert_int_equal(idx_read(idx, 2, out, NULL), 0);
    assert_memory_equal(out, "\x07\x01", 2);
    idx_close(idx);
}

/* Opens and reads everything; returns what came of it. */
static int read_all(enum idx_kind kind, struct error *err)
{
    struct idx *idx = NULL;
    uint8_t out[64];
    int r = idx_open(path, kind, &idx, err);

    if (r == 0)
        r = idx_read(idx, 2, out, err);
    idx_close(idx);
    return r;
}

static void test_refuses_every_other_length(void **state)
{
    char longer[sizeof(pictures)];
    (void)state;

    memcpy(longer, pictures, sizeof(pictures)); /* with the NUL: a byte too many */
    for (size_t len = 0; len <= sizeof(pictures); len++) {
        struct error err = {0};

        put(longer, len, "wbT");
        assert_int_equal(read_all(IDX_IMAGES, &err),
                         len == sizeof(pictures) - 1 ? 0 : -EBADMSG);
        assert_int_equal(!err.text[0], len == sizeof(pictures) - 1);
    }
}

static void test_refuses_damaged_gzip(void **state)
{
    char bytes[256];
    (void)state;

    put(pictures, sizeof(pictures) - 1, "wb");
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof(bytes), f);
    assert_int_equal(fclose(f), 0);
    for (size_t i = 0; i < len; i++) { /* truncated at i */
        put(bytes, i, "wbT");
        assert_int_equal(read_all(IDX_IMAGES, NULL), -EBADMSG);
    }
    bytes[len - 6] ^= 1; /* in the checksum */
    put(bytes, len, "wbT");
    assert_int_equal(read_all(IDX_IMAGES, NULL), -EBADMSG);
}

static void test_errors_say_what_is_wrong(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum idx_kind kind;
        const char *text;
    } cases[] = {
        {labels,                                     sizeof(labels) - 1,   IDX_IMAGES, "too short"             },
        {pictures,                                   sizeof(pictures) - 1, IDX_LABELS, "begins with 0x00000803"},
        {"\0\0\x08\x03\0\0\0\x02\0\0\0\0\0\0\0\x03", 16,                   IDX_IMAGES, "3x0 pixels"            },
        {"\0\0\x08\x03\0\0\0\x02\0\1\0\0\0\0\0\x03", 16,                   IDX_IMAGES, "3x65536 pixels"        },
        {"\0\0\x0d\x03\0\0\0\x02\0\0\0\1\0\0\0\x03", 16,                   IDX_IMAGES, "0x00000d03"            },
        {"\0\0\x08\x03\0\0\0\x02\0\0\0\1\0\0\0\x03"
         "abc",                             19,                   IDX_IMAGES, "ends before"           },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};

        put(cases[i].bytes, cases[i].len, "wbT");
        assert_int_equal(read_all(cases[i].kind, &err), -EBADMSG);
        assert_non_null(strstr(err.text, cases[i].text));
        assert_non_null(strstr(err.text, path));
    }
}

static void test_a_file_that_is_not_there(void **state)
{
    struct idx *idx = NULL;
    struct error err = {0};
    (void)state;

    assert_int_equal(idx_open("/nowhere/images", IDX_IMAGES, &idx, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/images"));
    assert_null(idx);
}

/* The transform is MNIST's own, so MNIST's digits come back as they are. */
static void test_mnist_survives_the_preprocessing(void **state)
{
    const char *folder = getenv("DIGITD_MNIST_DIR");
    char name[4096];
    struct idx *idx = NULL;
    struct error err = {0};
    size_t same = 0;
    size_t close_by = 0;
    size_t refused = 0; /* some of these digits fall apart */
    (void)state;

    if (!folder || !*folder)
        skip();
    (void)snprintf(name, sizeof(name), "%s/t10k-images-idx3-ubyte.gz", folder);
    assert_int_equal(idx_open(name, IDX_IMAGES, &idx, &err), 0);
    for (size_t i = 0; i < idx_count(idx); i++) {
        uint8_t picture[PREPROCESS_PIXELS];
        struct preprocess seen;
        int worst = 0;

        assert_int_equal(idx_read(idx, 1, picture, &err), 0);
        preprocess(picture, PREPROCESS_SIDE, PREPROCESS_SIDE, &seen);
        refused += seen.verdict != PREPROCESS_DIGIT;
        for (size_t k = 0; k < PREPROCESS_PIXELS; k++)
            if (abs(seen.pixels[k] - picture[k]) > worst)
                worst = abs(seen.pixels[k] - picture[k]);
        same += worst == 0;
        close_by += worst <= 13; /* what the box's threshold may cut off */
    }
    assert_true(refused <= idx_count(idx) / 1000);
    assert_true(same >= idx_count(idx) * 84 / 100);
    assert_true(close_by >= idx_count(idx) * 999 / 1000);
    idx_close(idx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_plain_and_gzip),
        cmocka_unit_test(test_refuses_every_other_length),
        cmocka_unit_test(test_refuses_damaged_gzip),
        cmocka_unit_test(test_errors_say_what_is_wrong),
        cmocka_unit_test(test_a_file_that_is_not_there),
        cmocka_unit_test(test_mnist_survives_the_preprocessing),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
