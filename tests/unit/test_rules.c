#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "model/error.h"
#include "server/rules.h"
#include "server/settings.h"

static int read_rules(const char *policy, const char *label, struct rules *rules,
                      struct error *err)
{
    const struct settings s = {.model = "",
                               .model_name = "mnist",
                               .model_repository = "models",
                               .version_policy = policy,
                               .label = label,
                               .model_init = "sync",
                               .repository_watch = "inotify",
                               .input_scale = "",
                               .input_mean = "",
                               .input_std = "",
                               .input_polarity = "",
                               .input_layout = "",
                               .pixels = "model"};

    return rules_read(&s, rules, err);
}

static void test_policies(void **state)
{
    struct rules rules = {0};
    const struct policy *p;

    (void)state;
    assert_int_equal(read_rules("latest:2 a=all;b=specific:3,1", "", &rules, NULL), 0);
    assert_int_equal(rules.n_policies, 3);
    p = rules_policy(&rules, "a");
    assert_true(policy_wants(p, 1, 100));
    p = rules_policy(&rules, "b");
    assert_true(policy_wants(p, 1, 0));
    assert_false(policy_wants(p, 2, 0));
    assert_true(policy_wants(p, 3, 1));
    p = rules_policy(&rules, "c");
    assert_true(policy_wants(p, 7, 1));
    assert_false(policy_wants(p, 7, 2));
    assert_int_equal(read_rules("", "", &rules, NULL), 0);
    assert_true(policy_wants(rules_policy(&rules, "c"), 7, 9));
}

static void test_policies_refused(void **state)
{
    static const char *const bad[] = {
        "some",           "latest:",       "latest:x",     "latest:0",    "latestest",
        "specific",       "specific:",     "specific:1,a", "a=",          "a/b=all",
        "=all all=three", "specific:1,-1", "latest:1,2",   "all,latest:1"};
    char many[400] = "specific:1";
    struct rules rules = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = {0};

        assert_int_equal(read_rules(bad[i], "", &rules, &err), -EINVAL);
        assert_true(*err.text);
    }
    for (size_t i = 0; i < RULES_VERSIONS_MAX; i++)
        (void)strcat(many, ",1");
    assert_int_equal(read_rules(many, "", &rules, NULL), -EINVAL);
    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    assert_int_equal(read_rules(many, "", &rules, NULL), -EINVAL);
    assert_int_equal(read_rules("", many, &rules, NULL), -EINVAL);
}

static void test_labels(void **state)
{
    static const char *const bad[] = {"stable",  "stable=", "stable=0", "m:=1",   "m:1st=1",
                                      "m:a b=1", "m/n:a=1", ":a=1",     "m:a:b=1"};
    struct rules rules = {0};

    (void)state;
    assert_int_equal(read_rules("", "z:stable=3,canary=12", &rules, NULL), 0);
    assert_int_equal(rules.n_labels, 2);
    assert_string_equal(rules.labels[0].name, "mnist");
    assert_string_equal(rules.labels[0].text, "canary");
    assert_int_equal(rules.labels[0].version, 12);
    assert_string_equal(rules.labels[1].name, "z");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_rules("", bad[i], &rules, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_policies_refused),
        cmocka_unit_test(test_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
