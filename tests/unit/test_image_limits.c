#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "model/error.h"
#include "model/preprocess.h"
#include "server/image.h"

enum { PNG_MAX = 1 << 16, HEADER = 12, HEADER_LEN = 17 };

static void write_header_checksum(char *png)
{
    unsigned long sum = crc32(0, (const unsigned char *)png + HEADER, HEADER_LEN);

    for (size_t i = 0; i < 4; i++)
        png[HEADER + HEADER_LEN + i] = (char)(sum >> (24 - 8 * i));
}

static void test_sizes_are_checked_first(void **state)
{
    static const struct {
        uint8_t width[4], height[4];
        int want;
        const char *text;
    } cases[] = {
        {{0, 0, 16, 0},    {0, 0, 16, 0}, -EBADMSG, "the PNG is damaged: "            },
        {{0, 0, 16, 1},    {0, 0, 0, 1},  -EINVAL,  "the picture is 4097x1 pixels; "  },
        {{0, 1, 134, 160}, {0, 0, 0, 1},  -EINVAL,  "the picture is 100000x1 pixels; "},
        {{0, 0, 0, 1},
         {0xff, 0xff, 0xff, 0xff},
         -EINVAL,
         "the picture is 1x4294967295 pixels; "                                       },
        {{0, 0, 0, 0},     {0, 0, 0, 1},  -EBADMSG, "the picture is 0x1 pixels; "     },
    };
    const uint8_t pixel = 7;
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf png = BUF(PNG_MAX);
        struct image image = {0};
        struct error err = {0};

        assert_int_equal(image_encode_png(&pixel, 1, 1, &png), 0);
        memcpy(png.data + 16, cases[i].width, 4);
        memcpy(png.data + 20, cases[i].height, 4);
        write_header_checksum(png.data);
        assert_int_equal(image_decode_png(png.data, png.len, NULL, &image, &err),
                         cases[i].want);
        assert_memory_equal(err.text, cases[i].text, strlen(cases[i].text));
        buf_clear(&png);
    }
}

/* A picture takes its share of what the request may still unpack, or is refused. */
static void test_budget(void **state)
{
    static const uint8_t pixels[20 * 10 * 3];
    struct buf grey = BUF(PNG_MAX);
    struct buf rgb = BUF(PNG_MAX);
    struct image image = {0};
    struct error err = {0};
    size_t budget = 20 * 10 * 4;
    (void)state;

    assert_int_equal(image_encode_png(pixels, 20, 10, &grey), 0);
    assert_int_equal(image_encode_png_rgb(pixels, 20, 10, &rgb), 0);
    assert_int_equal(image_decode_png(rgb.data, rgb.len, &budget, &image, &err), 0);
    assert_int_equal(budget, 200);
    image_finish(&image);
    assert_int_equal(image_decode_png(rgb.data, rgb.len, &budget, &image, &err), -E2BIG);
    assert_string_equal(err.text, "the picture is 20x10 pixels and unpacks to 600 bytes; the "
                                  "request may have 200 more");
    assert_int_equal(image_decode_png(grey.data, grey.len, &budget, &image, NULL), 0);
    assert_int_equal(budget, 0);
    image_finish(&image);
    assert_int_equal(image_decode_png(grey.data, grey.len, &budget, &image, NULL), -E2BIG);
    buf_clear(&grey);
    buf_clear(&rgb);
}

static void test_other_formats_are_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *word;
    } cases[] = {
        {"\xff\xd8\xff\xe0 JFIF", 9,  "JPEG"   },
        {"GIF89a......",          12, "GIF"    },
        {"RIFF....WEBPVP8 ",      16, "WebP"   },
        {"%PDF-1.7",              8,  "PDF"    },
        {"....ftypheic",          12, "HEIC"   },
        {"<svg xmlns=",           11, "SVG"    },
        {"{\"instances\":[]}",    16, "JSON"   },
        {"",                      0,  "empty"  },
        {"\x01",                  1,  "0x01"   },
        {"\x89PNG\r\n\x1a",       7,  "cut off"},
        {"\x89PNG\n\x1a\n....",   11, "text"   },
        {"\x89PNG\r\n\x1a\n",     8,  "damaged"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct image image = {0};
        struct error err = {0};

        assert_int_equal(image_decode_png(cases[i].bytes, cases[i].len, NULL, &image, &err),
                         -EBADMSG);
        assert_non_null(strstr(err.text, cases[i].word));
        assert_non_null(strstr(err.text, "PNG"));
    }
}

static void test_what_is_encoded_can_be_decoded(void **state)
{
    static const size_t sides[][2] = {
        {1,    1  },
        {28,   28 },
        {3,    200},
        {1000, 7  }
    };
    static uint8_t pixels[7000 * 3];
    (void)state;

    for (size_t i = 0; i < sizeof(pixels); i++)
        pixels[i] = (uint8_t)(i * 2654435761U >> 11);
    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        size_t w = sides[i][0];
        size_t h = sides[i][1];
        struct buf grey = BUF(PNG_MAX);
        struct buf rgb = BUF(PNG_MAX);
        struct image image = {0};

        assert_int_equal(image_encode_png(pixels, w, h, &grey), 0);
        assert_int_equal(image_decode_png(grey.data, grey.len, NULL, &image, NULL), 0);
        assert_int_equal(image.width, w);
        assert_memory_equal(image.grey, pixels, w * h);
        image_finish(&image);
        assert_int_equal(image_encode_png_rgb(pixels, w, h, &rgb), 0);
        assert_int_equal(image_decode_png(rgb.data, rgb.len, NULL, &image, NULL), 0);
        for (size_t k = 0; k < w * h; k++)
            assert_in_range(299 * pixels[3 * k] + 587 * pixels[3 * k + 1] +
                                114 * pixels[3 * k + 2],
                            image.grey[k] * 1000 - 510, image.grey[k] * 1000 + 510);
        image_finish(&image);
        buf_clear(&grey);
        buf_clear(&rgb);
    }
}

static void test_encoding_keeps_to_the_limit(void **state)
{
    uint8_t pixels[PREPROCESS_PIXELS] = {0};
    struct buf small = BUF(40);
    (void)state;

    assert_int_equal(image_encode_png(pixels, 28, 28, &small), -E2BIG);
    assert_int_equal(small.len, 0);
    buf_clear(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_are_checked_first),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_other_formats_are_named),
        cmocka_unit_test(test_what_is_encoded_can_be_decoded),
        cmocka_unit_test(test_encoding_keeps_to_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
