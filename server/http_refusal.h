#ifndef SERVER_HTTP_REFUSAL_H
#define SERVER_HTTP_REFUSAL_H

#include <microhttpd.h>

/* MHD_queue_response() for our own answers: see http_refusal.c for whose the plain one are. */
enum MHD_Result http_refusal_queue(struct MHD_Connection *connection, unsigned status,
                                   struct MHD_Response *response);

/* MHD_create_response_from_buffer(), which forgot that it does not write. */
struct MHD_Response *http_refusal_response(const void *bytes, size_t len,
                                           enum MHD_ResponseMemoryMode mode);

#endif
