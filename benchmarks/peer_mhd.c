/* libmicrohttpd, set up as in server/http_request.c, reading a request and its body and
 * answering the same bytes whatever it was. peers.py measures against it.
 *
 *     bench_peer_mhd ANSWER CONTENT-TYPE */

#include <limits.h>
#include <microhttpd.h>
#include <sys/epoll.h>

#include "benchmarks/peer.h"

enum { ANSWER_MAX = 65536, POOL_LEN = 24 * 1024 };

static enum MHD_Result on_request(void *response, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *piece, size_t *piece_len, void **seen)
{
    (void)url;
    (void)method;
    (void)version;
    (void)piece;
    if (!*seen) {
        *seen = response;
        return MHD_YES;
    }
    if (*piece_len) {
        *piece_len = 0;
        return MHD_YES;
    }
    *seen = NULL;
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

/* The loop of server/http_loop.c: libmicrohttpd's own stalls at multiples of 128 connections.
 */
static int serve(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (!info || epoll_ctl(epoll, EPOLL_CTL_ADD, info->epoll_fd, &event) < 0)
        return 1;
    for (;;) {
        MHD_UNSIGNED_LONG_LONG ms;
        int wait = MHD_get_timeout(daemon, &ms) == MHD_YES && ms == 0 ? 0 : -1;

        (void)epoll_wait(epoll, &event, 1, wait);
        (void)MHD_run(daemon);
    }
}

int main(int argc, char **argv)
{
    static char answer[ANSWER_MAX];
    size_t len = argc == 3 ? peer_read(argv[1], answer, sizeof(answer)) : 0;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, answer, MHD_RESPMEM_PERSISTENT);
    int listener = len ? peer_listen(SOCK_NONBLOCK) : -1;

    if (!response || listener < 0 ||
        MHD_add_response_header(response, "Content-Type", argv[2]) != MHD_YES)
        return 1;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_TURBO, 0, NULL, NULL, on_request, response,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)POOL_LEN, MHD_OPTION_CONNECTION_LIMIT, (unsigned)INT_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);

    return daemon ? serve(daemon) : 1;
}
