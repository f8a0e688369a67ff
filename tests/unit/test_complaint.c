#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/complaint.h"

#define S UINT64_C(1000000000)

static void once_in_a_while(void **state)
{
    static const uint64_t when[] = {5 * S, 5 * S, 14 * S, 15 * S, 16 * S, 100 * S};
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    struct complaint c = {0};
    char line[256];

    (void)state;
    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    for (size_t i = 0; i < sizeof(when) / sizeof(when[0]); i++)
        complain(&c, when[i], "full", "so it is");
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    rewind(file);
    for (int i = 0; i < 3; i++) {
        char want[80];

        (void)snprintf(want, sizeof(want), "event=full reason=\"so it is\" times=%c\n",
                       "132"[i]);
        assert_non_null(fgets(line, sizeof(line), file));
        assert_non_null(strstr(line, want));
    }
    assert_null(fgets(line, sizeof(line), file));
    (void)fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_in_a_while),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
