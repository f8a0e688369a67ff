#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/door.h"
#include "tests/unit/fake_model.h"

#define P0 "[0,0.5,1,1.5,2,2.5,3,3.5,4,4.5]"
#define P1 "[5,5.5,6,6.5,7,7.5,8,8.5,9,9.5]"

static void check(const char *text, int r, const char *want)
{
    struct door d = {0};
    int got = door_send_text(&d, &protocol_v1, text);

    if (got != r || strcmp(r ? d.err.text : d.answer.data, want) != 0)
        fail_msg("%.120s: %d %s", text, got, got ? d.err.text : d.answer.data);
    assert_int_equal(d.err.code, r);
    door_finish(&d);
}

static void test_answers(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{\"instances\":[[#]]}",                                                           "{\"predictions\":[" P0 "]}"       },
        {"{\"instances\":[[#],[#]]}",                                                       "{\"predictions\":[" P0 "," P1 "]}"},
        {"{\"instances\":[[@],[@]]}",                                                       "{\"predictions\":[" P0 "," P1 "]}"},
        {"{\"instances\":[[&]]}",                                                           "{\"predictions\":[" P0 "]}"       },
        {"{\"instances\":[[[@]]]}",                                                         "{\"predictions\":[" P0 "]}"       },
        {"{\"instances\":[[[#]]]}",                                                         "{\"predictions\":[" P0 "]}"       },
        {"{\"instances\":[{\"input\":[#]}]}",                                               "{\"predictions\":[" P0 "]}"       },
        {"{\"instances\":[{\"reshape_1_input\":[[&]]},{\"reshape_1_input\":[[&]]}]}",
         "{\"predictions\":[" P0 "," P1 "]}"                                                                                   },
        {"{\"inputs\":[#]}",                                                                "{\"outputs\":[" P0 "]}"           },
        {"{\"inputs\":[[#]]}",                                                              "{\"outputs\":[" P0 "]}"           },
        {"{\"inputs\":[[#],[#]]}",                                                          "{\"outputs\":[" P0 "," P1 "]}"    },
        {"{\"inputs\":[@]}",                                                                "{\"outputs\":[" P0 "]}"           },
        {"{\"inputs\":[[@],[@]]}",                                                          "{\"outputs\":[" P0 "," P1 "]}"    },
        {"{\"inputs\":{\"x\":[[&],[&]]}}",                                                  "{\"outputs\":[" P0 "," P1 "]}"    },
        {" {\n\"signature_name\" : \"serving_default\" , \"instances\" : [ [ # ] ] } \r\n",
         "{\"predictions\":[" P0 "]}"                                                                                          },
        {"{\"signature_name\":\"\",\"instances\":[[#]]}",                                   "{\"predictions\":[" P0 "]}"       },
        {"{\"instances\":[[#]],\"inputs\":null}",                                           "{\"predictions\":[" P0 "]}"       },
        {"{\"x\":{\"y\":[1,{\"z\":\"\"}]},\"instances\":[[#]],\"x\":[]}",
         "{\"predictions\":[" P0 "]}"                                                                                          },
        {"{\"\\u0069nstances\":[[#]]}",                                                     "{\"predictions\":[" P0 "]}"       },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(cases[i].text, 0, cases[i].want);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *text;
        int r;
        const char *want;
    } cases[] = {
        {"",                                                           -EBADMSG, "the body is empty; expected a JSON object"        },
        {"[1]",                                                        -EBADMSG, "expected a JSON object at byte 0, found '['"      },
        {"{}",                                                         -EINVAL,
         "the body has no instances, inputs or strokes; expected "
         "{\"instances\": [[784 numbers], ..]}"                                                                                     },
        {"{\"instances\":null}",                                       -EINVAL,
         "the body has no instances, inputs or strokes; expected "
         "{\"instances\": [[784 numbers], ..]}"                                                                                     },
        {"{\"instances\":[]}",                                         -EINVAL,  "instances is empty; expected at least one picture"},
        {"{\"instances\":[[#]],\"inputs\":[[#]]}",                     -EINVAL,
         "the body has two of instances, inputs and strokes; expected one"                                                          },
        {"{\"inputs\":[[#]],\"instances\":[[#]]}",                     -EINVAL,
         "the body has two of instances, inputs and strokes; expected one"                                                          },
        {"{\"strokes\":[[[1,2],[3,4]]],\"inputs\":[[#]]}",             -EINVAL,
         "the body has two of instances, inputs and strokes; expected one"                                                          },
        {"{\"instances\":[[#]],\"instances\":[[#]]}",                  -EINVAL,
         "the body has the key 'instances' twice"                                                                                   },
        {"{\"instances\":{\"x\":1}}",                                  -EBADMSG,
         "expected a list of instances at byte 13, found '{'"                                                                       },
        {"{\"instances\":[1,2,3]}",                                    -EINVAL,
         "instances[0] is one number; expected 784, as [784], [28,28], [28,28,1] or [1,28,28]"                                      },
        {"{\"instances\":[@]}",                                        -EINVAL,
         "instances[0] has the shape [28]; expected [784], [28,28], [28,28,1] or [1,28,28]"                                         },
        {"{\"instances\":[[1,2,3]]}",                                  -EINVAL,
         "instances[0] has the shape [3]; expected [784], [28,28], [28,28,1] or [1,28,28]"                                          },
        {"{\"instances\":[[]]}",                                       -EINVAL,
         "instances[0] has the shape [0]; expected [784], [28,28], [28,28,1] or [1,28,28]"                                          },
        {"{\"instances\":[[#,1]]}",                                    -EINVAL,
         "instances[0] has more than 784 numbers; expected "
         "[784], [28,28], [28,28,1] or [1,28,28]"                                                                                   },
        {"{\"instances\":[[[#],[#]]]}",                                -EINVAL,
         "instances[0] has more than 784 numbers; expected "
         "[784], [28,28], [28,28,1] or [1,28,28]"                                                                                   },
        {"{\"instances\":[[#],[@]]}",                                  -EINVAL,
         "instances[1] has the shape [28,28], instances[0] [784]; all should have one"                                              },
        {"{\"instances\":[[#],{\"x\":[#]}]}",                          -EINVAL,
         "instances[1] is an object, unlike instances[0]"                                                                           },
        {"{\"instances\":[{\"x\":[#]},[#]]}",                          -EINVAL,
         "instances[1] is no object, unlike instances[0]"                                                                           },
        {"{\"instances\":[{}]}",                                       -EINVAL,
         "instances[0] is an object without a key; expected one"                                                                    },
        {"{\"instances\":[{\"x\":[#],\"y\":1}]}",                      -EINVAL,
         "instances[0] has more than one key; the model has one input"                                                              },
        {"{\"instances\":[{\"b64\":\"iVBORw0KGgo=\"}]}",               -EBADMSG,
         "instances[0]: the PNG is damaged: it has no whole header"                                                                 },
        {"{\"instances\":[{\"image\":{\"b64\":7}}]}",                  -EBADMSG,
         "expected a string of base64 at byte 30, found '7'"                                                                        },
        {"{\"instances\":[[#],{\"b64\":\"\"}]}",                       -EINVAL,
         "instances[1] is a picture, unlike instances[0]"                                                                           },
        {"{\"inputs\":[\"%\"]}",                                       -EINVAL,
         "inputs[0]: the text '%' is no base64; expected a PNG in base64"                                                           },
        {"{\"inputs\":{\"b64\":\"iVBORw0KGgo=\"}}",                    -EBADMSG,
         "inputs: the PNG is damaged: it has no whole header"                                                                       },
        {"{\"instances\":[{\"a\":{\"c\":[#]}}]}",                      -EINVAL,
         "instances[0] is an object in an object"                                                                                   },
        {"{\"instances\":[{\"data\":\"iVBORw0KGgo=\",\"target\":0}]}", -EBADMSG,
         "instances[0]: the PNG is damaged: it has no whole header"                                                                 },
        {"{\"instances\":[\"7\"]}",                                    -EINVAL,
         "instances[0]: the text '7' is no base64; expected a PNG in base64"                                                        },
        {"{\"instances\":[[1,NaN]]}",                                  -EBADMSG,
         "instances[0]: 'NaN' at byte 17: values must be finite numbers"                                                            },
        {"{\"instances\":[[1e300]]}",                                  -EINVAL,
         "instances[0]: the number '1e300' at byte 15 is "
         "beyond the range of a 32-bit float"                                                                                       },
        {"{\"instances\":[[#],[#],[#],[#],[#]]}",                      -E2BIG,
         "a request may hold 4 images at most, this one has more than 4"                                                            },
        {"{\"inputs\":[[#],[#],[#],[#],[#]]}",                         -E2BIG,
         "inputs has more than 4 images; that is the most"                                                                          },
        {"{\"inputs\":[]}",                                            -EINVAL,
         "inputs has the shape [0]; expected [n,784], [n,28,28] or [n,28,28,1]"                                                     },
        {"{\"inputs\":[1,2]}",                                         -EINVAL,
         "inputs has the shape [2]; expected [n,784], [n,28,28] or [n,28,28,1]"                                                     },
        {"{\"inputs\":[[#],[1]]}",                                     -EINVAL,
         "inputs: the list that ends at byte 1584 has 1 values, the "
         "one before it 784; nested lists should all have one shape"                                                                },
        {"{\"inputs\":{}}",                                            -EINVAL,  "inputs is an object without a key; expected one"  },
        {"{\"inputs\":{\"x\":[#],\"y\":[#]}}",                         -EINVAL,
         "inputs has more than one key; the model has one input"                                                                    },
        {"{\"signature_name\":7,\"instances\":[[#]]}",                 -EBADMSG,
         "expected a string as signature_name at byte 18, found '7'"                                                                },
        {"{\"signature_name\":\"train\",\"instances\":[[#]]}",         -EINVAL,
         "signature_name is 'train'; this model has only 'serving_default'"                                                         },
        {"{\"instances\":[[#]]}x",                                     -EBADMSG, "expected nothing more at byte 1585, found 'x'"    },
        {"{\"instances\":[[#]]",                                       -EBADMSG,
         "expected ',' or '}', but the body ends at byte 1584"                                                                      },
        {"{\"a\":[[[[[[[[1]]]]]]]]}",                                  -EBADMSG, "byte 12 is nested deeper than 8 levels"           },
        {"{\"instances\":[[3e38,3e38,1]],\"x\":[[[[[[[[",              -EINVAL,
         "instances[0] has the shape [3]; expected [784], [28,28], [28,28,1] or [1,28,28]"                                          },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(cases[i].text, cases[i].r, cases[i].want);
}

/* What nobody sends by mistake takes no more time than its length. */
static void test_bombs(void **state)
{
    enum { LEN = 16 << 20 };
    static const struct {
        const char *begin;
        char filler;
        const char *want;
    } cases[] = {
        {"",                  '[', "expected a JSON object at byte 0, found '['"               },
        {"{\"x\":",           '[', "byte 12 is nested deeper than 8 levels"                    },
        {"{\"instances\":",   '[', "instances[0]: byte 20 is nested deeper than 8 levels"      },
        {"{\"instances\":[[", '9',
         "instances[0]: the number '999999999999999999999999..' at byte "
         "15 is beyond the range of a 32-bit float"                                            },
        {"{\"",               'k', "the string at byte 1 has no closing quote"                 },
        {"",                  ' ', "expected a JSON object, but the body ends at byte 16777216"},
    };
    char *body = malloc(LEN);
    (void)state;

    assert_non_null(body);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct door d = {0};

        memset(body, cases[i].filler, LEN);
        for (size_t k = 0; cases[i].begin[k]; k++)
            body[k] = cases[i].begin[k];
        assert_true(door_send(&d, &protocol_v1, body, LEN) < 0);
        assert_string_equal(d.err.text, cases[i].want);
        door_finish(&d);
    }
    free(body);
}

/* A megabyte of key is skipped as any other. */
static void test_a_long_key(void **state)
{
    enum { LEN = 1 << 20 };
    char *body = malloc(LEN);
    struct door d = {0};
    (void)state;

    assert_non_null(body);
    memset(body, 'k', LEN);
    body[0] = '{';
    body[1] = '"';
    body[LEN - 4] = '"';
    body[LEN - 3] = ':';
    body[LEN - 2] = '0';
    body[LEN - 1] = '}';
    assert_int_equal(door_send(&d, &protocol_v1, body, LEN), -EINVAL);
    assert_non_null(strstr(d.err.text, "no instances, inputs or strokes"));
    door_finish(&d);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_a_long_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
