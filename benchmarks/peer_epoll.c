/* As little as can answer over HTTP: an epoll loop that sends the same bytes, head and all, for
 * whatever ends in an empty line. peers.py measures against it.
 *
 *     bench_peer_epoll ANSWER */

#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "benchmarks/peer.h"

enum { EVENTS = 64, ANSWER_MAX = 65536, REQUEST_MAX = 65536 };

static void take_client(int epoll, int listener)
{
    const int on = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};

    if (fd < 0)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void answer_client(int fd, const char *answer, size_t len)
{
    char request[REQUEST_MAX];
    ssize_t n = recv(fd, request, sizeof(request), 0);

    if (n >= 4 && memcmp(request + n - 4, "\r\n\r\n", 4) == 0)
        (void)send(fd, answer, len, MSG_NOSIGNAL);
    else if (n <= 0)
        (void)close(fd);
}

int main(int argc, char **argv)
{
    static char answer[ANSWER_MAX];
    size_t len = argc == 2 ? peer_read(argv[1], answer, sizeof(answer)) : 0;
    int listener = len ? peer_listen(SOCK_NONBLOCK) : -1;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = listener}};

    if (listener < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
        return 1;
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                take_client(epoll, listener);
            else
                answer_client(events[i].data.fd, answer, len);
    }
}
