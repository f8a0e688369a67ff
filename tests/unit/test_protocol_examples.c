#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/door.h"
#include "tests/unit/fake_model.h"

#define CLASSES                                                                               \
    "[[\"\",4.5],[\"\",4],[\"\",3.5],[\"\",3],[\"\",2.5],[\"\",2],[\"\",1.5],[\"\",1],[\"\"," \
    "0.5],"                                                                                   \
    "[\"\",0]]"

static void check_with(const struct protocol *p, const char *text, int r, const char *want)
{
    struct door d = {0};
    int got = door_send_text(&d, p, text);

    if (got != r || strcmp(r ? d.err.text : d.answer.data, want) != 0)
        fail_msg("%.120s: %d %s", text, got, got ? d.err.text : d.answer.data);
    door_finish(&d);
}

static void check(const char *text, int r, const char *want)
{
    check_with(&protocol_classify, text, r, want);
}

static void test_classify(void **state)
{
    static const char one[] = "{\"results\":[" CLASSES "]}";
    static const char *const bodies[] = {
        "{\"examples\":[{\"input\":[#]}]}",
        "{\"signature_name\":\"serving_default\",\"examples\":[{\"weight\":[1,2],\"x\":[#]}]}",
        "{\"examples\":[{\"x\":[#],\"name\":\"seven\",\"tags\":[\"a\",\"b\"],\"ok\":true}]}",
        "{\"examples\":[{}],\"context\":{\"input\":[#]}}",
        "{\"context\":{\"input\":[#]},\"examples\":[{\"weight\":0.5}]}",
        "{\"examples\":[{\"input\":[#]}],\"context\":{\"weight\":[1]}}",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        check(bodies[i], 0, one);
    check("{\"context\":{\"input\":[#]},\"examples\":[{},{\"x\":[#]},{}]}", 0,
          "{\"results\":[" CLASSES
          ",[[\"\",9.5],[\"\",9],[\"\",8.5],[\"\",8],[\"\",7.5],[\"\",7],"
          "[\"\",6.5],[\"\",6],[\"\",5.5],[\"\",5]]," CLASSES "]}");
}

static void test_labels(void **state)
{
    struct door d = {0};
    (void)state;

    fake_info.labels[9] = "ni\"ne";
    assert_int_equal(door_send_text(&d, &protocol_classify, "{\"examples\":[{\"x\":[#]}]}"), 0);
    assert_memory_equal(d.answer.data, "{\"results\":[[[\"ni\\\"ne\",4.5],", 28);
    fake_info.labels[9] = NULL;
    door_finish(&d);
}

static void test_regress(void **state)
{
    (void)state;
    check_with(&protocol_regress, "{\"examples\":[{\"input\":[#]},{\"input\":[#]}]}", 0,
               "{\"results\":[9.0,9.0]}");
}

static void test_refusals(void **state)
{
    (void)state;

    check(
        "{}", -EINVAL,
        "the body has no examples; expected {\"examples\": [{\"input\": [784 numbers]}, ..]}");
    check("{\"examples\":[]}", -EINVAL, "examples is empty; expected at least one");
    check("{\"examples\":{}}", -EBADMSG, "expected a list of examples at byte 12, found '{'");
    check("{\"examples\":[[#]]}", -EBADMSG, "expected a JSON object at byte 13, found '['");
    check("{\"examples\":[{}]}", -EINVAL,
          "examples[0] has no feature of 784 numbers, and none that is {\"b64\": ..}");
    check("{\"examples\":[{\"x\":[1,2,3]}]}", -EINVAL,
          "examples[0] has no feature of 784 numbers, and none that is {\"b64\": ..}");
    check("{\"examples\":[{\"x\":[#,1]}]}", -EINVAL,
          "examples[0]: the feature 'x' has more than 784 numbers");
    check("{\"examples\":[{\"x\":[@]}]}", -EINVAL,
          "examples[0]: the feature 'x' is a nested list; expected 784 numbers");
    check("{\"examples\":[{\"x\":null}]}", -EINVAL,
          "examples[0]: the feature 'x' is null; expected a value or none at all");
    check("{\"examples\":[{\"x\":[1,\"a\"]}]}", -EINVAL,
          "examples[0]: expected a number at byte 21, found a string");
    check("{\"examples\":[{\"x\":[#],\"y\":[#]}]}", -EINVAL,
          "examples[0]: the feature 'y' is the second image; expected one");
    check("{\"examples\":[{\"x\":{\"y\":\"\"}}]}", -EINVAL,
          "examples[0]: the feature 'x' is an object; expected {\"b64\": a picture}");
    check("{\"examples\":[{\"x\":{\"b64\":\"%\"}}]}", -EINVAL,
          "examples[0]: the text '%' is no base64; expected a PNG in base64");
    check("{\"examples\":[{}],\"context\":[]}", -EBADMSG,
          "expected a JSON object at byte 27, found '['");
    check("{\"examples\":[{\"x\":[#]},{\"x\":[#]},{\"x\":[#]},{\"x\":[#]},{\"x\":[#]}]}",
          -E2BIG, "a request may hold 4 images at most, this one has more than 4");
    check("{\"examples\":[{\"x\":[#]}],\"signature_name\":\"other\"}", -EINVAL,
          "signature_name is 'other'; this model has only 'serving_default'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classify),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_regress),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
