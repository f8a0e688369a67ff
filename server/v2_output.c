#include "server/v2_output.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "model/error.h"
#include "server/batch.h"
#include "server/member.h"
#include "server/registry.h"
#include "server/scan.h"

const struct v2_output_info v2_output_infos[V2_OUTPUTS] = {
    [V2_PROBABILITIES] = {"probabilities", "FP32",  MODEL_CLASSES},
    [V2_LOGITS] = {"logits",        "FP32",  MODEL_CLASSES},
    [V2_DIGIT] = {"digit",         "INT64", 0            },
    [V2_CONFIDENCE] = {"confidence",    "FP32",  0            },
    [V2_VERDICT] = {"verdict",       "BYTES", 0            },
    [V2_SEEN] = {"seen",          "BYTES", 0            },
};

/* One element of the list, and whose it is. */
struct reader {
    const struct model_info *model;
    struct v2_outputs *outputs;
    struct v2_asked asked;
};

static int find(const struct model_info *model, struct scan_text name, struct v2_asked *ret,
                struct error *err)
{
    const char *own = model->output_name;

    for (size_t i = 0; i < V2_OUTPUTS; i++) {
        if (scan_equals(name, v2_output_infos[i].name)) {
            ret->output = (enum v2_output)i;
            return 0;
        }
        if (strcmp(model->output_name, v2_output_infos[i].name) == 0)
            own = NULL;
    }
    if (scan_equals(name, model->output_name)) {
        ret->output = model->end >= MODEL_END_SOFTMAX ? V2_PROBABILITIES : V2_LOGITS;
        ret->own_name = true;
        return 0;
    }
    return error_set(err, -EINVAL,
                     "there is no output '%.*s'; expected probabilities, logits, digit, "
                     "confidence, verdict, seen%s%.40s",
                     name.len < 24 ? (int)name.len : 24, name.at, own ? " or " : "",
                     own ? own : "");
}

static int read_name(struct scan *s, void *to, struct error *err)
{
    struct reader *reader = to;
    struct scan_text name;
    int r = scan_string(s, &name, err);

    if (r == 0)
        r = find(reader->model, name, &reader->asked, err);
    for (size_t i = 0; i < reader->outputs->n && r == 0; i++)
        if (reader->outputs->asked[i].output == reader->asked.output)
            return error_set(err, -EINVAL, "the output '%.*s' is asked for twice",
                             name.len < 48 ? (int)name.len : 48, name.at);
    return r;
}

static int read_binary(struct scan *s, void *to, struct error *err)
{
    struct reader *reader = to;

    reader->asked.binary_said = true;
    return scan_boolean(s, &reader->asked.binary, err);
}

static int read_classification(struct scan *s, void *to, struct error *err)
{
    struct reader *reader = to;
    int64_t classes;
    int r = scan_integer(s, &classes, err);

    if (r == 0 && classes < 0)
        return error_set(err, -EINVAL,
                         "classification is %lld; it should be how many classes to answer, 0 "
                         "or more",
                         (long long)classes);
    if (r == 0)
        reader->asked.classification =
            classes < MODEL_CLASSES ? (size_t)classes : MODEL_CLASSES;
    return r;
}

static int read_parameters(struct scan *s, void *to, struct error *err)
{
    static const struct member members[] = {
        {"binary_data",    read_binary        },
        {"classification", read_classification},
    };
    unsigned ignored;

    return member_read(s, members, 2, "parameters", to, &ignored, err);
}

static int read_output(struct scan *s, struct batch *b, struct error *err)
{
    static const struct member members[] = {
        {"name",       read_name      },
        {"parameters", read_parameters},
    };
    struct v2_outputs *outputs = &b->wish.outputs;
    struct reader reader = {.model = model_info(b->served->model), .outputs = outputs};
    unsigned seen = 0;
    int r = member_read(s, members, 2, "the output", &reader, &seen, err);

    if (r == 0 && !(seen & 1))
        return error_set(err, -EINVAL, "an output has no name");
    if (r == 0 && reader.asked.classification &&
        v2_output_infos[reader.asked.output].columns == 0)
        return error_set(err, -EINVAL,
                         "classification is asked of the output %s; it should be probabilities "
                         "or logits",
                         v2_output_infos[reader.asked.output].name);
    if (r == 0)
        outputs->asked[outputs->n++] = reader.asked;
    return r;
}

int v2_outputs_read(struct scan *s, struct batch *b, struct error *err)
{
    int r = scan_enter_array(s, err);

    while (r == 0) {
        r = scan_next_item(s, err);
        if (r <= 0)
            break;
        r = read_output(s, b, err);
    }
    return r;
}

void v2_outputs_settle(struct batch *b, bool binary)
{
    struct v2_outputs *outputs = &b->wish.outputs;

    if (outputs->n == 0) { /* what the model itself cannot tell matters for pictures */
        outputs->n = b->seen ? V2_OUTPUTS : V2_LOGITS + 1;
        for (size_t i = 0; i < outputs->n; i++)
            outputs->asked[i] = (struct v2_asked){.output = (enum v2_output)i};
    }
    for (size_t i = 0; i < outputs->n; i++)
        if (!outputs->asked[i].binary_said)
            outputs->asked[i].binary = binary;
}
