#ifndef SERVER_OVERRIDES_H
#define SERVER_OVERRIDES_H

struct error;
struct settings;

enum { OVERRIDES_MAX = 512 };

/* What --input-* and --pixels say of a model, which goes before what its file says: lines for
 * struct model_beside. Each is VALUE, for all models, or NAME=VALUE or NAME@VERSION=VALUE, with
 * commas between them; the one that says most about the model counts. `name` is NULL where
 * models have none. Returns 0, or -EINVAL with `err` naming the setting, its value and what it
 * should have been, whichever model it is for. */
int overrides_read(const struct settings *s, const char *name, unsigned version,
                   char ret[OVERRIDES_MAX], struct error *err);

#endif
