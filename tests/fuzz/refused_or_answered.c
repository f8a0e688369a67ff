#include "tests/fuzz/refused_or_answered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/unit/door.h"

static bool is_refusal(int r)
{
    return r == -EINVAL || r == -EBADMSG || r == -E2BIG;
}

static void knock_at(struct door *d, const struct protocol *p, const uint8_t *data, size_t size)
{
    int r = door_send(d, p, data, size);

    if (r < 0 && (!is_refusal(r) || d->err.code != r || !*d->err.text))
        abort();
    if (r == 0) {
        json_t *root = json_loadb(d->answer.data, d->json_len, JSON_ALLOW_NUL, NULL);

        if (!root || d->batch.n == 0)
            abort();
        json_decref(root);
    }
    door_finish(d);
}

void refused_or_answered(const struct protocol *p, const uint8_t *data, size_t size)
{
    struct door d = {0};

    knock_at(&d, p, data, size);
}

void refused_or_answered_with(const struct protocol *p, enum refused_header header,
                              const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    struct door d = {0};
    char line[256];

    if (!end || (size_t)(end - data) >= sizeof(line))
        return;
    memcpy(line, data, (size_t)(end - data));
    line[end - data] = '\0';
    if (header == REFUSED_TYPE)
        d.content_type = line;
    else
        d.ihcl = line;
    knock_at(&d, p, end + 1, (size_t)(data + size - end - 1));
}
