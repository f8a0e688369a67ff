#ifndef SERVER_API_H
#define SERVER_API_H

#include "server/request.h"

enum { API_SETTINGS_DEPTH_MAX = 16 }; /* nesting of a body that sets something */

struct batch;
struct error;
struct served;

handler_fn api_infer; /* images in, answers out, as req->route->protocol writes them */
handler_fn api_event; /* the same in a CloudEvent, by req->event: around the route's handler */
handler_fn api_explain;   /* the same, with what speaks for each answer */
handler_fn api_live;      /* 200 while the process answers at all */
handler_fn api_ready;     /* 200 once every model is ready; 503 before and while draining */
handler_fn api_server;    /* V2: name, version, extensions */
handler_fn api_model_v1;  /* TensorFlow Serving's status and KServe's readiness in one object */
handler_fn api_models_v1; /* KServe: the names */
handler_fn api_model_v2;  /* V2: inputs, outputs, versions */
handler_fn api_model_ready_v2; /* V2: whether it answers */
handler_fn api_config;         /* Triton: the model's configuration */
handler_fn api_metadata_v1;    /* TensorFlow Serving: the model's signature */
handler_fn api_statistics;     /* Triton: what was counted of one model, or of all */
handler_fn api_logging;        /* Triton: which levels are logged */
handler_fn api_logging_set;
handler_fn api_trace; /* Triton: whether requests are logged */
handler_fn api_trace_set;
handler_fn api_shared_memory; /* Triton: a refusal */
handler_fn api_metrics;       /* Prometheus text */
handler_fn api_root;          /* the web page for browsers, else KServe's V1 liveness */
handler_fn api_openapi;       /* OpenAPI: all of this, for programs */
handler_fn api_docs;          /* the same, for people */
handler_fn api_page;          /* the web page and its files, by req->path */

handler_fn api_feedback_add; /* stores what an answer should have been */
handler_fn api_feedback;     /* how the model's answers compare with what was stored */

/* Holds the model that the request's path names, for registry_release() once the answer is
 * written. Returns as registry_acquire() does. */
int api_acquire(const struct worker *w, const struct request *req, const struct served **ret,
                struct error *err);

/* Empties the worker's batch, gives it its limits and the model that the request's path names.
 * Returns as registry_acquire(). Always to be followed by api_batch_end(). */
int api_batch(struct worker *w, const struct request *req, struct error *err);
void api_batch_end(struct worker *w);

/* Writes a predicted batch, as struct protocol's encode. */
typedef int api_encode_fn(const struct batch *b, struct response *res, struct error *err);

/* api_infer() with an answer of another form, to `most` images. Only the protocol's own counts
 * as a prediction in the metrics. */
int api_infer_as(struct worker *w, const struct request *req, struct response *res,
                 api_encode_fn *encode, size_t most);

handler_fn api_repository_index;  /* Triton: what is known, in which state, and why */
handler_fn api_repository_load;   /* by a client's wish, if --repository-api lets it */
handler_fn api_repository_unload; /* the same */
handler_fn api_repository_named;  /* there is only one repository */

/* Adds the headers that keep a browser from doing with HTML what it is not for. */
void api_page_policy(struct response *res);

/* Writes {"error":"..."} and returns the HTTP status of err->code: the one place where an errno
 * becomes a status. */
int api_fail(struct response *res, const struct error *err);

/* The same with a status of its own. */
int api_refuse(struct response *res, int status, const char *text);

#endif
