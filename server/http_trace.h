#ifndef SERVER_HTTP_TRACE_H
#define SERVER_HTTP_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/metrics.h"
#include "server/request.h"

/* What lets a person follow a request from one program to the next. */

enum { HTTP_TRACE_REQUEST_ID_MAX = 128, HTTP_TRACE_ID_LEN = 32 };

/* The id to log and to send back: the client's, if it is short and printable, so that nobody
 * writes our log or headers for us; else a new one, written to `made`, if one is `wanted`; else
 * NULL. */
const char *http_trace_request_id(const char *sent, bool wanted,
                                  char made[HTTP_TRACE_REQUEST_ID_MAX + 1]);

/* The trace id of a W3C traceparent; "" if there is none, or it is not sound to the last
 * character. */
void http_trace_id(const char *traceparent, char out[HTTP_TRACE_ID_LEN + 1]);

/* Adds Server-Timing with the stages that took time; nothing if none did. */
void http_trace_timing(const uint64_t stage_ns[METRICS_STAGES], struct response *res);

#endif
