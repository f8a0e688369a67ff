#include "tests/unit/unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/door.h"
#include "tests/unit/fake_model.h"

#define HEAD  "{\"model_name\":\"mnist\",\"model_version\":\"3\",\"outputs\":["
#define L0    "[0,1,2,3,4,5,6,7,8,9]"
#define ASKED ",\"outputs\":[{\"name\":\"logits\"}]}"
#define LOGITS(data) \
    HEAD "{\"name\":\"logits\",\"datatype\":\"FP32\",\"shape\":[1,10],\"data\":" data "}]}"

/* Sends the JSON, and behind it the bytes. */
static int send(struct door *d, const char *json, const void *tail, size_t len)
{
    struct buf body = BUF(1 << 20);
    char ihcl[24];

    (void)snprintf(ihcl, sizeof(ihcl), "%zu", strlen(json));
    d->ihcl = ihcl;
    assert_int_equal(buf_text(&body, json), 0);
    assert_int_equal(buf_append(&body, tail, len), 0);
    int r = door_send(d, &protocol_v2, body.data, body.len);

    buf_clear(&body);
    return r;
}

/* One image of the type, of the size, before `more` of the request. */
static int send_as(struct door *d, const char *type, const void *tail, size_t len,
                   const char *more)
{
    char json[512];

    (void)snprintf(json, sizeof(json),
                   "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,28,28],\"datatype\":\"%s\","
                   "\"parameters\":{\"binary_data_size\":%zu}}]%s",
                   type, len, more);
    return send(d, json, tail, len);
}

static void check(struct door *d, int got, int r, const char *want)
{
    if (got != r || strcmp(r ? d->err.text : d->answer.data, want) != 0)
        fail_msg("%d %s", got, got ? d->err.text : d->answer.data);
    door_finish(d);
}

static void test_every_type(void **state)
{
    static const uint16_t halves[] = {0,      0x3c00, 0x4000, 0x4200, 0x4400,
                                      0x4500, 0x4600, 0x4700, 0x4800, 0x4880};
    static const struct {
        const char *name;
        size_t width;
    } types[] = {
        {"INT8",   1},
        {"INT16",  2},
        {"INT32",  4},
        {"INT64",  8},
        {"UINT8",  1},
        {"UINT16", 2},
        {"UINT32", 4},
        {"UINT64", 8},
    };
    struct door d = {0};
    unsigned char bytes[MODEL_INPUT * 8] = {0};
    float floats[MODEL_INPUT] = {0};
    double doubles[MODEL_INPUT] = {0};
    (void)state;

    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        memset(bytes, 0, sizeof(bytes));
        for (unsigned i = 0; i < 10; i++)
            bytes[i * types[t].width] = (unsigned char)i;
        check(&d, send_as(&d, types[t].name, bytes, MODEL_INPUT * types[t].width, ASKED), 0,
              LOGITS(L0));
    }
    for (unsigned i = 0; i < 10; i++) {
        floats[i] = (float)i;
        doubles[i] = i;
    }
    check(&d, send_as(&d, "FP32", floats, sizeof(floats), ASKED), 0, LOGITS(L0));
    check(&d, send_as(&d, "FP64", doubles, sizeof(doubles), ASKED), 0, LOGITS(L0));
    memset(bytes, 0, sizeof(bytes));
    for (unsigned i = 0; i < MODEL_INPUT; i++)
        memcpy(bytes + 2 * i, (const char *)&floats[i] + 2, 2);
    check(&d, send_as(&d, "BF16", bytes, 2 * MODEL_INPUT, ASKED), 0, LOGITS(L0));
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, halves, sizeof(halves));
    check(&d, send_as(&d, "FP16", bytes, 2 * MODEL_INPUT, ASKED), 0, LOGITS(L0));
    memset(bytes, 0, sizeof(bytes));
    bytes[1] = bytes[3] = 1; /* ink is 255 * 0.5 */
    check(&d, send_as(&d, "BOOL", bytes, MODEL_INPUT, ASKED), 0,
          LOGITS("[0,127.5,0,127.5,0,0,0,0,0,0]"));
}

static void test_halves(void **state)
{
    static const uint16_t halves[] = {0x0001, 0x03ff, 0x0400, 0x3555, 0x7bff,
                                      0x8000, 0x8001, 0xb800, 0xc000, 0xfbff};
    unsigned char bytes[2 * MODEL_INPUT] = {0};
    struct door d = {0};
    (void)state;

    memcpy(bytes, halves, sizeof(halves));
    check(&d, send_as(&d, "FP16", bytes, sizeof(bytes), ASKED), 0,
          LOGITS("[5.9604645e-08,6.097555e-05,6.1035156e-05,0.33325195,65504,-0,-5.9604645e-08,"
                 "-0.5,-2,-65504]"));
}

static void test_booleans_in_json(void **state)
{
    struct buf body = BUF(1 << 16);
    struct door d = {0};
    (void)state;

    assert_int_equal(buf_text(&body, "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,784],"
                                     "\"datatype\":\"BOOL\",\"data\":[[true,false,1,0"),
                     0);
    for (int i = 4; i < MODEL_INPUT; i++)
        assert_int_equal(buf_text(&body, ", false"), 0);
    assert_int_equal(buf_text(&body, "]]}]" ASKED), 0);
    check(&d, door_send(&d, &protocol_v2, body.data, body.len), 0,
          LOGITS("[127.5,0,127.5,0,0,0,0,0,0,0]"));
    buf_clear(&body);
}

static void test_answers_in_binary(void **state)
{
    static const char probabilities[] = "{\"name\":\"probabilities\",\"datatype\":\"FP32\","
                                        "\"shape\":[1,10]";
    static const char logits[] = "{\"name\":\"logits\",\"datatype\":\"FP32\",\"shape\":[1,10]";
    static const char size[] = ",\"parameters\":{\"binary_data_size\":40}}";
    static const char text[] = ",\"data\":" L0 "}";
#define NAMED(name, binary) \
    "{\"name\":\"" name "\",\"parameters\":{\"binary_data\":" binary "}}"
#define ALL(binary) ",\"parameters\":{\"binary_data_output\":" binary "}"
    static const char *const requests[] = {
        ALL("true") "}",
        ALL("false") "}",
        ALL("true") ",\"outputs\":[{\"name\":\"probabilities\"}," NAMED("logits", "false") "]}",
        ",\"outputs\":[" NAMED("probabilities", "true") "," NAMED("logits", "true") "]}",
    };
    static const bool first[] = {true, false, true, true},
                      second[] = {true, false, false, true};
    float floats[MODEL_INPUT] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, got[20];
    (void)state;

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct door d = {0};
        char want[512];

        assert_int_equal(send_as(&d, "FP32", floats, sizeof(floats), requests[i]), 0);
        (void)snprintf(want, sizeof(want), HEAD "%s%s,%s%s]}", probabilities,
                       first[i] ? size : ",\"data\":[0,0.5,1,1.5,2,2.5,3,3.5,4,4.5]}", logits,
                       second[i] ? size : text);
        assert_int_equal(d.json_len, strlen(want));
        assert_memory_equal(d.answer.data, want, d.json_len);
        size_t tail = d.answer.len - 1 - d.json_len;

        assert_int_equal(tail, 40 * ((size_t)first[i] + (size_t)second[i]));
        memcpy(got, d.answer.data + d.json_len, tail);
        for (size_t k = 0; k < tail / sizeof(float); k++)
            assert_true(got[k] == (k < 10 ? (float)k / 2 : (float)(k - 10)));
        door_finish(&d);
    }
}

static void test_nothing_but_a_tensor(void **state)
{
    static float floats[(DOOR_IMAGES_MAX + 1) * MODEL_INPUT];
    const size_t one = MODEL_INPUT * sizeof(float);
    struct door d = {.ihcl = "0"};
    (void)state;

    floats[0] = 7;
    assert_int_equal(door_send(&d, &protocol_v2, floats, 2 * one), 0);
    assert_int_equal(d.answer.len - 1 - d.json_len, 2 * 2 * 40);
    door_finish(&d);
    check(&d, door_send(&d, &protocol_v2, floats, one + 1), -EINVAL,
          "the raw tensor is 3137 bytes; expected 3136 of FP32 for each image");
    check(&d, door_send(&d, &protocol_v2, floats, sizeof(floats)), -E2BIG,
          "a request may hold 4 images at most, this one has 5");
    check(&d, door_send(&d, &protocol_v2, "", 0), -EBADMSG,
          "the body is empty; expected a JSON object");
    d.ihcl = NULL;
    check(&d, door_send(&d, &protocol_v2, floats, one), -EBADMSG,
          "the body is no JSON; a raw tensor should come with Inference-Header-Content-Length: "
          "0");
}

static void test_refuses(void **state)
{
    unsigned char bytes[MODEL_INPUT * 8 + 1] = {0};
    float floats[MODEL_INPUT] = {0};
    double doubles[MODEL_INPUT] = {0};
    struct door d = {0};
    (void)state;

    check(&d, send_as(&d, "FP32", bytes, 3135, ASKED), -EINVAL,
          "binary_data_size is 3135; the shape [1,28,28] of FP32 means 3136 bytes");
    check(&d, send_as(&d, "UINT8", bytes, 0, ASKED), -EINVAL,
          "binary_data_size is 0; the shape [1,28,28] of UINT8 means 784 bytes");
    bytes[7] = 2;
    check(&d, send_as(&d, "BOOL", bytes, MODEL_INPUT, ASKED), -EINVAL,
          "data[7] is 2, which no BOOL can be");
    floats[3] = NAN;
    check(&d, send_as(&d, "FP32", floats, sizeof(floats), ASKED), -EINVAL,
          "data[3] is nan as a 32-bit float; values must be finite");
    floats[3] = 0;
    floats[783] = -INFINITY;
    check(&d, send_as(&d, "FP32", floats, sizeof(floats), ASKED), -EINVAL,
          "data[783] is -inf as a 32-bit float; values must be finite");
    doubles[1] = 1e300;
    check(&d, send_as(&d, "FP64", doubles, sizeof(doubles), ASKED), -EINVAL,
          "data[1] is inf as a 32-bit float; values must be finite");
    check(&d,
          send(&d,
               "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,784],\"datatype\":\"UINT8\","
               "\"parameters\":{\"binary_data_size\":784}}]}",
               bytes, 783),
          -EINVAL, "binary_data_size is 784, but behind the JSON are 783 bytes");
    check(
        &d,
        send(&d,
             "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,784],\"datatype\":\"INT8\","
             "\"parameters\":{\"binary_data_size\":784}}]}",
             bytes, 786),
        -EINVAL,
        "behind the JSON and its tensors are 2 bytes more; binary_data_size should claim them");
    check(&d,
          send(&d,
               "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,784],\"datatype\":\"INT8\","
               "\"data\":[],\"parameters\":{\"binary_data_size\":784}}]}",
               bytes, 784),
          -EINVAL, "data has 0 numbers; the shape [1,784] means 784");
    check(&d,
          send(&d,
               "{\"inputs\":[{\"name\":\"input\",\"parameters\":{\"binary_data_size\":784},"
               "\"shape\":[1,784],\"datatype\":\"INT8\",\"data\":[]}]}",
               bytes, 784),
          -EINVAL, "the input has data and binary_data_size; expected one of them");
    check(&d, send(&d, "{\"inputs\":[{\"parameters\":{\"binary_data_size\":-1}}]}", bytes, 784),
          -EINVAL, "binary_data_size is -1, but behind the JSON are 784 bytes");
    check(&d,
          send(&d, "{\"inputs\":[{\"parameters\":{\"binary_data_size\":1.5}}]}", bytes, 784),
          -EBADMSG, "the number at byte 45 should be an integer, without point or exponent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),           cmocka_unit_test(test_halves),
        cmocka_unit_test(test_booleans_in_json),     cmocka_unit_test(test_answers_in_binary),
        cmocka_unit_test(test_nothing_but_a_tensor), cmocka_unit_test(test_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
