#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "server/log.h"
#include "server/repository_inside.h"

/* Not each write: a file is looked at once its writer has closed it, or at the next poll. */
static const uint32_t changes = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

enum { STALE_MAX = 256 };

static void say_polling(void)
{
    log_event(LOG_WARN, "no-inotify", "reason", strerror(errno), "instead",
              "looks every --repository-poll", NULL);
}

void watch_open(struct watch *w)
{
    *w = (struct watch){.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (w->fd < 0)
        say_polling();
}

void watch_close(struct watch *w)
{
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
}

bool watch_folders(struct watch *w, const struct registry_files *files)
{
    bool news = false;

    if (w->fd < 0)
        return false;
    if (w->added > files->n_folders * 2 + STALE_MAX) {
        watch_close(w); /* and with it all that has been renamed away */
        watch_open(w);
    }
    for (size_t i = 0; i < files->n_folders && w->fd >= 0; i++) {
        int wd = inotify_add_watch(w->fd, files->folders[i], changes | IN_ONLYDIR);

        if (wd < 0 && (errno == ENOSPC || errno == ENOMEM)) {
            say_polling();
            watch_close(w);
        }
        if (wd > w->newest) {
            w->newest = wd;
            w->added++;
            news = true;
        }
    }
    return news && w->fd >= 0;
}

bool watch_drain(const struct watch *w)
{
    _Alignas(struct inotify_event) char events[4096];
    bool any = false;

    while (w->fd >= 0 && read(w->fd, events, sizeof(events)) > 0)
        any = true;
    return any;
}
