#ifndef SERVER_SETTINGS_VALUE_H
#define SERVER_SETTINGS_VALUE_H

#include <stdbool.h>

/* How people write values. Each takes the whole of `text` and returns 0, or -EINVAL with *ret
 * untouched. */

int value_number(const char *text, long *ret); /* "8080" */
int value_size(const char *text, long *ret); /* "65536", "4k", "16MiB", "1G" (powers of two) */
int value_duration_ms(const char *text, long *ret); /* "10", "10s", "2.5s", "250ms", "2m" */
int value_bool(const char *text, bool *ret);        /* "1", "true", "yes", "on", ... */
int value_fraction(const char *text, double *ret);  /* "0.995": 0 to 1 */

#endif
