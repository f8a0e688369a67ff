#include "tests/unit/unit.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "model/error.h"
#include "server/image.h"

enum { PNG_MAX = 1 << 16, WIDTH = 13, HEIGHT = 11 };

/* What a picture is made of; sample() gives its numbers. */
struct form {
    int colour, depth, interlace;
    bool transparent; /* with a tRNS chunk */
};

static unsigned sample(size_t x, size_t y, size_t channel, unsigned max)
{
    return (unsigned)(x * 37 + y * 101 + channel * 59 + x * y * 7) % (max + 1);
}

static size_t channels_of(int colour)
{
    return colour == PNG_COLOR_TYPE_GRAY || colour == PNG_COLOR_TYPE_PALETTE ? 1
           : colour == PNG_COLOR_TYPE_GRAY_ALPHA                             ? 2
           : colour == PNG_COLOR_TYPE_RGB                                    ? 3
                                                                             : 4;
}

static void on_write(png_structp png, png_bytep data, size_t len)
{
    assert_int_equal(buf_append(png_get_io_ptr(png), data, len), 0);
}

static void on_flush(png_structp png)
{
    (void)png;
}

static void set_transparent(png_structp png, png_infop info, const struct form *f, unsigned max)
{
    png_byte alphas[256];
    png_color_16 key = {.gray = (png_uint_16)sample(3, 4, 0, max),
                        .red = (png_uint_16)sample(3, 4, 0, max),
                        .green = (png_uint_16)sample(3, 4, 1, max),
                        .blue = (png_uint_16)sample(3, 4, 2, max)};

    for (unsigned i = 0; i < 256; i++)
        alphas[i] = (png_byte)(i * 3);
    if (f->colour == PNG_COLOR_TYPE_PALETTE)
        png_set_tRNS(png, info, alphas, (int)max + 1, NULL);
    else
        png_set_tRNS(png, info, NULL, 0, &key);
}

/* Packs sample `i` of a row as PNG wants it. */
static void put_sample(uint8_t *row, size_t i, int depth, unsigned value)
{
    if (depth == 16) {
        row[2 * i] = (uint8_t)(value >> 8);
        row[2 * i + 1] = (uint8_t)value;
    } else {
        size_t bit = i * (size_t)depth;

        row[bit / 8] |= (uint8_t)(value << (8 - (size_t)depth - bit % 8));
    }
}

static void make_png(const struct form *f, struct buf *out)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    uint8_t rows[HEIGHT][WIDTH * 8] = {{0}};
    png_bytep pointers[HEIGHT];
    png_color palette[256];
    unsigned max = (1U << f->depth) - 1;
    size_t channels = channels_of(f->colour);

    png_set_write_fn(png, out, on_write, on_flush);
    png_set_IHDR(png, info, WIDTH, HEIGHT, f->depth, f->colour, f->interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    for (unsigned i = 0; i < 256; i++)
        palette[i] = (png_color){(png_byte)(i * 5), (png_byte)(i * 11), (png_byte)(255 - i)};
    if (f->colour == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, (int)max + 1);
    if (f->transparent)
        set_transparent(png, info, f, max);
    for (size_t y = 0; y < HEIGHT; y++) {
        pointers[y] = rows[y];
        for (size_t i = 0; i < WIDTH * channels; i++)
            put_sample(rows[y], i, f->depth, sample(i / channels, y, i % channels, max));
    }
    png_set_rows(png, info, pointers);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
}

static bool is_key(const struct form *f, size_t x, size_t y, unsigned max)
{
    for (size_t c = 0; c < channels_of(f->colour); c++)
        if (sample(x, y, c, max) != sample(3, 4, c, max))
            return false;
    return true;
}

/* The grey that a pixel should have, by floating point and straight from its samples, and how
 * opaque it is. */
static double grey_of(const struct form *f, size_t x, size_t y, double *ret_alpha)
{
    unsigned max = (1U << f->depth) - 1;
    size_t n = channels_of(f->colour);
    bool colour = n >= 3 || f->colour == PNG_COLOR_TYPE_PALETTE;
    double v[4];

    *ret_alpha = 1;
    for (size_t c = 0; c < n; c++)
        v[c] = sample(x, y, c, max) * 255.0 / max;
    if (f->colour == PNG_COLOR_TYPE_PALETTE) {
        unsigned i = sample(x, y, 0, max);

        v[0] = (uint8_t)(i * 5);
        v[1] = (uint8_t)(i * 11);
        v[2] = (uint8_t)(255 - i);
        *ret_alpha = f->transparent ? (uint8_t)(i * 3) / 255.0 : 1;
    } else if (f->transparent) {
        *ret_alpha = is_key(f, x, y, max) ? 0 : 1;
    } else if (n % 2 == 0) {
        *ret_alpha = v[n - 1] / 255;
    }
    return colour ? 0.299 * v[0] + 0.587 * v[1] + 0.114 * v[2] : v[0];
}

/* White, unless nothing opaque is dark. */
static double paper_of(const struct form *f)
{
    double alpha;

    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++)
            if (grey_of(f, x, y, &alpha) < 127.5 && alpha > 0.5)
                return 255;
    return 0;
}

static void check_form(const struct form *f)
{
    struct buf png = BUF(PNG_MAX);
    struct image image = {0};
    struct error err = {0};

    make_png(f, &png);
    assert_int_equal(image_decode_png(png.data, png.len, NULL, &image, &err), 0);
    assert_int_equal(image.width, WIDTH);
    assert_int_equal(image.height, HEIGHT);
    for (size_t y = 0; y < HEIGHT; y++) {
        for (size_t x = 0; x < WIDTH; x++) {
            double alpha;
            double grey = grey_of(f, x, y, &alpha);
            double want = grey * alpha + paper_of(f) * (1 - alpha);

            assert_float_equal((float)image.grey[y * WIDTH + x], (float)want, 1.2);
        }
    }
    image_finish(&image);
    image_finish(&image); /* a zeroed one is fine */
    buf_clear(&png);
}

static void test_every_form(void **state)
{
    static const struct {
        int colour;
        int depths[6];
        bool keyed;
    } kinds[] = {
        {PNG_COLOR_TYPE_GRAY,       {1, 2, 4, 8, 16}, true },
        {PNG_COLOR_TYPE_PALETTE,    {1, 2, 4, 8},     true },
        {PNG_COLOR_TYPE_RGB,        {8, 16},          true },
        {PNG_COLOR_TYPE_GRAY_ALPHA, {8, 16},          false},
        {PNG_COLOR_TYPE_RGB_ALPHA,  {8, 16},          false},
    };
    (void)state;

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (const int *depth = kinds[k].depths; *depth; depth++) {
            for (unsigned bits = 0; bits < (kinds[k].keyed ? 4U : 2U); bits++) {
                struct form f = {kinds[k].colour, *depth,
                                 bits & 1 ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, bits & 2};

                check_form(&f);
            }
        }
    }
}

static const struct form usual = {PNG_COLOR_TYPE_RGB_ALPHA, 8, PNG_INTERLACE_NONE, false};
static const struct form woven = {PNG_COLOR_TYPE_PALETTE, 4, PNG_INTERLACE_ADAM7, true};

static void check_truncated(const struct form *f)
{
    struct buf png = BUF(PNG_MAX);

    make_png(f, &png);
    for (size_t len = 0; len < png.len; len++) {
        uint8_t *copy = malloc(len + 1); /* of its own, so that a read behind it shows */
        struct image image = {0};
        struct error err = {0};

        assert_non_null(copy);
        memcpy(copy, png.data, len);
        copy = realloc(copy, len ? len : 1);
        assert_int_equal(image_decode_png(copy, len, NULL, &image, &err), -EBADMSG);
        assert_true(err.text[0] && !strchr(err.text, '\n'));
        assert_null(image.grey);
        free(copy);
    }
    buf_clear(&png);
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;

    check_truncated(&usual);
    check_truncated(&woven);
}

/* Rewrites all checksums, so that damage gets past them. */
static void repair_checksums(uint8_t *png, size_t len)
{
    for (size_t at = 8; at + 12 <= len;) {
        size_t n = (size_t)png[at] << 24 | (size_t)png[at + 1] << 16 |
                   (size_t)png[at + 2] << 8 | png[at + 3];

        if (n > len - at - 12)
            return;
        unsigned long sum = crc32(0, png + at + 4, (uInt)n + 4);

        for (size_t i = 0; i < 4; i++)
            png[at + 8 + n + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += n + 12;
    }
}

static void check_flipped(const struct form *f, bool repaired)
{
    struct buf png = BUF(PNG_MAX);
    uint32_t seed = 12345;

    make_png(f, &png);
    uint8_t *copy = malloc(png.len);

    assert_non_null(copy);
    for (int round = 0; round < 3000; round++) {
        struct image image = {0};
        struct error err = {0};

        memcpy(copy, png.data, png.len);
        for (int flips = 0; flips < 1 + round % 3; flips++) {
            seed = seed * 1664525 + 1013904223;
            copy[(seed >> 8) % png.len] ^= (uint8_t)(1U << (seed >> 28) % 8);
        }
        if (repaired)
            repair_checksums(copy, png.len);
        int r = image_decode_png(copy, png.len, NULL, &image, &err);

        assert_true(r == 0 || r == -EBADMSG || r == -EINVAL);
        assert_int_equal(r == 0, image.grey != NULL);
        assert_int_equal(r, err.code);
        image_finish(&image);
    }
    free(copy);
    buf_clear(&png);
}

static void test_damage_never_crashes(void **state)
{
    (void)state;

    check_flipped(&usual, false);
    check_flipped(&usual, true);
    check_flipped(&woven, false);
    check_flipped(&woven, true);
}

/* An RGBA picture: `rim` around a block of `ink`. */
static void flatten_case(const uint8_t rim[4], const uint8_t ink[4], uint8_t want_rim,
                         uint8_t want_ink)
{
    struct buf png = BUF(PNG_MAX);
    png_image source = {
        .version = PNG_IMAGE_VERSION, .width = 8, .height = 8, .format = PNG_FORMAT_RGBA};
    uint8_t pixels[8 * 8 * 4];
    png_alloc_size_t len = PNG_MAX;
    struct image image = {0};

    for (size_t i = 0; i < 64; i++)
        memcpy(pixels + i * 4, i / 8 > 1 && i / 8 < 6 && i % 8 > 2 ? ink : rim, 4);
    assert_int_equal(buf_reserve(&png, PNG_MAX), 0);
    assert_int_equal(png_image_write_to_memory(&source, png.data, &len, 0, pixels, 0, NULL), 1);
    assert_int_equal(image_decode_png(png.data, len, NULL, &image, NULL), 0);
    assert_int_equal(image.grey[0], want_rim);
    assert_int_equal(image.grey[3 * 8 + 4], want_ink);
    image_finish(&image);
    buf_clear(&png);
}

static void test_alpha_is_flattened_on_what_contrasts(void **state)
{
    static const uint8_t none[] = {0, 0, 0, 0};
    static const uint8_t white[] = {255, 255, 255, 255};
    static const uint8_t black[] = {0, 0, 0, 255};
    static const uint8_t yellow[] = {255, 255, 0, 255};
    static const uint8_t half[] = {255, 255, 255, 128};
    (void)state;

    flatten_case(none, black, 255, 0);
    flatten_case(none, white, 0, 255);
    flatten_case(none, yellow, 0, 226);
    flatten_case(none, half, 0, 128);
    flatten_case(none, none, 0, 0);
    flatten_case(white, black, 255, 0);
    flatten_case(black, white, 0, 255);
    flatten_case(white, none, 255, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_damage_never_crashes),
        cmocka_unit_test(test_alpha_is_flattened_on_what_contrasts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
