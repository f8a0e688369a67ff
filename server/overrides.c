#include "server/overrides.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/error.h"
#include "model/model.h"
#include "server/registry_scan.h"
#include "server/settings.h"

enum {
    WORD_MAX = CATALOGUE_NAME_MAX + 64,
    /* How much a word says about a model. */
    NOTHING = 0,
    OF_ALL,
    OF_MODEL,
    OF_VERSION,
};

#define SEPARATORS ",; \t\n"

/* Whose settings a word is read from, and for which model. */
struct reader {
    enum model_key key;
    const char *setting;
    const char *name; /* or NULL */
    unsigned version;
};

/* Reads "NAME" or "NAME@VERSION". */
static int read_target(const struct reader *r, char *target, int *ret, struct error *err)
{
    char *at = strrchr(target, '@');
    unsigned version = 0;
    struct error why = {0};

    if (at && registry_parse_version(at + 1, &version) < 0)
        return error_set(err, -EINVAL, "--%s has '%.60s'; a version should be behind the @",
                         r->setting, target);
    if (at)
        *at = '\0';
    if (registry_check_name(target, &why) < 0)
        return error_set(err, -EINVAL, "--%s: %.120s", r->setting, why.text);
    if (!r->name)
        return error_set(err, -EINVAL,
                         "--%s is for the model '%.40s'; it should be for the only one, and "
                         "without a name",
                         r->setting, target);
    *ret = strcmp(target, r->name) != 0  ? NOTHING
           : at && version != r->version ? NOTHING
           : at                          ? OF_VERSION
                                         : OF_MODEL;
    return 0;
}

static int read_word(const struct reader *r, char *word, int *ret, const char **value,
                     struct error *err)
{
    char *equals = strrchr(word, '=');
    struct error why = {0};
    int code = 0;

    *value = equals ? equals + 1 : word;
    if (model_check(r->key, *value, &why) < 0)
        return error_set(err, -EINVAL, "--%s is '%.40s'; it should be %s", r->setting, *value,
                         why.text);
    *ret = OF_ALL;
    if (equals) {
        *equals = '\0';
        code = read_target(r, word, ret, err);
    }
    return code;
}

/* The word of `text` that says most; *ret is "" if there is none. */
static int read_setting(const struct reader *r, const char *text, char ret[WORD_MAX],
                        struct error *err)
{
    int most = NOTHING;

    *ret = '\0';
    for (text += strspn(text, SEPARATORS); *text; text += strspn(text, SEPARATORS)) {
        size_t len = strcspn(text, SEPARATORS);
        const char *value = NULL;
        char word[WORD_MAX];
        int says = NOTHING;

        if (len >= sizeof(word))
            return error_set(err, -EINVAL, "--%s has '%.60s..', which is too long", r->setting,
                             text);
        (void)snprintf(word, sizeof(word), "%.*s", (int)len, text);
        int code = read_word(r, word, &says, &value, err);

        if (code < 0)
            return code;
        if (says > most)
            (void)snprintf(ret, WORD_MAX, "%s", value);
        most = says > most ? says : most;
        text += len;
    }
    return 0;
}

int overrides_read(const struct settings *s, const char *name, unsigned version,
                   char ret[OVERRIDES_MAX], struct error *err)
{
    const struct {
        enum model_key key;
        const char *setting, *text;
    } rows[] = {
        {MODEL_KEY_SCALE,    "input-scale",    s->input_scale   },
        {MODEL_KEY_MEAN,     "input-mean",     s->input_mean    },
        {MODEL_KEY_STD,      "input-std",      s->input_std     },
        {MODEL_KEY_POLARITY, "input-polarity", s->input_polarity},
        {MODEL_KEY_LAYOUT,   "input-layout",   s->input_layout  },
        {MODEL_KEY_PIXELS,   "pixels",         s->pixels        },
    };
    size_t len = 0;

    *ret = '\0';
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct reader r = {rows[i].key, rows[i].setting, name, version};
        char value[WORD_MAX];
        int code = read_setting(&r, rows[i].text, value, err);

        if (code < 0)
            return code;
        /* Which is what there is to say of a file that says nothing, or to say nothing of it.
         */
        if (!*value || (r.key == MODEL_KEY_PIXELS && strcmp(value, "model") == 0))
            continue;
        int n =
            snprintf(ret + len, OVERRIDES_MAX - len, "%s=%s\n", model_key_name(r.key), value);

        if (n < 0 || (size_t)n >= OVERRIDES_MAX - len)
            return error_set(err, -EINVAL, "--%s is too long", r.setting);
        len += (size_t)n;
    }
    return 0;
}
