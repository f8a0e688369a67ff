#include "server/api.h"

#include <errno.h>

#include "model/error.h"
#include "model/explain.h"
#include "server/answer.h"
#include "server/format.h"
#include "server/registry.h"

enum { EXPLAINED_MAX = 64 }; /* images: each costs as much as ten predictions */

static int write_heat(const struct batch *b, size_t i, struct buf *out)
{
    float heat[MODEL_INPUT];
    int r = buf_text(out, "[");

    explain(b->served->model, b->images + i * MODEL_INPUT, (size_t)answer_digit(b, i),
            b->scratch, heat);
    for (size_t row = 0; row < MODEL_SIDE && r == 0; row++) {
        if (row > 0)
            r = buf_text(out, ",");
        if (r == 0)
            r = format_floats(out, heat + row * MODEL_SIDE, MODEL_SIDE);
    }
    return r ? r : buf_text(out, "]");
}

static int write_explanation(const struct batch *b, size_t i, struct buf *out)
{
    int r = answer_write(b, i, out);

    if (r == 0)
        r = buf_text(out, ",\"heat\":");
    if (r == 0)
        r = answer_verdict(b, i) == PREPROCESS_DIGIT ? write_heat(b, i, out)
                                                     : buf_text(out, "null");
    return r;
}

static int encode(const struct batch *b, struct response *res, struct error *err)
{
    struct buf *out = res->body;

    if (b->n > EXPLAINED_MAX)
        return error_set(err, -E2BIG, "there are %zu images; at most %d can be explained", b->n,
                         EXPLAINED_MAX);
    int r = answer_begin(b, "explanations", out);

    for (size_t i = 0; i < b->n && r == 0; i++) {
        r = buf_text(out, i > 0 ? "},{" : "{");
        if (r == 0)
            r = write_explanation(b, i, out);
    }
    if (r == 0)
        r = buf_text(out, "}]}");
    res->content_type = "application/json";
    return r ? error_set(err, r, "no room for the explanations of %zu images", b->n) : 0;
}

int api_explain(struct worker *w, const struct request *req, struct response *res)
{
    return api_infer_as(w, req, res, encode);
}
