#include "server/api.h"

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
    int r = answer_write_all(b, "explanations", write_explanation, res->body);

    res->content_type = "application/json";
    return r ? error_set(err, r, "no room for the explanations of %zu images", b->n) : 0;
}

int api_explain(struct worker *w, const struct request *req, struct response *res)
{
    return api_infer_as(w, req, res, encode, EXPLAINED_MAX);
}
