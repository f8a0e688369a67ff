#include "server/openapi.h"

#include "server/api.h"
#include "server/protocol.h"

const char *const openapi_tags[] = {"V1", "V2", "Models", "Server", "Page", NULL};

/* clang-format off */
static const struct openapi_row rows[] = {
    {api_infer,             &protocol_v2,       "V2", "Predicts from tensors, in JSON or binary", "V2Request", "V2Answer", "application/octet-stream", NULL},
    {api_infer,             &protocol_v2_png,   "V2", "Predicts from a picture", "Picture", "V2Answer", "application/octet-stream", NULL},
    {api_infer,             &protocol_v1,       "V1", "Predicts from rows, columns or strokes", "V1Request", "V1Answer", "application/cloudevents+json", NULL},
    {api_infer,             &protocol_png,      "V1", "Reads the digit in a picture", "Picture", "V1Answer", "application/cloudevents+json", NULL},
    {api_infer,             &protocol_classify, "V1", "Classifies examples", "Examples", "Classes", "application/cloudevents+json", NULL},
    {api_infer,             &protocol_regress,  "V1", "The digit of each example as a number", "Examples", "Values", "application/cloudevents+json", NULL},
    {api_infer, &protocol_form, "V1", "Reads the digits in the files of a form", "Form", "V1Answer", "application/cloudevents+json", NULL},
    {api_infer, &protocol_v2_form, "V2", "Predicts from the files of a form", "Form", "V2Answer", "application/octet-stream", NULL},
    {api_statistics, NULL, "V2", "What was counted of one model, or of all", NULL, "Statistics", NULL, NULL},
    {api_logging, NULL, "Server", "Which levels are logged", NULL, "Logging", NULL, NULL},
    {api_logging_set, NULL, "Server", "Sets which levels are logged", "Logging", "Logging", NULL, "501"},
    {api_trace, NULL, "Server", "Whether requests are logged", NULL, "Trace", NULL, NULL},
    {api_trace_set, NULL, "Server", "Sets whether requests are logged", "Trace", "Trace", NULL, "501"},
    {api_shared_memory, NULL, "V2", "There is no shared memory", NULL, NULL, NULL, "501"},
    {api_explain,           &protocol_png,               "V1", "Predicts, and says which ink speaks for it", "Picture", "Explanations", "application/cloudevents+json", NULL},
    {api_explain,           &protocol_form,               "V1", "Predicts, and says which ink speaks for it", "Form", "Explanations", "application/cloudevents+json", NULL},
    {api_explain,           NULL,               "V1", "Predicts, and says which ink speaks for it", "V1Request", "Explanations", "application/cloudevents+json", NULL},
    {api_feedback_add,      NULL,               "Models", "Stores what an answer should have been", "Correction", "Stored", NULL, "201 501 507"},
    {api_feedback,          NULL,               "Models", "How answers compare with what was stored", NULL, "Feedback", NULL, NULL},
    {api_live,              NULL,               "Server", "Whether the process answers", NULL, "Live", NULL, NULL},
    {api_ready,             NULL,               "Server", "Whether requests should come", NULL, "Ready", NULL, NULL},
    {api_metrics,           NULL,               "Server", "What was counted and measured", NULL, "text/plain", "application/openmetrics-text", NULL},
    {api_openapi,           NULL,               "Server", "This description", NULL, "application/json", NULL, NULL},
    {api_docs,              NULL,               "Server", "This description, for reading", NULL, "text/html", NULL, NULL},
    {api_server,            NULL,               "V2", "The server's name, version and extensions", NULL, "Server", NULL, NULL},
    {api_models_v1,         NULL,               "Models", "The names of the models", NULL, "Models", NULL, NULL},
    {api_model_v2,          NULL,               "V2", "The model's versions, inputs and outputs", NULL, "Model", NULL, NULL},
    {api_model_ready_v2,    NULL,               "V2", "Whether the model answers", NULL, "ModelReady", NULL, NULL},
    {api_config,            NULL,               "V2", "The model's configuration, as Triton has it", NULL, "Config", NULL, NULL},
    {api_model_v1,          NULL,               "V1", "Whether the model answers, and its versions", NULL, "Status", NULL, NULL},
    {api_metadata_v1,       NULL,               "V1", "The model's signature", NULL, "Metadata", NULL, NULL},
    {api_repository_index,  NULL,               "Models", "Every model that is known, and its state", "IndexRequest", "Index", NULL, NULL},
    {api_repository_load,   NULL,               "Models", "Loads a model, or the files that it has now", "Control", "Done", NULL, NULL},
    {api_repository_unload, NULL,               "Models", "Ceases to serve a model", "Control", "Done", NULL, NULL},
    {api_repository_named,  NULL,               "Models", "There is one repository, without a name", "Control", NULL, NULL, "501"},
    {api_root,              NULL,               "Page", "The page; for who does not show HTML, that the server lives", NULL, "Alive", "text/html", "304 308"},
    {api_page,              NULL,               "Page", "A file of the page", NULL, "text/css", "text/javascript", "304"},
};
/* clang-format on */

const struct openapi_row *openapi_find(const struct route *route)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].handle == route->handle &&
            (!rows[i].protocol || rows[i].protocol == route->protocol))
            return &rows[i];
    return NULL;
}
