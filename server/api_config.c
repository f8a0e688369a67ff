/* What clients of Triton and of TensorFlow Serving ask before they send anything. */

#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "server/api.h"
#include "server/api_object.h"
#include "server/app.h"
#include "server/registry.h"
#include "server/settings.h"
#include "server/v2_output.h"

/* How many of the input's dimensions are the batch's: those that do not make up an image. */
static size_t batch_rank(const struct model_info *info)
{
    int64_t image = 1;

    for (size_t i = 1; i < info->input_rank; i++)
        image *= info->input_shape[i];
    return image == MODEL_INPUT;
}

/* The input's dimensions behind the batch's, each between `before` and `after`. */
static int write_dims(const struct model_info *info, const char *before, const char *after,
                      struct buf *out)
{
    const size_t first = batch_rank(info);
    int r = 0;

    for (size_t i = first; i < info->input_rank && r == 0; i++)
        r = buf_print(out, "%s%s%d%s", i > first ? "," : "", before, (int)info->input_shape[i],
                      after);
    return r;
}

/* Triton's names of types are the protocol's, but for one. */
static const char *config_type(const char *datatype)
{
    return *datatype == 'B' ? "STRING" : datatype;
}

static int write_config_output(const struct v2_output_info *o, struct buf *out)
{
    int r = buf_print(out, "{\"name\":\"%s\",\"data_type\":\"TYPE_%s\",\"dims\":[%zu]", o->name,
                      config_type(o->datatype), o->columns ? o->columns : 1);

    /* A dimension is due; the reshape says that there is none. */
    return r ? r : buf_text(out, o->columns ? "}" : ",\"reshape\":{\"shape\":[]}}");
}

static int write_parameter(struct buf *out, const char *name, const char *value)
{
    int r = buf_print(out, "\"%s\":{\"string_value\":", name);

    if (r == 0)
        r = buf_json_string(out, value, strlen(value));
    return r ? r : buf_text(out, "}");
}

/* How pictures are fed, and what the file's own output is. */
static int write_parameters(const struct model_info *info, struct buf *out)
{
    char scale[24], mean[24], std[24];
    const struct {
        const char *name, *value;
    } rows[] = {
        {"input_scale",    scale                                   },
        {"input_mean",     mean                                    },
        {"input_std",      std                                     },
        {"input_polarity", info->input_paper_high ? "paper" : "ink"},
        {"pixels",         info->pixels                            },
        {"output",         info->output_name                       },
        {"output_is",      model_end_name(info->end)               },
    };
    int r = buf_text(out, ",\"parameters\":{");

    (void)snprintf(scale, sizeof(scale), "%.9g", (double)info->input_scale);
    (void)snprintf(mean, sizeof(mean), "%.9g", (double)info->input_mean);
    (void)snprintf(std, sizeof(std), "%.9g", (double)info->input_std);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && r == 0; i++) {
        r = buf_text(out, i ? "," : "");
        if (r == 0)
            r = write_parameter(out, rows[i].name, rows[i].value);
    }
    return r ? r : buf_text(out, "}");
}

static int write_config(const struct app *app, const struct served *served, struct buf *out)
{
    const struct model_info *info = model_info(served->model);
    int r = buf_print(out,
                      ",\"platform\":\"digitd_onnx\",\"backend\":\"digitd\","
                      "\"max_batch_size\":%ld,\"input\":[{",
                      app->settings->images_max);

    if (r == 0)
        r = api_object_text(out, "name", info->input_name);
    if (r == 0)
        r = buf_text(out, ",\"data_type\":\"TYPE_FP32\",\"format\":\"FORMAT_NONE\",\"dims\":[");
    if (r == 0)
        r = write_dims(info, "", "", out);
    if (r == 0)
        r = buf_text(out, "]}],\"output\":[");
    for (size_t i = 0; i < V2_OUTPUTS && r == 0; i++) {
        r = i > 0 ? buf_text(out, ",") : 0;
        if (r == 0)
            r = write_config_output(&v2_output_infos[i], out);
    }
    if (r == 0)
        r = buf_text(out, "]");
    if (r == 0)
        r = write_parameters(info, out);
    return r ? r
             : buf_text(out, ",\"instance_group\":[{\"kind\":\"KIND_CPU\",\"count\":1}],"
                             "\"default_model_filename\":\"model.onnx\"}");
}

int api_config(struct worker *w, const struct request *req, struct response *res)
{
    const struct served *served = NULL;
    int r = api_object_begin(w, req, &served, res);

    if (r > 0)
        return r;
    return api_object_finish(res, served, r ? r : write_config(w->app, served, res->body));
}

static int write_tensor(struct buf *out, const char *name, const char *dtype)
{
    int r = buf_text(out, "{");

    if (r == 0)
        r = api_object_text(out, "name", name);
    return r ? r
             : buf_print(out,
                         ",\"dtype\":\"%s\",\"tensor_shape\":{\"unknown_rank\":false,"
                         "\"dim\":[{\"size\":\"-1\",\"name\":\"\"}",
                         dtype);
}

/* The rows that answers have, as the setting says. */
static int write_signature_outputs(bool named, struct buf *out)
{
    static const char row[] = ",{\"size\":\"10\",\"name\":\"\"}]}}";
    int r = buf_print(out, "\"%s\":", named ? "predictions" : "probabilities");

    if (r == 0)
        r = write_tensor(out, named ? "predictions" : "probabilities", "DT_FLOAT");
    if (r == 0)
        r = buf_text(out, row);
    if (r == 0 && named)
        r = buf_text(out, ",\"classes\":");
    if (r == 0 && named)
        r = write_tensor(out, "classes", "DT_INT64");
    return r || !named ? r : buf_text(out, "]}}");
}

static int write_signature(const struct app *app, const struct served *served, struct buf *out)
{
    const struct model_info *info = model_info(served->model);
    int r = buf_text(out, ",\"signature_name\":\"\",\"version\":\"");

    if (r == 0)
        r = buf_print(out,
                      "%s\"},\"metadata\":{\"signature_def\":{\"signature_def\":{"
                      "\"serving_default\":{\"inputs\":{",
                      served->version_text);
    if (r == 0)
        r = buf_json_string(out, info->input_name, strlen(info->input_name));
    if (r == 0)
        r = buf_text(out, ":");
    if (r == 0)
        r = write_tensor(out, info->input_name, "DT_FLOAT");
    if (r == 0)
        r = buf_text(out, ",");
    if (r == 0)
        r = write_dims(info, "{\"size\":\"", "\",\"name\":\"\"}", out);
    if (r == 0)
        r = buf_text(out, "]}}},\"outputs\":{");
    if (r == 0)
        r = write_signature_outputs(app->settings->v1_named, out);
    return r ? r
             : buf_text(out, "},\"method_name\":\"tensorflow/serving/predict\","
                             "\"defaults\":{}}}}}}");
}

int api_metadata_v1(struct worker *w, const struct request *req, struct response *res)
{
    const struct served *served = NULL;
    struct error err = {0};
    int r = api_acquire(w, req, &served, &err);

    if (r < 0)
        return api_fail(res, &err);
    r = buf_text(res->body, "{\"model_spec\":{");
    if (r == 0)
        r = api_object_text(res->body, "name", served->name);
    return api_object_finish(res, served, r ? r : write_signature(w->app, served, res->body));
}
