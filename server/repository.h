#ifndef SERVER_REPOSITORY_H
#define SERVER_REPOSITORY_H

struct error;
struct registry;
struct settings;

/* Loads what the settings name into the registry: the built-in model, one file, or a directory
 * of models. Returns 0, or the negative errno of what could not be loaded with `err` naming
 * file and reason. */
int repository_load(const struct settings *settings, struct registry *registry,
                    struct error *err);

#endif
