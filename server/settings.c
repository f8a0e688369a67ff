#include "server/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/error.h"
#include "server/settings_table.h"

enum { NAME_MAX_LEN = 40 };

/* Equal, if '-' and '_' are. */
static bool same_name(const char *a, size_t a_len, const char *b)
{
    if (strlen(b) != a_len)
        return false;
    for (size_t i = 0; i < a_len; i++)
        if (a[i] != b[i] && !(a[i] == '_' && b[i] == '-'))
            return false;
    return true;
}

/* What the servers whose place we take call the same, so that their command lines do. */
static const struct {
    const char *name;
    const char *ours;
} aliases[] = {
    {"http-port",       "port"            },
    {"rest-api-port",   "port"            },
    {"model-dir",       "model-repository"},
    {"model-base-path", "model-repository"},
    {"model-store",     "model-repository"},
    {"mean",            "input-mean"      },
    {"std",             "input-std"       },
    {"polarity",        "input-polarity"  },
    {"layout",          "input-layout"    },
};

/* Environment variables that Knative and KServe set. */
static const struct {
    const char *variable;
    const char *ours;
} conventions[] = {
    {"PORT",            "port"            },
    {"STORAGE_URI",     "model-repository"},
    {"MODEL_INIT_MODE", "model-init"      },
    {"CE_SOURCE",       "ce-source"       },
    {"CE_TYPE",         "ce-type"         },
    {"CE_MERGE",        "ce-merge"        },
};

static const struct setting *row_by_name(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (same_name(name, len, aliases[i].name))
            return row_by_name(aliases[i].ours, strlen(aliases[i].ours));
    for (size_t i = 0; i < settings_rows_count; i++)
        if (same_name(name, len, settings_rows[i].name))
            return &settings_rows[i];
    return NULL;
}

/* How many letters one has to add, drop or change to get from `a` to `b` (Levenshtein). */
static size_t distance(const char *a, size_t a_len, const char *b)
{
    size_t row[NAME_MAX_LEN + 1];
    size_t b_len = strlen(b);

    if (a_len > NAME_MAX_LEN || b_len > NAME_MAX_LEN)
        return NAME_MAX_LEN;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t drop = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = change < drop ? change : drop;
        }
    }
    return row[b_len];
}

/* The setting of a command that such a misspelt name may mean; NULL: none. */
static const struct setting *nearest(const char *name, size_t len,
                                     enum settings_command command)
{
    const struct setting *near = NULL;
    size_t least = len < 6 ? 3 : 4; /* farther than that is no misspelling */

    for (size_t i = 0; i < settings_rows_count; i++) {
        size_t d = distance(name, len, settings_rows[i].name);

        if ((settings_rows[i].commands & command) && d < least) {
            near = &settings_rows[i];
            least = d;
        }
    }
    return near;
}

static int refuse_unknown(const char *name, size_t len, const struct settings_verb *verb,
                          struct error *err)
{
    const struct setting *near = nearest(name, len, verb->command);

    if (near)
        return error_set(err, -EINVAL, "--%.*s is no setting of %s; did you mean --%s?",
                         (int)(len < NAME_MAX_LEN ? len : NAME_MAX_LEN), name, verb->name,
                         near->name);
    return error_set(err, -EINVAL, "--%.*s is no setting of %s; see digitd %s --help",
                     (int)(len < NAME_MAX_LEN ? len : NAME_MAX_LEN), name, verb->name,
                     verb->name);
}

static int set_defaults(struct settings *s, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < settings_rows_count && r == 0; i++)
        r = setting_set(&settings_rows[i], settings_rows[i].name, settings_rows[i].fallback, s,
                        err);
    return r;
}

/* Kubernetes sets DIGITD_PORT=tcp://10.0.0.1:80 in every pod of a namespace that holds a
 * Service named "digitd". That is not our setting. */
static bool is_service_link(const struct setting *row, const char *text)
{
    return row->type == SETTING_PORT && strstr(text, "://");
}

static int read_variable(const struct setting *row, const char *variable,
                         const struct settings_verb *verb, struct settings *s,
                         struct error *err)
{
    const char *text = getenv(variable);

    if (!text || !*text || !(row->commands & verb->command) || is_service_link(row, text))
        return 0;
    return setting_set(row, variable, text, s, err);
}

static int read_environment(const struct settings_verb *verb, struct settings *s,
                            struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < sizeof(conventions) / sizeof(conventions[0]) && r == 0; i++)
        r = read_variable(row_by_name(conventions[i].ours, strlen(conventions[i].ours)),
                          conventions[i].variable, verb, s, err);
    for (size_t i = 0; i < settings_rows_count && r == 0; i++) {
        char variable[SETTING_VARIABLE_MAX];

        setting_variable(&settings_rows[i], variable);
        r = read_variable(&settings_rows[i], variable, verb, s, err);
    }
    return r;
}

/* Reads the flag argv[0], which has argc - 1 words behind it. Returns how many words it took,
 * or -EINVAL. */
static int read_flag(int argc, const char *const *argv, const struct settings_verb *verb,
                     struct settings *s, struct error *err)
{
    const char *name = argv[0] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct setting *row = row_by_name(name, len);
    char source[NAME_MAX_LEN + 4];
    int taken = 1;

    if (!row || !(row->commands & verb->command))
        return refuse_unknown(name, len, verb, err);
    (void)snprintf(source, sizeof(source), "--%s", row->name);
    const char *text = equals ? equals + 1 : "true";
    if (!equals && row->type != SETTING_BOOL) {
        if (argc < 2 || strncmp(argv[1], "--", 2) == 0)
            return error_set(err, -EINVAL, "%s needs a value", source);
        text = argv[1];
        taken = 2;
    }
    int r = setting_set(row, source, text, s, err);

    return r < 0 ? r : taken;
}

static int read_words(int argc, const char *const *argv, const struct settings_verb *verb,
                      struct settings *s, struct error *err)
{
    bool flags = true;

    for (int i = 0; i < argc;) {
        const char *word = argv[i];
        int taken = 1;

        if (flags && strcmp(word, "--") == 0)
            flags = false;
        else if (flags && strncmp(word, "--", 2) == 0)
            taken = read_flag(argc - i, argv + i, verb, s, err);
        else if (flags && word[0] == '-' && word[1])
            return error_set(err, -EINVAL, "%.40s is no setting; they begin with two dashes",
                             word);
        else if (!*verb->files)
            return error_set(err, -EINVAL, "%s takes no files, and '%.60s' is no setting",
                             verb->name, word);
        else
            s->files[s->n_files++] = word;
        if (taken < 0)
            return taken;
        i += taken;
    }
    return 0;
}

static bool asks(int argc, const char *const *argv, const char *flag, const char *letter)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], flag) == 0 || strcmp(argv[i], letter) == 0)
            return true;
    return false;
}

static int find_verb(const char *name, const struct settings_verb **ret, struct error *err)
{
    for (size_t i = 0; i < settings_verbs_count; i++) {
        if (strcmp(name, settings_verbs[i].name) == 0) {
            *ret = &settings_verbs[i];
            return 0;
        }
    }
    return error_set(err, -EINVAL, "'%.40s' is no command; see digitd --help", name);
}

int settings_read(int argc, const char *const *argv, struct settings *ret, struct error *err)
{
    const struct settings_verb *verb = NULL;
    struct settings s = {0};

    if (argc < 2)
        return error_set(err, -EINVAL, "no command is given; see digitd --help");
    if (asks(1, argv + 1, "--help", "-h") || asks(1, argv + 1, "--version", "-V")) {
        if (argv[1][1] == 'h' || argv[1][2] == 'h')
            settings_overview(stdout);
        else
            printf("digitd %s\n", DIGITD_VERSION);
        return 1;
    }
    int r = find_verb(argv[1], &verb, err);
    if (r < 0 || !verb)
        return r;
    if (asks(argc - 2, argv + 2, "--help", "-h")) {
        settings_help(verb);
        return 1;
    }
    s.command = verb->command;
    s.files = calloc((size_t)argc, sizeof(*s.files));
    if (!s.files)
        return error_set(err, -ENOMEM, "out of memory");
    r = set_defaults(&s, err);
    if (r == 0)
        r = read_environment(verb, &s, err);
    if (r == 0)
        r = read_words(argc - 2, argv + 2, verb, &s, err);
    if (r == 0)
        *ret = s;
    else
        settings_finish(&s);
    return r;
}

void settings_finish(struct settings *s)
{
    free(s->files);
    *s = (struct settings){0};
}

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return (char)(c == '_' ? '-' : c);
}

/* What may have been meant by a variable that begins as settings do; NULL: nothing. */
static const struct setting *meant_by(const char *variable, enum settings_command command)
{
    char name[SETTING_VARIABLE_MAX];
    size_t len = strlen(variable) - SETTING_PREFIX_LEN;

    for (size_t i = 0; i < len; i++)
        name[i] = lower(variable[SETTING_PREFIX_LEN + i]);
    const struct setting *row = row_by_name(name, len);

    return row ? row : nearest(name, len, command);
}

void settings_misspelt(enum settings_command command,
                       void (*tell)(const char *variable, const char *meant))
{
    for (char **at = environ; *at; at++) {
        char variable[SETTING_VARIABLE_MAX];
        char meant[SETTING_VARIABLE_MAX];
        size_t len = strcspn(*at, "=");

        if (strncmp(*at, SETTING_PREFIX, SETTING_PREFIX_LEN) != 0 || len >= sizeof(variable))
            continue;
        (void)snprintf(variable, sizeof(variable), "%.*s", (int)len, *at);
        const struct setting *row = meant_by(variable, command);

        if (!row)
            continue;
        setting_variable(row, meant);
        if (strcmp(variable, meant) != 0)
            tell(variable, meant);
    }
}
