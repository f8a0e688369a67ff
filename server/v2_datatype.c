#include "server/v2_datatype.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "model/error.h"
#include "server/pixels.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tensors in binary are little-endian");

static void from_fp32(const unsigned char *in, size_t n, float *out)
{
    memcpy(out, in, n * sizeof(*out));
}

#define FROM(name, type)                                                   \
    static void from_##name(const unsigned char *in, size_t n, float *out) \
    {                                                                      \
        for (size_t i = 0; i < n; i++) {                                   \
            type value;                                                    \
            memcpy(&value, in + i * sizeof(value), sizeof(value));         \
            out[i] = (float)value;                                         \
        }                                                                  \
    }
FROM(fp64, double)
FROM(int8, int8_t)
FROM(int16, int16_t)
FROM(int32, int32_t)
FROM(int64, int64_t)
FROM(uint8, uint8_t)
FROM(uint16, uint16_t)
FROM(uint32, uint32_t)
FROM(uint64, uint64_t)

static void from_bf16(const unsigned char *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned char high[4] = {0, 0, in[2 * i], in[2 * i + 1]};

        memcpy(&out[i], high, sizeof(high));
    }
}

static float half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const int bias = 15, fraction_bits = 10, special = 31;
    float value = exponent == special ? (fraction ? NAN : INFINITY)
                  : exponent == 0
                      ? ldexpf((float)fraction, 1 - bias - fraction_bits)
                      : ldexpf((float)(fraction + 1024), exponent - bias - fraction_bits);

    return bits >> 15 ? -value : value;
}

static void from_fp16(const unsigned char *in, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = half((uint16_t)(in[2 * i] | in[2 * i + 1] << 8));
}

/* clang-format off */
static const struct v2_datatype datatypes[] = {
    {"FP32",   4, false, false, false, -FLT_MAX, FLT_MAX,  from_fp32  },
    {"UINT8",  1, false, true,  false, 0,        255,      from_uint8 },
    {"FP64",   8, false, false, false, -FLT_MAX, FLT_MAX,  from_fp64  },
    {"FP16",   2, true,  false, false, -FLT_MAX, FLT_MAX,  from_fp16  },
    {"BF16",   2, true,  false, false, -FLT_MAX, FLT_MAX,  from_bf16  },
    {"INT8",   1, false, true,  false, -128,     127,      from_int8  },
    {"INT16",  2, false, true,  false, -32768,   32767,    from_int16 },
    {"INT32",  4, false, true,  false, -0x1p31F, 0x1p31F,  from_int32 },
    {"INT64",  8, false, true,  false, -0x1p63F, 0x1p63F,  from_int64 },
    {"UINT16", 2, false, true,  false, 0,        65535,    from_uint16},
    {"UINT32", 4, false, true,  false, 0,        0x1p32F,  from_uint32},
    {"UINT64", 8, false, true,  false, 0,        0x1p64F,  from_uint64},
    {"BOOL",   1, false, true,  true,  0,        1,        from_uint8 },
    {"BYTES",  0, false, false, false, 0,        0,        NULL       },
};
/* clang-format on */

int v2_datatype_find(struct scan_text name, const struct v2_datatype **ret, struct error *err)
{
    for (size_t i = 0; i < sizeof(datatypes) / sizeof(datatypes[0]); i++)
        if (scan_equals(name, datatypes[i].name)) {
            *ret = &datatypes[i];
            return 0;
        }
    return error_set(err, -EINVAL,
                     "the datatype is '%.*s'; expected FP32, FP64, FP16, BF16, BOOL, BYTES, or "
                     "INT or UINT with 8, 16, 32 or 64 bits",
                     name.len < 24 ? (int)name.len : 24, name.at);
}

int v2_datatype_check(const struct v2_datatype *type, const float *values, size_t n,
                      struct error *err)
{
    if (!type->integer && !pixels_exceed(values, n, FLT_MAX))
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            return error_set(err, -EINVAL,
                             "data[%zu] is %g as a 32-bit float; values must be finite", i,
                             (double)values[i]);
        if (values[i] < type->min || values[i] > type->max)
            return error_set(err, -EINVAL, "data[%zu] is %.9g, which no %s can be", i,
                             (double)values[i], type->name);
    }
    return 0;
}
