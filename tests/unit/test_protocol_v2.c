#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/door.h"
#include "tests/unit/fake_model.h"

#define L0   "[0,1,2,3,4,5,6,7,8,9]"
#define P0   "[0,0.5,1,1.5,2,2.5,3,3.5,4,4.5]"
#define L01  "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]"
#define P01  "[0,0.5,1,1.5,2,2.5,3,3.5,4,4.5,5,5.5,6,6.5,7,7.5,8,8.5,9,9.5]"
#define HEAD "{\"model_name\":\"mnist\",\"model_version\":\"3\""
#define NAMED(name, n, data) \
    "{\"name\":\"" name "\",\"datatype\":\"FP32\",\"shape\":[" n ",10],\"data\":" data "}"
#define BOTH  ",\"outputs\":[" NAMED("probabilities", "1", P0) "," NAMED("logits", "1", L0) "]}"
#define INPUT "{\"name\":\"input\",\"shape\":[1,784],\"datatype\":\"FP32\",\"data\":[#]}"

static void check_with(struct door *d, const char *text, int r, const char *want)
{
    int got = door_send_text(d, &protocol_v2, text);

    if (got != r || strcmp(r ? d->err.text : d->answer.data, want) != 0)
        fail_msg("%.160s: %d %s", text, got, got ? d->err.text : d->answer.data);
    assert_int_equal(d->err.code, r);
    door_finish(d);
}

static void check(const char *text, int r, const char *want)
{
    struct door d = {0};

    check_with(&d, text, r, want);
}

static void check_input(const char *shape, const char *datatype, const char *data, int r,
                        const char *want)
{
    struct buf body = BUF(1 << 20);

    assert_int_equal(
        buf_print(&body,
                  "{\"inputs\":[{\"name\":\"input\",\"shape\":%s,\"datatype\":\"%s\","
                  "\"data\":%s}]}",
                  shape, datatype, data),
        0);
    assert_int_equal(buf_append(&body, "", 1), 0);
    check(body.data, r, want);
    buf_clear(&body);
}

static void test_answers(void **state)
{
    (void)state;

    check("{\"inputs\":[" INPUT "]}", 0, HEAD BOTH);
    check("{\"id\":\"42\",\"inputs\":[" INPUT "]}", 0, HEAD ",\"id\":\"42\"" BOTH);
    check("{\"inputs\":[" INPUT "],\"id\":\"q\\\"\\u00e9\"}", 0,
          HEAD ",\"id\":\"q\\\"\\u00e9\"" BOTH);
    check("{\"id\":\"\",\"inputs\":[" INPUT "]}", 0, HEAD BOTH);
    check("{\"id\":null,\"parameters\":null,\"outputs\":null,\"inputs\":[" INPUT "]}", 0,
          HEAD BOTH);
    check(
        "{\"model_name\":\"x\",\"parameters\":{\"binary_data_output\":false},\"inputs\":[" INPUT
        "],\"outputs\":[]}",
        0, HEAD BOTH);
    check("{\"inputs\":[" INPUT "],\"outputs\":[{\"name\":\"probabilities\"}]}", 0,
          HEAD ",\"outputs\":[" NAMED("probabilities", "1", P0) "]}");
    check("{\"inputs\":[" INPUT "],\"outputs\":[{\"name\":\"logits\"}]}", 0,
          HEAD ",\"outputs\":[" NAMED("logits", "1", L0) "]}");
    check("{\"outputs\":[{\"name\":\"logits\",\"parameters\":{\"binary_data\":false}},"
          "{\"name\":\"probabilities\"}],\"inputs\":[" INPUT "]}",
          0,
          HEAD
          ",\"outputs\":[" NAMED("logits", "1", L0) "," NAMED("probabilities", "1", P0) "]}");
    check("{\"inputs\":[" INPUT
          "],\"outputs\":[{\"name\":\"probabilities\"},{\"name\":\"scores\"}]}",
          0,
          HEAD
          ",\"outputs\":[" NAMED("probabilities", "1", P0) "," NAMED("scores", "1", L0) "]}");
    check("{\"inputs\":[{\"data\":[#,#],\"parameters\":{\"content_type\":\"np\"},\"datatype\":"
          "\"FP32\","
          "\"shape\":[2,1,28,28],\"name\":\"input\"}]}",
          0,
          HEAD
          ",\"outputs\":[" NAMED("probabilities", "2", P01) "," NAMED("logits", "2", L01) "]}");
}

static void test_own_output_may_be_the_probabilities(void **state)
{
    (void)state;

    fake_info.end = MODEL_END_SOFTMAX;
    check("{\"inputs\":[" INPUT "],\"outputs\":[{\"name\":\"scores\"}]}", 0,
          HEAD ",\"outputs\":[" NAMED("scores", "1", P0) "]}");
    fake_info.end = MODEL_END_LOGITS;
}

static void test_shapes_and_types(void **state)
{
    static const struct {
        const char *shape, *datatype, *data;
    } cases[] = {
        {"[1,784]",     "FP32",   "[#]"    },
        {"[784]",       "FP32",   "[#]"    },
        {"[28,28]",     "FP64",   "[#]"    },
        {"[28,28]",     "FP64",   "[@]"    },
        {"[1,28,28]",   "INT8",   "[@]"    },
        {"[1,1,28,28]", "INT16",  "[[[@]]]"},
        {"[1,1,28,28]", "FP32",   "[[#]]"  },
        {"[1,28,28,1]", "INT32",  "[[&]]"  },
        {"[1,28,28,1]", "INT64",  "[#]"    },
        {"[1,784]",     "UINT8",  "[[#]]"  },
        {"[1,784]",     "UINT16", "[#]"    },
        {"[1,784]",     "UINT32", "[#]"    },
        {"[1,784]",     "UINT64", "[#]"    },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_input(cases[i].shape, cases[i].datatype, cases[i].data, 0, HEAD BOTH);
}

static void test_refuses_inputs(void **state)
{
    static const struct {
        const char *shape, *datatype, *data;
        int r;
        const char *want;
    } cases[] = {
        {"[1,783]",                   "FP32", "[#]",              -EINVAL,
         "the shape is [1,783]; expected [n,784], [n,28,28], [n,1,28,28] or [n,28,28,1]"                                     },
        {"[0,784]",                   "FP32", "[]",               -EINVAL,
         "the shape is [0,784]; expected [n,784], [n,28,28], [n,1,28,28] or [n,28,28,1]"                                     },
        {"[28,28,3]",                 "FP32", "[#]",              -EINVAL,
         "the shape is [28,28,3]; expected [n,784], [n,28,28], [n,1,28,28] or [n,28,28,1]"                                   },
        {"[2,2,28,28]",               "FP32", "[#]",              -EINVAL,
         "the shape is [2,2,28,28]; expected [n,784], [n,28,28], [n,1,28,28] or [n,28,28,1]"                                 },
        {"[]",                        "FP32", "[1]",              -EINVAL,
         "the shape is []; expected [n,784], [n,28,28], [n,1,28,28] or [n,28,28,1]"                                          },
        {"[9223372036854775807,784]", "FP32", "[#]",              -E2BIG,
         "a request may hold 4 images at most, this one has 9223372036854775807"                                             },
        {"[5,784]",                   "FP32", "[#]",              -E2BIG,
         "a request may hold 4 images at most, this one has 5"                                                               },
        {"[-1,784]",                  "FP32", "[#]",              -EINVAL,
         "the shape has the dimension -1; it should be 0 or more"                                                            },
        {"[1.0,784]",                 "FP32", "[#]",              -EBADMSG,
         "the number at byte 36 should be an integer, without point or exponent"                                             },
        {"-1",                        "FP32", "[#]",              -EBADMSG,
         "expected a list of integers as the shape at byte 35, found '-1'"                                                   },
        {"[1,1,1,1,1,1,1,1,784]",     "FP32", "[#]",              -EINVAL,
         "the shape has more than 8 dimensions, the next is 784"                                                             },
        {"[2,784]",                   "FP32", "[#]",              -EINVAL,
         "data has 784 numbers; the shape [2,784] means 1568"                                                                },
        {"[1,784]",                   "FP32", "[#,1]",            -EINVAL,
         "data has more than the 784 numbers that the shape [1,784] means"                                                   },
        {"[1,784]",                   "FP32", "[[#],[#]]",        -EINVAL,
         "data has more than the 784 numbers that the shape [1,784] means"                                                   },
        {"[2,784]",                   "FP32", "[[[#]],[[#]],[]]", -EINVAL,
         "data: the list that ends at byte 3225 has 0 values, the one before it 1; nested "
         "lists "
         "should all have one shape"                                                                                         },
        {"[1,784]",                   "FP32", "7",                -EINVAL,  "data has 1 numbers; the shape [1,784] means 784"},
        {"[1,784]",                   "FP32", "\"iVBORw0KGgo=\"", -EINVAL,
         "data: expected a number at byte 68, found a string"                                                                },
        {"[1,784]",                   "FP32", "[#,NaN]",          -EBADMSG,
         "data: 'NaN' at byte 1637: values must be finite numbers"                                                           },
        {"[1,784]",                   "FP32", "[1e39]",           -EINVAL,
         "data: the number '1e39' at byte 69 is beyond the range of a 32-bit float"                                          },
        {"[1,784]",                   "FP8",  "[#]",              -EINVAL,
         "the datatype is 'FP8'; expected FP32, FP64, FP16, BF16, BOOL, BYTES, "
         "or INT or UINT with 8, 16, 32 or 64 bits"                                                                          },
        {"[1,784]",                   "FP16", "[#]",              -EINVAL,
         "data of the type FP16 should be in binary, not in JSON"                                                            },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_input(cases[i].shape, cases[i].datatype, cases[i].data, cases[i].r,
                    cases[i].want);
}

/* 28 times 28 numbers with one of them changed; the type's range and form hold for each. */
static void test_values_are_of_their_type(void **state)
{
    static const struct {
        const char *datatype, *value;
        const char *want; /* NULL: accepted */
    } cases[] = {
        {"UINT8",  "255",        NULL                                                             },
        {"UINT8",  "256",        "data[783] is 256, which no UINT8 can be"                        },
        {"UINT8",  "-1",         "data[783] is -1, which no UINT8 can be"                         },
        {"INT8",   "-128",       NULL                                                             },
        {"INT8",   "128",        "data[783] is 128, which no INT8 can be"                         },
        {"INT32",  "2147483647", NULL                                                             },
        {"INT32",  "9999999999", "data[783] is 1e+10, which no INT32 can be"                      },
        {"UINT64", "-1",         "data[783] is -1, which no UINT64 can be"                        },
        {"INT64",  "1.0",        "data has numbers that are not integers, but is said to be INT64"},
        {"INT16",  "1e1",        "data has numbers that are not integers, but is said to be INT16"},
        {"INT16",  "1E1",        "data has numbers that are not integers, but is said to be INT16"},
        {"FP32",   "-1.5e3",     NULL                                                             },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf data = BUF(1 << 16);

        assert_int_equal(buf_text(&data, "[0,1,2,3,4,5,6,7,8,9,"), 0);
        for (int k = MODEL_CLASSES; k < MODEL_INPUT - 1; k++)
            assert_int_equal(buf_text(&data, "0,"), 0);
        assert_int_equal(buf_print(&data, "%s]", cases[i].value), 0);
        assert_int_equal(buf_append(&data, "", 1), 0);
        check_input("[1,784]", cases[i].datatype, data.data, cases[i].want ? -EINVAL : 0,
                    cases[i].want ? cases[i].want : HEAD BOTH);
        buf_clear(&data);
    }
}

static void test_refuses_requests(void **state)
{
    (void)state;

    check("", -EBADMSG, "the body is empty; expected a JSON object");
    check("{}", -EINVAL, "the body has no inputs; expected a list of one tensor");
    check("{\"inputs\":[]}", -EINVAL, "inputs is empty; expected one tensor");
    check("{\"inputs\":{}}", -EBADMSG, "expected a list at byte 10, found '{'");
    check("{\"inputs\":[7]}", -EBADMSG, "expected a JSON object at byte 11, found '7'");
    check("{\"inputs\":[" INPUT "," INPUT "]}", -EINVAL,
          "inputs has more than one tensor; expected one");
    check("{\"inputs\":[" INPUT "],\"inputs\":[" INPUT "]}", -EINVAL,
          "the body has the key 'inputs' twice");
    check("{\"inputs\":[{\"name\":\"input\",\"name\":\"input\"}]}", -EINVAL,
          "the input has the key 'name' twice");
    check("{\"inputs\":[{\"name\":\"x\"}]}", -EINVAL,
          "the input is called 'x'; this model's is 'input'");
    check("{\"inputs\":[{\"shape\":[1,784],\"datatype\":\"FP32\",\"data\":[#]}]}", -EINVAL,
          "the input has no name; expected name, shape, datatype and data");
    check("{\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"data\":[#]}]}", -EINVAL,
          "the input has no shape; expected name, shape, datatype and data");
    check("{\"inputs\":[{\"name\":\"input\",\"shape\":[1,784],\"data\":[#]}]}", -EINVAL,
          "the input has no datatype; expected name, shape, datatype and data");
    check("{\"inputs\":[{\"name\":\"input\",\"shape\":[1,784],\"datatype\":\"FP32\"}]}",
          -EINVAL, "the input has no data; expected name, shape, datatype and data");
    check("{\"inputs\":[{\"data\":[1,}]}", -EBADMSG, "expected a value at byte 22, found '}'");
    check("{\"inputs\":[{\"name\":\"input\",\"parameters\":{\"binary_data_size\":3136}}]}",
          -EINVAL,
          "binary_data_size is 3136, but behind the JSON are 0 bytes: there is no "
          "Inference-Header-Content-Length");
    check("{\"inputs\":[{\"name\":\"input\",\"parameters\":{\"shared_memory_region\":\"x\"}}]}",
          -EINVAL,
          "shared_memory_region: there is no shared memory; the tensor should come with the "
          "request");
    check("{\"parameters\":{\"timeout\":-1},\"inputs\":[" INPUT "]}", -EINVAL,
          "the timeout is -1; it should be microseconds, 0 for none");
    check("{\"id\":42,\"inputs\":[" INPUT "]}", -EBADMSG,
          "expected a string at byte 6, found '42'");
    check("{\"inputs\":[" INPUT "],\"outputs\":[{\"name\":\"x\"}]}", -EINVAL,
          "there is no output 'x'; expected probabilities, logits, digit, confidence, verdict, "
          "seen or scores");
    check("{\"inputs\":[" INPUT "],\"outputs\":[{\"name\":\"logits\"},{\"name\":\"scores\"}]}",
          -EINVAL, "the output 'scores' is asked for twice");
    check("{\"inputs\":[" INPUT "],\"outputs\":[{\"name\":\"logits\"},{}]}", -EINVAL,
          "an output has no name");
    check("{\"inputs\":[" INPUT "],\"outputs\":[{\"name\":\"digit\",\"parameters\":"
          "{\"classification\":3}}]}",
          -EINVAL,
          "classification is asked of the output digit; it should be probabilities or logits");
    check("{\"inputs\":[" INPUT "],\"outputs\":[{\"name\":\"logits\",\"parameters\":"
          "{\"classification\":-1}}]}",
          -EINVAL, "classification is -1; it should be how many classes to answer, 0 or more");
    check("{\"inputs\":[" INPUT "]}{", -EBADMSG,
          "expected nothing more at byte 1640, found '{'");
}

static void test_the_length_of_the_json(void **state)
{
    static const char *const wrong[] = {"14", "+13", "", "13x", "99999999999999999999"};
    struct door d = {.ihcl = "13"};
    (void)state;

    check_with(&d, "{\"inputs\":[]}", -EINVAL, "inputs is empty; expected one tensor");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char want[160];

        (void)snprintf(want, sizeof(want),
                       "Inference-Header-Content-Length is '%s'; it should be how many of the "
                       "body's 13 bytes are JSON",
                       wrong[i]);
        d = (struct door){.ihcl = wrong[i]};
        check_with(&d, "{\"inputs\":[]}", -EINVAL, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_own_output_may_be_the_probabilities),
        cmocka_unit_test(test_shapes_and_types),
        cmocka_unit_test(test_refuses_inputs),
        cmocka_unit_test(test_values_are_of_their_type),
        cmocka_unit_test(test_refuses_requests),
        cmocka_unit_test(test_the_length_of_the_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
