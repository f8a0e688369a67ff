#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/registry_scan.h"
#include "server/shadow.h"
#include "server/shadow_inside.h"

enum { WORD_MAX = 256 };

/* "10%" as a share of 2^32. */
static int read_share(const char *text, uint32_t *ret)
{
    size_t len = strspn(text, "0123456789.");
    char *end;

    if (len == 0 || len > 12 || strcmp(text + len, "%") != 0)
        return -EINVAL;
    double percent = strtod(text, &end);

    if (end != text + len || !(percent > 0) || percent > 100)
        return -EINVAL;
    *ret = (uint32_t)(percent / 100 * UINT32_MAX);
    return *ret ? 0 : -EINVAL;
}

/* MODEL@VERSION=SHARE. */
static int read_rule(char *word, const char *flat_name, struct shadow_rule *rule,
                     struct error *err)
{
    struct catalogue_label label;
    struct error why = {0};
    unsigned number;
    char *at = strrchr(word, '@');
    char *equals = at ? strchr(at, '=') : NULL;

    if (!equals || read_share(equals + 1, &rule->share) < 0)
        return error_set(err, -EINVAL,
                         "--shadow has '%.60s'; it should be MODEL@VERSION=SHARE, such as "
                         "mnist@2=10%%",
                         word);
    *at = *equals = '\0';
    const char *name = *word ? word : flat_name;
    int r = registry_check_name(name, &why);

    if (r == 0 && registry_parse_version(at + 1, &number) < 0)
        r = catalogue_label_set(&label, name, at + 1, 1, &why);
    if (r < 0)
        return error_set(err, r, "--shadow: %.140s", why.text);
    (void)snprintf(rule->name, sizeof(rule->name), "%.127s", name);
    (void)snprintf(rule->version, sizeof(rule->version), "%.63s", at + 1);
    return 0;
}

int shadow_read(const char *text, const char *flat_name, struct shadow *s, struct error *err)
{
    int r = 0;

    for (size_t len; r == 0 && *text; text += len + (text[len] == ',')) {
        char word[WORD_MAX];

        len = strcspn(text, ",");
        if (len == 0)
            continue;
        if (len >= sizeof(word) || s->n_rules == SHADOW_RULES_MAX)
            return error_set(err, -EINVAL,
                             "--shadow is too long; it has room for %d candidates",
                             SHADOW_RULES_MAX);
        (void)snprintf(word, sizeof(word), "%.*s", (int)len, text);
        r = read_rule(word, flat_name, &s->rules[s->n_rules++], err);
    }
    return r;
}

static int family(struct buf *out, const char *name, const char *type, const char *help)
{
    return buf_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A name that may be in a URL needs no escapes here. */
static int sample(struct buf *out, const char *name, const struct shadow_rule *rule,
                  const char *more, double value)
{
    return buf_print(out, "%s{model=\"%s\",candidate=\"%s\"%s} %.15g\n", name, rule->name,
                     rule->version, more, value);
}

static double load(const _Atomic uint64_t *from)
{
    return (double)atomic_load_explicit(from, memory_order_relaxed);
}

static int write_images(const struct shadow *s, struct buf *out)
{
    static const char name[] = "digitd_shadow_images_total";
    int r = family(out, name, "counter", "Images that a candidate has answered too.");

    for (size_t i = 0; i < s->n_rules && r == 0; i++) {
        r = sample(out, name, &s->rules[i], ",digits=\"same\"", load(&s->rules[i].agree));
        if (r == 0)
            r = sample(out, name, &s->rules[i], ",digits=\"other\"",
                       load(&s->rules[i].disagree));
    }
    return r;
}

static int write_skipped(const struct shadow *s, struct buf *out)
{
    static const char name[] = "digitd_shadow_skipped_total";
    static const char dropped[] = "digitd_shadow_dropped_total";
    uint64_t n = 0;
    int r = family(out, name, "counter",
                   "Sampled images that were not compared: the candidate is not ready, or has "
                   "answered itself.");

    for (size_t i = 0; i < s->n_rules && r == 0; i++) {
        r = sample(out, name, &s->rules[i], ",reason=\"unavailable\"",
                   load(&s->rules[i].unavailable));
        if (r == 0)
            r = sample(out, name, &s->rules[i], ",reason=\"itself\"", load(&s->rules[i].same));
    }
    for (size_t i = 0; i < s->n_taps; i++)
        n += atomic_load_explicit(&s->taps[i].ring.dropped, memory_order_relaxed);
    if (r == 0)
        r = family(out, dropped, "counter",
                   "Sampled images dropped because the queue was full.");
    return r ? r : buf_print(out, "%s %" PRIu64 "\n", dropped, n);
}

static int write_differences(const struct shadow *s, struct buf *out)
{
    static const char sum[] = "digitd_shadow_difference_total";
    static const char max[] = "digitd_shadow_difference_max";
    int r = family(out, sum, "counter",
                   "Of each image the greatest difference of a probability, added up.");

    for (size_t i = 0; i < s->n_rules && r == 0; i++)
        r = sample(out, sum, &s->rules[i], "",
                   atomic_load_explicit(&s->rules[i].difference, memory_order_relaxed));
    if (r == 0)
        r = family(out, max, "gauge", "The greatest of them since the start.");
    for (size_t i = 0; i < s->n_rules && r == 0; i++)
        r = sample(out, max, &s->rules[i], "",
                   atomic_load_explicit(&s->rules[i].difference_max, memory_order_relaxed));
    return r;
}

int shadow_write(struct shadow *s, struct buf *out)
{
    static const char name[] = "digitd_shadow_duration_seconds";

    if (!s)
        return 0;
    int r = write_images(s, out);

    if (r == 0)
        r = write_skipped(s, out);
    if (r == 0)
        r = write_differences(s, out);
    if (r == 0)
        r = family(out, name, "histogram", "Of an image in the candidate.");
    for (size_t i = 0; i < s->n_rules && r == 0; i++) {
        struct histogram_sum total = {0};
        char labels[CATALOGUE_NAME_MAX + CATALOGUE_LABEL_MAX + 32];

        histogram_collect(&s->rules[i].durations, &total);
        (void)snprintf(labels, sizeof(labels), "model=\"%s\",candidate=\"%s\"",
                       s->rules[i].name, s->rules[i].version);
        r = histogram_write(&total, name, labels, out);
    }
    return r;
}
