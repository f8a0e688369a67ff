#ifndef TESTS_FUZZ_REFUSED_OR_ANSWERED_H
#define TESTS_FUZZ_REFUSED_OR_ANSWERED_H

#include <stddef.h>
#include <stdint.h>

struct protocol;

/* Aborts unless the body is either refused as the client's mistake, with a sentence, or
 * answered with legal JSON. */
void refused_or_answered(const struct protocol *p, const uint8_t *data, size_t size);

#endif
