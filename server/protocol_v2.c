/* The Open Inference Protocol (KServe V2) in JSON: one input in, "probabilities" and "logits"
 * out. What the graph itself yields may also be asked for by the graph's name for it. Unknown
 * keys and parameters are ignored, also the wish for a binary answer: a client has to
 * understand JSON anyway. Tensors in binary and the classification extension are refused. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/format.h"
#include "server/member.h"
#include "server/protocol.h"
#include "server/registry.h"
#include "server/request.h"
#include "server/scan.h"
#include "server/v2_input.h"

static int read_id(struct scan *s, void *to, struct error *err)
{
    struct batch *b = to;
    struct scan_text id;
    int r = scan_string(s, &id, err);

    if (r == 0 && id.len > 0) { /* an empty one is none */
        b->wish.id = id.at - 1; /* with its quotes */
        b->wish.id_len = id.len + 2;
    }
    return r;
}

static int read_inputs(struct scan *s, void *to, struct error *err)
{
    int r = scan_enter_array(s, err);

    if (r == 0)
        r = scan_next_item(s, err);
    if (r < 0)
        return r;
    if (r == 0)
        return error_set(err, -EINVAL, "inputs is empty; expected one tensor");
    r = v2_input_read(s, to, err);
    if (r == 0)
        r = scan_next_item(s, err);
    return r == 1 ? error_set(err, -EINVAL, "inputs has more than one tensor; expected one")
                  : r;
}

static int read_output_name(struct scan *s, void *to, struct error *err)
{
    struct batch *b = to;
    const struct model_info *info = model_info(b->served->model);
    unsigned own = info->output_is_probabilities ? BATCH_PROBABILITIES : BATCH_LOGITS;
    unsigned wanted = 0;
    struct scan_text name;
    int r = scan_string(s, &name, err);

    if (r < 0)
        return r;
    if (scan_equals(name, "probabilities"))
        wanted = BATCH_PROBABILITIES;
    else if (scan_equals(name, "logits"))
        wanted = BATCH_LOGITS;
    else if (scan_equals(name, info->output_name)) {
        wanted = own;
        b->wish.own_name = 1;
    }
    if (!wanted)
        return error_set(err, -EINVAL,
                         "there is no output '%.*s'; expected probabilities, logits or %s",
                         name.len < 48 ? (int)name.len : 48, name.at, info->output_name);
    if (b->wish.outputs & wanted)
        return error_set(err, -EINVAL, "the output '%.*s' is asked for twice",
                         name.len < 48 ? (int)name.len : 48, name.at);
    b->wish.logits_first |= wanted == BATCH_LOGITS && !b->wish.outputs;
    b->wish.outputs = (b->wish.outputs | wanted) & (BATCH_PROBABILITIES | BATCH_LOGITS);
    return 0;
}

static int refuse_classification(struct scan *s, void *to, struct error *err)
{
    (void)s;
    (void)to;
    return error_set(err, -EINVAL,
                     "the classification extension is not supported; the output "
                     "probabilities has what it tells");
}

static int read_output_parameters(struct scan *s, void *to, struct error *err)
{
    static const struct member refused[] = {
        {"classification", refuse_classification}
    };
    unsigned ignored;

    return member_read(s, refused, 1, "parameters", to, &ignored, err);
}

static int read_outputs(struct scan *s, void *to, struct error *err)
{
    static const struct member members[] = {
        {"name",       read_output_name      },
        {"parameters", read_output_parameters},
    };
    unsigned seen = 0;
    int r = scan_enter_array(s, err);

    while (r == 0) {
        r = scan_next_item(s, err);
        if (r <= 0)
            break;
        r = member_read(s, members, 2, "the output", to, &seen, err);
        if (r == 0 && !(seen & 1))
            return error_set(err, -EINVAL, "an output has no name");
    }
    return r;
}

/* Clients of the binary extension send the length of the JSON before the tensors. */
static int check_header(const struct request *req, struct error *err)
{
    const char *text = req->header(req, "Inference-Header-Content-Length");
    char *end;

    if (!text)
        return 0;
    errno = 0;
    unsigned long long len = strtoull(text, &end, 10);

    if (*text >= '0' && *text <= '9' && !*end && !errno && len == req->body_len)
        return 0;
    return error_set(
        err, -EINVAL,
        "Inference-Header-Content-Length is '%.24s', the body has %zu bytes; tensors "
        "in binary are not accepted",
        text, req->body_len);
}

static int decode(const struct request *req, struct batch *b, struct error *err)
{
    static const struct member members[] = {
        {"id",      read_id     },
        {"inputs",  read_inputs },
        {"outputs", read_outputs},
    };
    enum { SEEN_INPUTS = 2 };
    struct scan scan;
    unsigned seen;
    int r = check_header(req, err);

    if (r < 0)
        return r;
    scan_init(&scan, req->body, req->body_len, b->json_depth_max);
    r = member_read(&scan, members, sizeof(members) / sizeof(members[0]), "the body", b, &seen,
                    err);
    if (r == 0)
        r = scan_end(&scan, err);
    if (r == 0 && !(seen & SEEN_INPUTS))
        r = error_set(err, -EINVAL, "the body has no inputs; expected a list of one tensor");
    if (b->wish.outputs == 0)
        b->wish.outputs = BATCH_PROBABILITIES | BATCH_LOGITS;
    return r;
}

static int write_output(const struct batch *b, unsigned which, struct buf *out)
{
    const struct model_info *info = model_info(b->served->model);
    bool logits = which == BATCH_LOGITS;
    bool own = b->wish.own_name && logits != info->output_is_probabilities;
    const char *name = own ? info->output_name : logits ? "logits" : "probabilities";
    int r = buf_text(out, "{\"name\":");

    if (r == 0)
        r = buf_json_string(out, name, strlen(name));
    if (r == 0)
        r = buf_print(out, ",\"datatype\":\"FP32\",\"shape\":[%zu,%d],\"data\":", b->n,
                      MODEL_CLASSES);
    if (r == 0)
        r = format_floats(out, logits ? b->logits : b->probabilities, b->n * MODEL_CLASSES);
    return r ? r : buf_text(out, "}");
}

static int write_outputs(const struct batch *b, struct buf *out)
{
    static const unsigned orders[2][2] = {
        {BATCH_PROBABILITIES, BATCH_LOGITS       },
        {BATCH_LOGITS,        BATCH_PROBABILITIES}
    };
    const unsigned *order = orders[b->wish.logits_first];
    int r = buf_text(out, ",\"outputs\":[");

    for (int i = 0; i < 2 && r == 0; i++) {
        if (!(b->wish.outputs & order[i]))
            continue;
        if (i > 0 && (b->wish.outputs & order[0]))
            r = buf_text(out, ",");
        if (r == 0)
            r = write_output(b, order[i], out);
    }
    return r ? r : buf_text(out, "]}");
}

static int encode(const struct batch *b, struct response *res, struct error *err)
{
    struct buf *out = res->body;
    int r = buf_text(out, "{\"model_name\":");

    if (r == 0)
        r = buf_json_string(out, b->served->name, strlen(b->served->name));
    if (r == 0)
        r = buf_print(out, ",\"model_version\":\"%s\"", b->served->version_text);
    if (r == 0 && b->wish.id) {
        r = buf_text(out, ",\"id\":");
        if (r == 0)
            r = buf_append(out, b->wish.id, b->wish.id_len);
    }
    if (r == 0)
        r = write_outputs(b, out);
    res->content_type = "application/json";
    return r ? error_set(err, r, "no room for the answers to %zu images", b->n) : 0;
}

const struct protocol protocol_v2 = {.name = "v2", .decode = decode, .encode = encode};
