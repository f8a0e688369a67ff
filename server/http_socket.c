#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/error.h"
#include "server/http_loop.h"

enum { BACKLOG = 4096 };

static int resolve(const char *host, long port, struct addrinfo **ret, struct error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    char service[8];

    (void)snprintf(service, sizeof(service), "%u", (unsigned)port & 0xffff);
    int r = getaddrinfo(host, service, &hints, ret);

    if (r)
        return error_set(err, -EADDRNOTAVAIL, "cannot listen on %.60s port %ld: %s", host, port,
                         r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
    return 0;
}

/* Returns a bound socket or a negative errno. */
static int bound(const struct addrinfo *at, int reuse_option)
{
    const int on = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, reuse_option, &on, sizeof(on)) < 0 ||
        bind(fd, at->ai_addr, at->ai_addrlen) < 0) {
        int code = -errno;

        (void)close(fd);
        return code;
    }
    return fd;
}

/* With SO_REUSEPORT a second server of the same user could bind our port and take half of the
 * connections, unnoticed. Binding once without it tells. */
static int check_unused(const struct addrinfo *at)
{
    int fd = bound(at, SO_REUSEADDR);

    if (fd < 0)
        return fd;
    (void)close(fd);
    return 0;
}

static void set_port(struct addrinfo *at, unsigned port)
{
    if (at->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)at->ai_addr)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)(void *)at->ai_addr)->sin_port = htons((uint16_t)port);
}

static int get_port(int fd, unsigned *ret)
{
    struct sockaddr_in6 at = {0}; /* the port of a sockaddr_in is at the same place */
    socklen_t len = sizeof(at);

    if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        return -errno;
    *ret = ntohs(at.sin6_port);
    return 0;
}

int http_socket_listen(const char *host, long port, size_t n, int *ret_fds, unsigned *ret_port,
                       struct error *err)
{
    struct addrinfo *at = NULL;
    size_t i = 0;
    int r = resolve(host, port, &at, err);

    if (r < 0)
        return r;
    if (port)
        r = check_unused(at);
    while (i < n && r == 0) {
        r = bound(at, SO_REUSEPORT);
        if (r >= 0) {
            ret_fds[i++] = r;
            r = listen(r, BACKLOG) < 0 ? -errno : get_port(r, ret_port);
            set_port(at, *ret_port); /* the first may have asked for any */
        }
    }
    freeaddrinfo(at);
    if (r < 0) {
        while (i > 0)
            (void)close(ret_fds[--i]);
        return error_set(err, r, "cannot listen on %.60s port %ld: %s", host, port,
                         strerror(-r));
    }
    return 0;
}
