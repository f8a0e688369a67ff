#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http_loop.h"

enum { LINGER_MS = 2000, READS_MAX = 16 };

void http_linger_init(struct http_loop *l)
{
    for (size_t i = 0; i < HTTP_LINGER_MAX; i++)
        l->lingers[i].fd = -1;
}

static void drop(struct http_loop *l, size_t slot)
{
    (void)close(l->lingers[slot].fd);
    l->lingers[slot].fd = -1;
    l->n_lingers--;
}

void http_linger_add(struct http_loop *l, int fd)
{
    size_t slot = 0;
    struct epoll_event event = {.events = EPOLLIN};

    while (slot < HTTP_LINGER_MAX && l->lingers[slot].fd >= 0)
        slot++;
    event.data.u64 = slot;
    (void)shutdown(fd, SHUT_WR);
    if (slot == HTTP_LINGER_MAX || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        (void)close(fd);
        return;
    }
    l->lingers[slot].fd = fd;
    l->lingers[slot].deadline_ns = l->now_ns + LINGER_MS * UINT64_C(1000000);
    l->n_lingers++;
}

void http_linger_read(struct http_loop *l, size_t slot)
{
    static _Thread_local char dropped[16 * 1024];
    ssize_t n = 1;

    if (l->lingers[slot].fd < 0)
        return; /* closed by an earlier event of the same wake-up */
    for (int i = 0; i < READS_MAX && n > 0; i++)
        n = recv(l->lingers[slot].fd, dropped, sizeof(dropped), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        drop(l, slot);
}

void http_linger_sweep(struct http_loop *l)
{
    for (size_t i = 0; i < HTTP_LINGER_MAX && l->n_lingers; i++)
        if (l->lingers[i].fd >= 0 && l->now_ns >= l->lingers[i].deadline_ns)
            drop(l, i);
}

void http_linger_finish(struct http_loop *l)
{
    for (size_t i = 0; i < HTTP_LINGER_MAX; i++)
        if (l->lingers[i].fd >= 0)
            drop(l, i);
}
