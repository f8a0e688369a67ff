#include "tests/fuzz/refused_or_answered.h"

#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

#include "tests/unit/door.h"

static bool is_refusal(int r)
{
    return r == -EINVAL || r == -EBADMSG || r == -E2BIG;
}

void refused_or_answered(const struct protocol *p, const uint8_t *data, size_t size)
{
    struct door d = {0};
    int r = door_send(&d, p, data, size);

    if (r < 0 && (!is_refusal(r) || d.err.code != r || !*d.err.text))
        abort();
    if (r == 0) {
        json_t *root = json_loadb(d.answer.data, d.json_len, JSON_ALLOW_NUL, NULL);

        if (!root || d.batch.n == 0)
            abort();
        json_decref(root);
    }
    door_finish(&d);
}
