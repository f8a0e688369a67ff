#include <string.h>

#include "model/error.h"
#include "server/api.h"
#include "server/api_object.h"
#include "server/app.h"
#include "server/registry.h"
#include "server/v2_output.h"

int api_acquire(const struct worker *w, const struct request *req, const struct served **ret,
                struct error *err)
{
    struct registry *r = w->app->registry;

    return *req->label ? registry_acquire_label(r, req->model, req->label, ret, err)
                       : registry_acquire(r, req->model, req->version, ret, err);
}

/* Appends a JSON array of the versions of the model that are served, or of this one. */
static int append_versions(const struct served *served, bool all, struct buf *out)
{
    const struct catalogue *c = served->catalogue;
    int r = buf_text(out, "[");
    bool first = true;

    for (size_t i = 0; i < c->n && r == 0; i++) {
        const struct served *row = &c->served[i];

        if (row != served && (!all || strcmp(row->name, served->name) != 0))
            continue;
        r = buf_print(out, "%s\"%s\"", first ? "" : ",", row->version_text);
        first = false;
    }
    return r ? r : buf_text(out, "]");
}

int api_models_v1(struct worker *w, const struct request *req, struct response *res)
{
    const struct catalogue *c = registry_hold(w->app->registry);
    const char *last = "";
    int r = buf_text(res->body, "{\"models\":[");

    (void)req;
    for (size_t i = 0; i < c->n && r == 0; i++) {
        const char *name = c->served[i].name;

        if (strcmp(name, last) == 0)
            continue; /* another version of the same */
        r = *last ? buf_text(res->body, ",") : 0;
        if (r == 0)
            r = buf_json_string(res->body, name, strlen(name));
        last = name;
    }
    registry_drop(c);
    return api_object_finish(res, NULL, r ? r : buf_text(res->body, "]}"));
}

/* As TensorFlow Serving has them: of one version, or of all that the model is known to have. */
static int append_states(const struct served *served, bool all, struct buf *out)
{
    static const char *const states[] = {
        [CATALOGUE_UNAVAILABLE] = "END",
        [CATALOGUE_LOADING] = "LOADING",
        [CATALOGUE_READY] = "AVAILABLE",
        [CATALOGUE_UNLOADING] = "UNLOADING",
    };
    const struct catalogue *c = served->catalogue;
    int r = buf_text(out, "[");
    bool first = true;

    for (size_t i = 0; i < c->n_known && r == 0; i++) {
        const struct known *k = &c->known[i];

        if (strcmp(k->name, served->name) != 0 || (!all && k->version != served->version))
            continue;
        r = buf_print(out,
                      "%s{\"version\":\"%s\",\"state\":\"%s\",\"status\":{"
                      "\"error_code\":\"%s\",\"error_message\":",
                      first ? "" : ",", k->version_text, states[k->state],
                      k->failed ? "UNKNOWN" : "OK");
        if (r == 0)
            r = buf_json_string(out, k->reason, strlen(k->reason));
        if (r == 0)
            r = buf_text(out, "}}");
        first = false;
    }
    return r ? r : buf_text(out, "]");
}

/* KServe's clients read name and ready, TensorFlow Serving's read model_version_status. */
int api_model_v1(struct worker *w, const struct request *req, struct response *res)
{
    const struct served *served = NULL;
    int r = api_object_begin(w, req, &served, res);

    if (r > 0)
        return r;
    if (r == 0)
        r = buf_text(res->body, ",\"ready\":true,\"model_version_status\":");
    if (r == 0)
        r = append_states(served, !*req->version && !*req->label, res->body);
    return api_object_finish(res, served, r ? r : buf_text(res->body, "}"));
}

static int append_tensors(const struct served *served, struct buf *out)
{
    const struct model_info *info = model_info(served->model);
    int r = buf_text(out, ",\"inputs\":[{");

    if (r == 0)
        r = api_object_text(out, "name", info->input_name);
    if (r == 0)
        r = buf_text(out, ",\"datatype\":\"FP32\",\"shape\":[");
    for (size_t i = 0; i < info->input_rank && r == 0; i++)
        r = buf_print(out, "%s%lld", i ? "," : "", (long long)info->input_shape[i]);
    if (r == 0)
        r = buf_text(out, "]}],\"outputs\":[");
    for (size_t i = 0; i < V2_OUTPUTS && r == 0; i++) {
        const struct v2_output_info *o = &v2_output_infos[i];

        r = buf_print(out, "%s{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":[-1", i ? "," : "",
                      o->name, o->datatype);
        if (r == 0)
            r = o->columns ? buf_print(out, ",%zu]}", o->columns) : buf_text(out, "]}");
    }
    return r ? r : buf_text(out, "]");
}

int api_model_v2(struct worker *w, const struct request *req, struct response *res)
{
    const struct served *served = NULL;
    int r = api_object_begin(w, req, &served, res);

    if (r > 0)
        return r;
    if (r == 0)
        r = buf_text(res->body, ",\"versions\":");
    if (r == 0)
        r = append_versions(served, !*req->version && !*req->label, res->body);
    if (r == 0)
        r = buf_text(res->body, ",\"platform\":\"digitd_onnx\"");
    if (r == 0)
        r = append_tensors(served, res->body);
    return api_object_finish(res, served, r ? r : buf_text(res->body, "}"));
}

int api_model_ready_v2(struct worker *w, const struct request *req, struct response *res)
{
    const struct served *served = NULL;
    int r = api_object_begin(w, req, &served, res);

    if (r > 0)
        return r;
    return api_object_finish(res, served, r ? r : buf_text(res->body, ",\"ready\":true}"));
}
