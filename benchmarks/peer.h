#ifndef BENCHMARKS_PEER_H
#define BENCHMARKS_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* What peers.py hands over and wants to hear. */

/* Reads up to `max` bytes of a file. Returns how many; 0 if there are none. */
static inline size_t peer_read(const char *path, char *to, size_t max)
{
    FILE *f = fopen(path, "rb");
    size_t len = f ? fread(to, 1, max, f) : 0;

    if (f)
        (void)fclose(f);
    return len;
}

/* A listening socket on a port of its own, told on stdout as digitd does. Negative if not. */
static inline int peer_listen(int type_flags)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | type_flags, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        return -1;
    (void)printf("listening on http://127.0.0.1:%u\n", ntohs(at.sin_port));
    return fflush(stdout) ? -1 : fd;
}

#endif
