#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "model/error.h"
#include "server/command.h"
#include "server/metrics.h"
#include "server/settings.h"

enum { ANSWER_MAX = 4096, REQUEST_MAX = 1024 };

struct check {
    const char *host;
    long port;
    const char *path;
    uint64_t deadline_ns;
    long timeout_ms;
};

static int fail(const struct check *c, int code, const char *why, struct error *err)
{
    return error_set(err, code, "%.60s port %ld: %.120s", c->host, c->port, why);
}

/* A server that listens on all addresses is asked at the one that never leaves the machine. */
static const char *reachable(const char *host)
{
    if (strcmp(host, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(host, "::") == 0 ? "::1" : host;
}

/* Lets the socket's next call take no longer than what is left. Returns 0 or -ETIMEDOUT. */
static int grant(const struct check *c, int fd, struct error *err)
{
    uint64_t now = metrics_now();
    uint64_t left_us = now < c->deadline_ns ? (c->deadline_ns - now) / 1000 : 0;
    const struct timeval left = {.tv_sec = (time_t)(left_us / 1000000),
                                 .tv_usec = (suseconds_t)(left_us % 1000000)};
    char why[64];

    (void)snprintf(why, sizeof(why), "no answer within %ld ms", c->timeout_ms);
    if (left_us == 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &left, sizeof(left)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof(left)) < 0)
        return fail(c, -ETIMEDOUT, why, err);
    return 0;
}

static int connect_to(const struct check *c, int *ret, struct error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *at = NULL;
    char service[8];

    (void)snprintf(service, sizeof(service), "%u", (unsigned)c->port & 0xffff);
    int r = getaddrinfo(c->host, service, &hints, &at);

    if (r)
        return fail(c, -EADDRNOTAVAIL, gai_strerror(r), err);
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    r = fd < 0 ? fail(c, -errno, strerror(errno), err) : grant(c, fd, err);
    if (r == 0 && connect(fd, at->ai_addr, at->ai_addrlen) < 0)
        r = fail(c, -errno, errno == EINPROGRESS ? "no connection in time" : strerror(errno),
                 err);
    freeaddrinfo(at);
    if (r == 0)
        *ret = fd;
    else if (fd >= 0)
        (void)close(fd);
    return r;
}

static int ask(const struct check *c, int fd, struct error *err)
{
    char request[REQUEST_MAX];
    int len = snprintf(request, sizeof(request),
                       "GET %s HTTP/1.1\r\nHost: %s:%ld\r\nConnection: close\r\n\r\n", c->path,
                       c->host, c->port);

    if (len < 0 || (size_t)len >= sizeof(request))
        return error_set(err, -EINVAL, "--path and --host are too long");
    return send(fd, request, (size_t)len, MSG_NOSIGNAL) == len
               ? 0
               : fail(c, -errno, strerror(errno), err);
}

/* Reads until the end, or as much as there is room for: the status comes first. */
static int listen_to(const struct check *c, int fd, char answer[ANSWER_MAX], struct error *err)
{
    size_t len = 0;

    while (len < ANSWER_MAX - 1) {
        int r = grant(c, fd, err);
        ssize_t got = r < 0 ? 0 : recv(fd, answer + len, ANSWER_MAX - 1 - len, 0);

        if (r < 0)
            return r;
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return fail(c, -errno, strerror(errno), err);
        if (got == 0)
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    answer[len] = '\0';
    return 0;
}

static int judge(const struct check *c, const char *answer, struct error *err)
{
    const char *body = strstr(answer, "\r\n\r\n");

    if (strncmp(answer, "HTTP/1.", 7) != 0 || strlen(answer) < 12 || answer[8] != ' ')
        return fail(c, -EPROTO, *answer ? "what answers is no HTTP server" : "no answer", err);
    long status = strtol(answer + 9, NULL, 10);

    if (status == 200)
        return 0;
    return error_set(err, -EIO, "%.60s port %ld answers %ld to %.60s: %.100s", c->host, c->port,
                     status, c->path, body ? body + 4 : "");
}

int command_healthcheck(const struct settings *s)
{
    struct check check = {.host = reachable(s->host),
                          .port = s->admin_port > 0 ? s->admin_port : s->port,
                          .path = s->path,
                          .timeout_ms = s->timeout_ms,
                          .deadline_ns = metrics_now() + (uint64_t)s->timeout_ms * 1000000U};
    char answer[ANSWER_MAX];
    struct error err = {0};
    int fd = -1;
    int r = 0;

    if (check.port == 0)
        r = error_set(&err, -EINVAL,
                      "--port is 0; it should be the one that the server picked");
    else if (*check.path != '/' || strpbrk(check.path, " \r\n"))
        r = error_set(&err, -EINVAL,
                      "--path is '%.40s'; it should begin with / and hold no blanks",
                      check.path);
    if (r == 0)
        r = connect_to(&check, &fd, &err);
    if (r == 0)
        r = ask(&check, fd, &err);
    if (r == 0)
        r = listen_to(&check, fd, answer, &err);
    if (r == 0)
        r = judge(&check, answer, &err);
    if (fd >= 0)
        (void)close(fd);
    return r < 0 ? command_fail("healthcheck", &err) : COMMAND_FINE;
}
