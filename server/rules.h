#ifndef SERVER_RULES_H
#define SERVER_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "server/catalogue.h"

struct error;
struct settings;

enum {
    RULES_MODELS_MAX = 32,   /* that have a policy of their own */
    RULES_LABELS_MAX = 64,   /* in --label */
    RULES_VERSIONS_MAX = 16, /* in specific:1,3 */
};

/* Which of a model's versions are to be served. */
struct policy {
    char name[CATALOGUE_NAME_MAX]; /* of the model; "" = of all that have none of their own */
    enum { POLICY_ALL, POLICY_LATEST, POLICY_SPECIFIC } kind;
    size_t n; /* of the newest; of versions[] */
    unsigned versions[RULES_VERSIONS_MAX];
};

/* What the settings say about models, understood. */
struct rules {
    const char *directory; /* the repository; "" = none */
    bool async;            /* what is missing at the start may still come */
    enum { RULES_INOTIFY, RULES_POLL, RULES_OFF } watch;
    struct policy policies[RULES_MODELS_MAX];
    size_t n_policies;
    struct catalogue_label labels[RULES_LABELS_MAX];
    size_t n_labels;
};

/* Returns 0, or -EINVAL with `err` naming the setting, its value and what it should have been.
 */
int rules_read(const struct settings *s, struct rules *ret, struct error *err);

/* What is to be done with the model's versions. */
const struct policy *rules_policy(const struct rules *rules, const char *name);

/* Whether the policy is for this version, `newer` wanted ones of which are served already. */
bool policy_wants(const struct policy *p, unsigned version, size_t newer);

#endif
