#ifndef SERVER_DECIMAL_H
#define SERVER_DECIMAL_H

#include <stddef.h>

/* The length of the JSON number (RFC 8259, section 6) that starts at `at`; 0 if none does. What
 * follows it is not looked at. */
size_t decimal_len(const char *at, const char *end);

/* The float nearest to such a number, as strtof() gives it in the C locale; infinite beyond
 * float's range. Any number of digits, in linear time; allocates nothing. */
float decimal_float(const char *at, size_t len);

#endif
