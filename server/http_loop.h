#ifndef SERVER_HTTP_LOOP_H
#define SERVER_HTTP_LOOP_H

/* The inside of server/http.h, for http*.c only. Everything here belongs to one event-loop
 * thread, but for what is atomic. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/app.h"
#include "server/buf.h"
#include "server/complaint.h"
#include "server/http_header.h"
#include "server/http_query.h"
#include "server/request.h"

struct MHD_Daemon;
struct MHD_Response;
struct error;
struct http_client;
struct http_loop;
struct later_job;

enum {
    HTTP_LINGER_MAX = 64, /* connections of one loop that wait for the client to hang up */
    HTTP_SPARE_MAX = 32,  /* body buffers that a loop keeps */
    HTTP_SPARE_CAP = 256 * 1024,
    HTTP_SMALL = 4096, /* bytes of an answer that a connection may hold without being counted */
    HTTP_ANSWERS_MORE = 4, /* the part by which these may exceed what bodies come to at most */
    HTTP_SWEEP_MS = 100,
};

/* How many connections may be open, and how many bytes of bodies and of answers they may hold,
 * over all loops that share the gate. */
struct http_gate {
    atomic_long open;
    long max;
    atomic_long held;
    long held_max;
    struct complaint full, unaccepted, unheld, failed;
};

/* A connection whose answer went out before the request was read to its end. Closing it at once
 * would make the kernel send a reset, and the client lose the answer: so what still comes is
 * read and dropped, until the client hangs up or its time is over. */
struct http_linger {
    int fd; /* -1: a free slot */
    uint64_t deadline_ns;
};

struct http_loop {
    const struct settings *settings;
    size_t prefix_len; /* of settings->path_prefix, without a slash at its end */
    struct worker worker;
    struct buf unpacked; /* the body of the request that is being answered, if it came packed */
    struct buf packed;   /* and its answer */
    const void *ready_bytes;    /* what `ready` answers, with no headers but its type */
    struct MHD_Response *ready; /* kept, for probes ask for nothing else */
    struct http_gate *gate;
    bool admin; /* answers the routes marked so */

    pthread_t thread;
    bool running;
    int listen_fd;
    int epoll_fd;
    int wake_fd; /* an eventfd: http_loop_stop() */
    struct MHD_Daemon *daemon;

    uint64_t now_ns; /* at the last wake-up */
    uint64_t sweep_ns;
    bool accept_paused; /* out of file descriptors until the next sweep */

    struct http_client *clients;
    struct http_client *spare_clients;
    struct buf spare_bodies[HTTP_SPARE_MAX];
    size_t n_spare_bodies;
    struct http_linger lingers[HTTP_LINGER_MAX];
    size_t n_lingers;

    bool stopping; /* no new connections */
    uint64_t stop_deadline_ns;
};

/* Takes over the listening socket, also when it fails. The worker's app and metrics shard are
 * set; the rest of `l` is zero. */
int http_loop_start(struct http_loop *l, int listen_fd, struct error *err);

/* Asks for the end: accepts what is queued, closes the listener, answers what is in flight. */
void http_loop_stop(struct http_loop *l);

/* Waits for the thread and frees what the loop has; also one that did not start. */
void http_loop_finish(struct http_loop *l);

/* http_client.c: one connection */

enum http_phase {
    HTTP_NEW,       /* connected, nothing asked yet */
    HTTP_READING,   /* a request has begun to arrive */
    HTTP_ANSWERING, /* it is whole; the answer is on its way */
    HTTP_IDLE,      /* between two requests */
};

struct http_client {
    struct http_client *next, *prev; /* of the loop's list */
    struct http_loop *loop;
    int fd; /* libmicrohttpd's */
    enum http_phase phase;
    uint64_t deadline_ns; /* of the phase */
    bool linger;          /* see struct http_linger */
    uint64_t phase_ns;    /* when the phase began */
    uint64_t peek_ns;     /* when to look whether the client has hung up */

    /* The request that is being read or answered. */
    bool seen;               /* its headers have been looked at */
    bool options;            /* it only asks what may be asked */
    bool last;               /* the client will not ask again */
    int refused;             /* the status that it gets instead of a handler; 0: none */
    char why[160];           /* if refused: the sentence */
    const char *allow;       /* if refused with 405: the methods */
    uint64_t whole_ns;       /* when its handler was called */
    struct later_job *later; /* what its answer waits for; NULL: nothing */
    struct http_header header;
    struct http_query query;
    struct request req;
    struct buf body;
    long held; /* bytes of it, or of the answer, that the gate knows of */
};

/* Adds a client to the loop. Returns NULL without memory. */
struct http_client *http_client_create(struct http_loop *l, int fd);
void http_client_destroy(struct http_client *c);

/* A request begins, is whole, has been answered. */
void http_client_begin(struct http_client *c);
void http_client_whole(struct http_client *c);
void http_client_reset(struct http_client *c);

/* Adds a piece to the body. Returns 0; -E2BIG beyond its limit; -ENOBUFS if all clients
 * together hold too much; -ENOMEM. */
int http_client_take(struct http_client *c, const char *piece, size_t len);

/* The body is of no use any more; what is held now is an answer of `len` bytes, until it is
 * taken. Returns false if all clients together would hold too much. */
bool http_client_hold(struct http_client *c, size_t len);

/* Whether anything has come: also what libmicrohttpd has not told of, the first bytes of a
 * request. */
bool http_client_has_sent(const struct http_client *c);

/* Cuts off who is late, and while stopping who has nothing to ask. */
void http_client_sweep(struct http_loop *l);

/* Writes a whole answer straight to a socket, bypassing libmicrohttpd: for where it takes none.
 * The connection is of no use afterwards. */
void http_say(int fd, int status, const char *text);

/* http_linger.c */

void http_linger_init(struct http_loop *l);
/* Takes over `fd`. */
void http_linger_add(struct http_loop *l, int fd);
void http_linger_read(struct http_loop *l, size_t slot);
void http_linger_sweep(struct http_loop *l);
void http_linger_finish(struct http_loop *l);

/* http_socket.c */

/* Binds `n` listening sockets to one address and port, which the kernel shares out among them.
 * Returns 0, the sockets and the port; or a negative errno with `err` naming the address. */
int http_socket_listen(const char *host, long port, size_t n, int *ret_fds, unsigned *ret_port,
                       struct error *err);

/* http_request.c: what libmicrohttpd calls */

int http_request_start(struct http_loop *l, struct error *err);
/* The request gets a refusal instead of a handler's answer. */
__attribute__((format(printf, 3, 4))) void
http_request_refuse(struct http_client *c, int status, const char *format, ...);

/* libmicrohttpd refuses what the client sent. */
void http_request_rejected(struct http_client *c, int status, const char *text);

/* http_answer.c */

/* The request is whole, or refused: it gets its answer. Returns whether that is on its way. */
bool http_answer(struct http_client *c, const char *method);

#endif
