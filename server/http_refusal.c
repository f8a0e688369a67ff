/* libmicrohttpd answers what it cannot parse, or what does not fit its buffers, by itself, with
 * a page of HTML, and has no option to change that. Clients expect {"error":"..."} of every
 * error. It queues those pages by calling its own exported MHD_queue_response() through the
 * dynamic linker, which finds the definition in this program first. So that function, here,
 * gets the library's own answers and no others. */

#include "server/http_refusal.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "server/http_loop.h"

typedef enum MHD_Result queue_fn(struct MHD_Connection *, unsigned, struct MHD_Response *);

static queue_fn *real_queue;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_real_queue(void)
{
    void *found = dlsym(RTLD_NEXT, "MHD_queue_response");

    memcpy(&real_queue, &found, sizeof(found)); /* ISO C has no cast from one to the other */
}

enum MHD_Result http_refusal_queue(struct MHD_Connection *connection, unsigned status,
                                   struct MHD_Response *response)
{
    (void)pthread_once(&once, find_real_queue);
    return real_queue(connection, status, response);
}

struct MHD_Response *http_refusal_response(const void *bytes, size_t len,
                                           enum MHD_ResponseMemoryMode mode)
{
    void *same;

    memcpy(&same, &bytes, sizeof(same));
    return MHD_create_response_from_buffer(len, same, mode);
}

static const char *sentence(unsigned status)
{
    switch (status) {
    case 400:
        return "the request is not valid HTTP/1.1";
    case 413:
        return "the request is too large";
    case 414:
        return "the request line is too long";
    case 431:
        return "the request line and headers are too long";
    case 505:
        return "the protocol is not supported; it should be HTTP/1.1";
    default:
        return "the HTTP library refused the request";
    }
}

/* Some versions (0.9.75) send the head of such an answer twice if it is about the headers. So
 * what we have to say goes straight to the socket, which takes nothing more afterwards. Told
 * that there is no answer, the library would close the connection at once, and some of its
 * functions go on with what they then have freed. */
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status_code,
                                   struct MHD_Response *response)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_client *c = info ? info->socket_context : NULL;

    if (c) {
        http_request_rejected(c, (int)status_code, sentence(status_code));
        (void)shutdown(c->fd, SHUT_WR);
    }
    return http_refusal_queue(connection, status_code, response);
}
