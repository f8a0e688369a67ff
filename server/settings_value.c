#include "server/settings_value.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int value_number(const char *text, long *ret)
{
    char *end;

    errno = 0;
    long value = strtol(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno)
        return -EINVAL;
    *ret = value;
    return 0;
}

int value_size(const char *text, long *ret)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {
        {"",    0 },
        {"b",   0 },
        {"k",   10},
        {"kb",  10},
        {"kib", 10},
        {"m",   20},
        {"mb",  20},
        {"mib", 20},
        {"g",   30},
        {"gb",  30},
        {"gib", 30},
    };
    char *unit;

    errno = 0;
    long value = strtol(text, &unit, 10);
    if (!isdigit((unsigned char)*text) || errno)
        return -EINVAL;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcasecmp(unit, units[i].unit) != 0)
            continue;
        if (value > LONG_MAX >> units[i].shift)
            return -EINVAL;
        *ret = value << units[i].shift;
        return 0;
    }
    return -EINVAL;
}

/* Digits with at most one point among them: what strtod() takes beyond that ("0x1p3", "inf",
 * "1e9") is no way to write a setting. */
static int decimal(const char *text, const char **unit, double *ret)
{
    size_t len = strspn(text, "0123456789.");

    if (len == 0 || len > 20 || !isdigit((unsigned char)*text))
        return -EINVAL;
    char *end;
    double value = strtod(text, &end);
    if (end != text + len)
        return -EINVAL;
    *unit = end;
    *ret = value;
    return 0;
}

int value_duration_ms(const char *text, long *ret)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {
        {"",   1000 },
        {"s",  1000 },
        {"ms", 1    },
        {"m",  60000},
    };
    const char *unit;
    double value;

    if (decimal(text, &unit, &value) < 0)
        return -EINVAL;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i].unit) != 0)
            continue;
        if (value * units[i].ms > INT_MAX)
            return -EINVAL;
        *ret = lround(value * units[i].ms);
        return 0;
    }
    return -EINVAL;
}

int value_bool(const char *text, bool *ret)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    static const char *const no[] = {"0", "false", "no", "off"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        bool is_yes = strcasecmp(text, yes[i]) == 0;

        if (is_yes || strcasecmp(text, no[i]) == 0) {
            *ret = is_yes;
            return 0;
        }
    }
    return -EINVAL;
}

int value_fraction(const char *text, double *ret)
{
    const char *unit;
    double value;

    if (decimal(text, &unit, &value) < 0 || *unit || value > 1)
        return -EINVAL;
    *ret = value;
    return 0;
}
