#ifndef SERVER_LATER_H
#define SERVER_LATER_H

struct error;
struct response;

enum { LATER_MAX = 64 }; /* jobs that wait at a time */

/* Work of a request that may block, on a disk say. A handler that sets `later` in its response
 * hands one over; the event loop answers others meanwhile. Embed it first in a struct that owns
 * copies of what it needs: the request is gone when it runs. */
struct later_job {
    struct later *on; /* the thread to run on */
    /* On that thread. */
    void (*run)(struct later_job *job);
    /* Back on the event loop: fills the answer and returns its status. */
    int (*finish)(struct later_job *job, struct response *res);
    /* Always called, also if the client has gone or the job was refused. */
    void (*destroy)(struct later_job *job);

    /* For who submits it: called on the thread after run(). */
    void (*done)(void *owner);
    void *owner;
    struct later_job *next;
};

/* One thread that runs jobs in the order of their coming. All functions but create and destroy
 * may be called from any thread. */
struct later;

/* Starts the thread. Returns 0 and *ret for the caller to later_destroy(), or a negative errno.
 */
int later_create(struct later **ret, struct error *err);

/* Runs what still waits, and ends the thread. Accepts NULL. */
void later_destroy(struct later *l);

/* Returns 0; -EBUSY if LATER_MAX jobs wait already. The job stays the caller's. */
int later_submit(struct later_job *job);

/* Returns when no job waits or runs. */
void later_drain(struct later *l);

#endif
