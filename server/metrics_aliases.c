#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/metrics_family.h"
#include "server/metrics_shard.h"

enum { NAME_LABEL_MAX = 2 * CATALOGUE_NAME_MAX + sizeof("model_name=\"\"") };

static uint64_t us(uint64_t ns)
{
    return ns / 1000;
}

static uint64_t value_success(const struct statistics_sum *s)
{
    return s->answered;
}

static uint64_t value_failure(const struct statistics_sum *s)
{
    return s->failed;
}

static uint64_t value_images(const struct statistics_sum *s)
{
    return s->images;
}

static uint64_t value_request_us(const struct statistics_sum *s)
{
    return us(s->ns);
}

/* Nothing waits in a queue. */
static uint64_t value_none(const struct statistics_sum *s)
{
    (void)s;
    return 0;
}

static uint64_t value_input_us(const struct statistics_sum *s)
{
    return us(s->stages[STATISTICS_INPUT].sum_ns);
}

static uint64_t value_infer_us(const struct statistics_sum *s)
{
    return us(s->stages[STATISTICS_INFER].sum_ns);
}

static uint64_t value_output_us(const struct statistics_sum *s)
{
    return us(s->stages[STATISTICS_OUTPUT].sum_ns);
}

/* clang-format off */
static const struct {
    const char *name, *type, *labels, *help;
    uint64_t (*value)(const struct statistics_sum *s);
} triton[] = {
    {"nv_inference_request_success",           "counter", "",                   "Requests answered.",                   value_success   },
    {"nv_inference_request_failure",           "counter", ",reason=\"OTHER\"", "Requests refused or failed.",          value_failure   },
    {"nv_inference_count",                     "counter", "",                   "Images answered.",                     value_images    },
    {"nv_inference_exec_count",                "counter", "",                   "Batches: each request is one.",        value_success   },
    {"nv_inference_request_duration_us",       "counter", "",                   "All stages of what was answered.",     value_request_us},
    {"nv_inference_queue_duration_us",         "counter", "",                   "Nothing waits in a queue.",            value_none      },
    {"nv_inference_compute_input_duration_us", "counter", "",                   "Bytes to what the network takes.",     value_input_us  },
    {"nv_inference_compute_infer_duration_us", "counter", "",                   "The network.",                         value_infer_us  },
    {"nv_inference_compute_output_duration_us", "counter", "",                  "Its numbers to bytes.",                value_output_us },
    {"nv_inference_pending_request_count",     "gauge",   "",                   "Nothing waits in a queue.",            value_none      },
};

/* Of KServe's own server; the stage of each. */
static const struct {
    const char *name, *help;
    enum statistics_stage stage;
} kserve[] = {
    {"request_preprocess_seconds",  "Bytes to what the network takes.", STATISTICS_INPUT },
    {"request_predict_seconds",     "The network.",                     STATISTICS_INFER },
    {"request_postprocess_seconds", "Its numbers to bytes.",            STATISTICS_OUTPUT},
};
/* clang-format on */

static int write_triton(const struct metrics *m, const struct catalogue *c, size_t row,
                        struct buf *out)
{
    int r = metrics_family(out, triton[row].name, triton[row].type, triton[row].help);

    for (size_t i = 0; i < c->n && r == 0; i++) {
        struct statistics_sum sum = {0};

        statistics_collect(m, &c->served[i], &sum);
        r = buf_print(out, "%s{version=\"%s\"%s,", triton[row].name, c->served[i].version_text,
                      triton[row].labels);
        if (r == 0)
            r = metrics_label(out, "model", c->served[i].name);
        if (r == 0)
            r = buf_print(out, "} %" PRIu64 "\n", triton[row].value(&sum));
    }
    return r;
}

/* The versions of a model, which are neighbours in the catalogue, are one. */
static int write_kserve(const struct metrics *m, const struct catalogue *c, size_t row,
                        struct buf *out)
{
    int r = metrics_family(out, kserve[row].name, "histogram", kserve[row].help);

    for (size_t i = 0; i < c->n && r == 0;) {
        const char *name = c->served[i].name;
        struct statistics_sum sum = {0};
        struct buf label = BUF(NAME_LABEL_MAX);

        for (; i < c->n && strcmp(c->served[i].name, name) == 0; i++)
            statistics_collect(m, &c->served[i], &sum);
        r = metrics_label(&label, "model_name", name);
        if (r == 0)
            r = buf_append(&label, "", 1);
        if (r == 0)
            r = histogram_write(&sum.stages[kserve[row].stage], kserve[row].name, label.data,
                                out);
        buf_clear(&label);
    }
    return r;
}

int metrics_write_aliases(const struct metrics *m, const struct catalogue *c, struct buf *out)
{
    int r = 0;

    for (size_t i = 0; i < sizeof(triton) / sizeof(triton[0]) && r == 0; i++)
        r = write_triton(m, c, i, out);
    for (size_t i = 0; i < sizeof(kserve) / sizeof(kserve[0]) && r == 0; i++)
        r = write_kserve(m, c, i, out);
    return r;
}
