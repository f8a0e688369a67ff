#include "server/later.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"

struct later {
    pthread_t thread;
    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t came;   /* a job, or the end */
    pthread_cond_t idle;
    struct later_job *first, *last;
    unsigned waiting;
    bool running; /* a job is out of the list, and not yet done */
    bool stopping;
};

static struct later_job *take(struct later *l)
{
    struct later_job *job = l->first;

    if (!job)
        return NULL;
    l->first = job->next;
    l->waiting--;
    l->running = true;
    return job;
}

static void *work(void *later)
{
    struct later *l = later;

    (void)pthread_mutex_lock(&l->mutex);
    for (;;) {
        struct later_job *job = take(l);

        if (job) {
            (void)pthread_mutex_unlock(&l->mutex);
            job->run(job);
            job->done(job->owner);
            (void)pthread_mutex_lock(&l->mutex);
            l->running = false;
            continue;
        }
        (void)pthread_cond_broadcast(&l->idle);
        if (l->stopping)
            break;
        (void)pthread_cond_wait(&l->came, &l->mutex);
    }
    (void)pthread_mutex_unlock(&l->mutex);
    return NULL;
}

int later_create(struct later **ret, struct error *err)
{
    struct later *l = calloc(1, sizeof(*l));
    int r;

    if (!l)
        return error_set(err, -ENOMEM, "out of memory for a thread");
    (void)pthread_mutex_init(&l->mutex, NULL);
    (void)pthread_cond_init(&l->came, NULL);
    (void)pthread_cond_init(&l->idle, NULL);
    r = -pthread_create(&l->thread, NULL, work, l);
    if (r < 0) {
        free(l);
        return error_set(err, r, "cannot start a thread: %s", strerror(-r));
    }
    *ret = l;
    return 0;
}

void later_destroy(struct later *l)
{
    if (!l)
        return;
    (void)pthread_mutex_lock(&l->mutex);
    l->stopping = true;
    (void)pthread_cond_signal(&l->came);
    (void)pthread_mutex_unlock(&l->mutex);
    (void)pthread_join(l->thread, NULL);
    (void)pthread_cond_destroy(&l->idle);
    (void)pthread_cond_destroy(&l->came);
    (void)pthread_mutex_destroy(&l->mutex);
    free(l);
}

int later_submit(struct later_job *job)
{
    struct later *l = job->on;
    int r = 0;

    (void)pthread_mutex_lock(&l->mutex);
    if (l->waiting == LATER_MAX) {
        r = -EBUSY;
    } else {
        job->next = NULL;
        if (l->first)
            l->last->next = job;
        else
            l->first = job;
        l->last = job;
        l->waiting++;
        (void)pthread_cond_signal(&l->came);
    }
    (void)pthread_mutex_unlock(&l->mutex);
    return r;
}

void later_drain(struct later *l)
{
    (void)pthread_mutex_lock(&l->mutex);
    while (l->first || l->running)
        (void)pthread_cond_wait(&l->idle, &l->mutex);
    (void)pthread_mutex_unlock(&l->mutex);
}
