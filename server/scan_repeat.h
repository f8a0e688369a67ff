#ifndef SERVER_SCAN_REPEAT_H
#define SERVER_SCAN_REPEAT_H

#include <stddef.h>

/* How often the `period` bytes before `at` come again from there on, where their first one
 * follows each time: up to `end`, and not counting beyond `max`. For text such as "0, 0, 0, 1",
 * which most of a picture is. */
size_t scan_repeats(const char *at, size_t period, const char *end, size_t max);

#endif
