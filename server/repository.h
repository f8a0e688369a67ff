#ifndef SERVER_REPOSITORY_H
#define SERVER_REPOSITORY_H

struct error;
struct registry;
struct settings;

/* Knows which models there should be, and keeps the registry so: loads what comes, replaces
 * what changes, unloads what goes. A file is served once it has not changed for a while, has
 * been read whole, and reproduces its golden outputs; until then, and if it never does, the
 * version that is served stays. All of that happens on a thread of its own. */
struct repository;

/* Loads what there is and starts to look after it. Returns 0; -EINVAL for settings that make no
 * sense; or, unless --model-init is async, the negative errno of what could not be loaded, with
 * `err` naming file and reason, if a model would be left without any version. */
int repository_open(const struct settings *s, struct registry *registry,
                    struct repository **ret, struct error *err);

/* Looks at once, and tries again what has failed. Any thread may ask. */
void repository_refresh(struct repository *r);

/* What clients may ask for, if --repository-api lets them. Both return when it is done, which
 * may take as long as a model's loading or its last user: not for event loops. Load looks for
 * what there is of the model, retries what has failed, and undoes an unload; unload keeps its
 * versions out until then. Return 0; -ENOENT if there is no such model; -EIO with the reason if
 * a version cannot be loaded; -EAGAIN if it is not for now. */
int repository_load(struct repository *r, const char *name, struct error *err);
int repository_unload(struct repository *r, const char *name, struct error *err);

/* Ends the thread; what is served stays in the registry. */
void repository_close(struct repository *r); /* accepts NULL */

#endif
