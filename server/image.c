#include "server/image.h"

#include <errno.h>
#include <png.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "model/preprocess.h"

enum {
    SIDE_MAX = PREPROCESS_PICTURE_SIDE_MAX,
    SIGNATURE_LEN = 8,
    IHDR_END = 33,       /* bytes up to the end of the first chunk */
    CHUNK_MAX = 8 << 20, /* bytes of a chunk that is skipped: colour profiles, text */
    CHANNELS_MAX = 4,    /* RGBA */
};

static const uint8_t signature[SIGNATURE_LEN] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

/* A picture on its way out of the file. libpng reports errors with a longjmp() into
 * read_guarded(), so whatever needs freeing is in here. */
struct reader {
    png_structp png;
    png_infop info;
    const uint8_t *at, *end;
    size_t width, height;
    uint8_t *grey;
    uint8_t *alpha; /* NULL: all is opaque */
    bool out_of_memory;
    struct error *err;
    uint8_t row[SIDE_MAX * CHANNELS_MAX];
};

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int refuse_foreign(const uint8_t *bytes, size_t len, struct error *err)
{
    static const struct {
        size_t offset;
        const char *magic;
        const char *name;
    } formats[] = {
        {0, "\xff\xd8\xff", "a JPEG"               },
        {0, "GIF8",         "a GIF"                },
        {8, "WEBP",         "a WebP"               },
        {4, "ftyp",         "a HEIC, AVIF or video"},
        {0, "%PDF",         "a PDF"                },
        {0, "BM",           "a BMP"                },
        {0, "II*",          "a TIFF"               },
        {0, "MM",           "a TIFF"               },
        {0, "<",            "SVG, HTML or XML"     },
        {0, "{",            "JSON"                 },
        {0, "\x1f\x8b",     "gzip"                 },
    };

    if (len == 0)
        return error_set(err, -EBADMSG, "the picture is empty; it should be a PNG");
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        size_t offset = formats[i].offset;
        size_t n = strlen(formats[i].magic);

        if (len >= offset + n && memcmp(bytes + offset, formats[i].magic, n) == 0)
            return error_set(err, -EBADMSG, "the picture seems to be %s; it should be a PNG",
                             formats[i].name);
    }
    if (bytes[0] == signature[0])
        return error_set(err, -EBADMSG,
                         "the PNG is damaged: its first 8 bytes are cut off or changed, as if "
                         "it had been sent as text");
    return error_set(err, -EBADMSG, "the picture is no PNG: its first byte is 0x%02x, not 0x89",
                     bytes[0]);
}

/* Looks at signature and size before libpng gets to allocate anything. */
static int check_header(const uint8_t *bytes, size_t len, struct reader *r)
{
    if (len < SIGNATURE_LEN || memcmp(bytes, signature, SIGNATURE_LEN) != 0)
        return refuse_foreign(bytes, len, r->err);
    if (len < IHDR_END || memcmp(bytes + 12, "IHDR", 4) != 0)
        return error_set(r->err, -EBADMSG, "the PNG is damaged: it has no whole header");

    uint32_t width = read_u32(bytes + 16);
    uint32_t height = read_u32(bytes + 20);

    if (width > SIDE_MAX || height > SIDE_MAX)
        return error_set(r->err, -EINVAL,
                         "the picture is %ux%u pixels; it should be at most %dx%d", width,
                         height, SIDE_MAX, SIDE_MAX);
    if (width == 0 || height == 0)
        return error_set(r->err, -EBADMSG, "the picture is %ux%u pixels; it has none", width,
                         height);
    r->width = width;
    r->height = height;
    return 0;
}

static void on_read(png_structp png, png_bytep out, size_t len)
{
    struct reader *r = png_get_io_ptr(png);

    if (len > (size_t)(r->end - r->at))
        png_error(png, "it ends too early");
    memcpy(out, r->at, len);
    r->at += len;
}

static void on_error(png_structp png, png_const_charp text)
{
    struct reader *r = png_get_error_ptr(png);

    if (r->out_of_memory)
        (void)error_set(r->err, -ENOMEM, "out of memory");
    else
        (void)error_set(r->err, -EBADMSG, "the PNG is damaged: %s", text);
    png_longjmp(png, 1);
}

/* libpng's own allocations, to tell a lack of memory from a damaged file. */
static png_voidp on_malloc(png_structp png, png_alloc_size_t len)
{
    struct reader *r = png_get_mem_ptr(png);
    void *memory = malloc(len);

    r->out_of_memory |= !memory;
    return memory;
}

static void on_free(png_structp png, png_voidp memory)
{
    (void)png;
    free(memory);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((19595U * rgb[0] + 38470U * rgb[1] + 7471U * rgb[2] + 32768U) >> 16);
}

/* The four forms that libpng hands out rows in; each a loop of its own, which the compiler can
 * unroll. */
static void convert_row(const uint8_t *from, size_t channels, size_t count, uint8_t *grey,
                        uint8_t *alpha)
{
    switch (channels) {
    case 1:
        memcpy(grey, from, count);
        break;
    case 2:
        for (size_t i = 0; i < count; i++) {
            grey[i] = from[2 * i];
            alpha[i] = from[2 * i + 1];
        }
        break;
    case 3:
        for (size_t i = 0; i < count; i++)
            grey[i] = luma(from + 3 * i);
        break;
    default:
        for (size_t i = 0; i < count; i++) {
            grey[i] = luma(from + 4 * i);
            alpha[i] = from[4 * i + 3];
        }
    }
}

/* Puts the `count` pixels of r->row at x, x + step, ... of row y. */
static void store_row(struct reader *r, size_t channels, size_t y, size_t x, size_t step,
                      size_t count)
{
    uint8_t *grey = r->grey + y * r->width + x;
    uint8_t *alpha = r->alpha ? r->alpha + y * r->width + x : NULL;
    uint8_t greys[SIDE_MAX];
    uint8_t alphas[SIDE_MAX];

    if (step == 1) {
        convert_row(r->row, channels, count, grey, alpha);
        return;
    }
    convert_row(r->row, channels, count, greys, alphas);
    for (size_t i = 0; i < count; i++)
        grey[i * step] = greys[i];
    for (size_t i = 0; alpha && i < count; i++)
        alpha[i * step] = alphas[i];
}

static int allocate(struct reader *r, size_t channels)
{
    size_t len = r->width * r->height;
    bool has_alpha = channels % 2 == 0;

    r->grey = calloc(len, 1);
    r->alpha = has_alpha ? calloc(len, 1) : NULL;
    r->out_of_memory |= !r->grey || (has_alpha && !r->alpha);
    return r->out_of_memory ? -ENOMEM : 0;
}

/* Each pass of an interlaced picture is a small picture of its own; reading them as such needs
 * no more than one row of memory. */
static void read_passes(struct reader *r, size_t channels, bool interlaced)
{
    for (unsigned pass = 0; pass < (interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1U); pass++) {
        size_t x = interlaced ? (size_t)PNG_PASS_START_COL(pass) : 0;
        size_t y = interlaced ? (size_t)PNG_PASS_START_ROW(pass) : 0;
        size_t step_x = interlaced ? (size_t)PNG_PASS_COL_OFFSET(pass) : 1;
        size_t step_y = interlaced ? (size_t)PNG_PASS_ROW_OFFSET(pass) : 1;

        if (x >= r->width)
            continue;
        for (; y < r->height; y += step_y) {
            png_read_row(r->png, r->row, NULL);
            store_row(r, channels, y, x, step_x, (r->width - x + step_x - 1) / step_x);
        }
    }
}

static void read_picture(struct reader *r)
{
    png_set_user_limits(r->png, SIDE_MAX, SIDE_MAX);
    png_set_chunk_malloc_max(r->png, CHUNK_MAX);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    (void)png_set_option(r->png, PNG_IGNORE_ADLER32, PNG_OPTION_ON); /* chunks have CRCs */
    png_set_read_fn(r->png, r, on_read);
    png_read_info(r->png, r->info);
    png_set_expand(r->png);
    png_set_scale_16(r->png);
    png_read_update_info(r->png, r->info);

    size_t channels = png_get_channels(r->png, r->info);

    if (png_get_rowbytes(r->png, r->info) != r->width * channels || channels > CHANNELS_MAX)
        png_error(r->png, "its rows have an unknown form");
    if (allocate(r, channels) < 0)
        return;
    read_passes(r, channels, png_get_interlace_type(r->png, r->info) == PNG_INTERLACE_ADAM7);
    png_read_end(r->png, NULL);
}

static int read_guarded(struct reader *r)
{
    if (setjmp(png_jmpbuf(r->png)) == 0)
        read_picture(r);
    else if (!r->out_of_memory)
        return -EBADMSG;
    return r->out_of_memory ? error_set(r->err, -ENOMEM, "out of memory") : 0;
}

static void flatten(uint8_t *grey, const uint8_t *alpha, size_t len)
{
    uint8_t dark = 0;
    uint8_t clear = 0;

    for (size_t i = 0; i < len; i++) {
        dark |= (uint8_t)(alpha[i] & ~grey[i]); /* bit 7: opaque, and below 128 */
        clear |= (uint8_t)~alpha[i];
    }
    if (!clear)
        return;

    unsigned paper = dark & 0x80 ? 255 : 0;

    for (size_t i = 0; i < len; i++)
        grey[i] = (uint8_t)((grey[i] * alpha[i] + paper * (255U - alpha[i]) + 127) / 255);
}

/* Bits of a pixel in the file, by the header that check_header() has seen. */
static size_t pixel_bits(const uint8_t *bytes)
{
    static const uint8_t samples[] = {[PNG_COLOR_TYPE_GRAY] = 1,
                                      [PNG_COLOR_TYPE_RGB] = 3,
                                      [PNG_COLOR_TYPE_PALETTE] = 1,
                                      [PNG_COLOR_TYPE_GRAY_ALPHA] = 2,
                                      [PNG_COLOR_TYPE_RGB_ALPHA] = 4};
    uint8_t depth = bytes[24];
    uint8_t type = bytes[25];

    /* libpng refuses what is neither. */
    return type < sizeof(samples) && depth <= 16 ? (size_t)samples[type] * depth : 0;
}

static int spend(const uint8_t *bytes, const struct reader *r, size_t *budget)
{
    if (!budget)
        return 0;
    size_t work = (r->width * pixel_bits(bytes) + 7) / 8 * r->height;

    if (work > *budget)
        return error_set(r->err, -E2BIG,
                         "the picture is %zux%zu pixels and unpacks to %zu bytes; the request "
                         "may have %zu more",
                         r->width, r->height, work, *budget);
    *budget -= work;
    return 0;
}

int image_decode_png(const void *bytes, size_t len, size_t *budget, struct image *ret,
                     struct error *err)
{
    struct reader reader = {.at = bytes, .err = err};
    int r = check_header(bytes, len, &reader);

    if (r == 0)
        r = spend(bytes, &reader, budget);
    if (r == 0) {
        reader.end = reader.at + len;
        reader.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &reader, on_error,
                                              on_warning, &reader, on_malloc, on_free);
        reader.info = reader.png ? png_create_info_struct(reader.png) : NULL;
        r = reader.info ? read_guarded(&reader) : error_set(err, -ENOMEM, "out of memory");
    }
    if (r == 0) {
        if (reader.alpha)
            flatten(reader.grey, reader.alpha, reader.width * reader.height);
        *ret = (struct image){reader.grey, reader.width, reader.height};
        reader.grey = NULL;
    }
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    free(reader.grey);
    free(reader.alpha);
    return r;
}

void image_finish(struct image *image)
{
    free(image->grey);
    *image = (struct image){0};
}
