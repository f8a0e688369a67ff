#ifndef TESTS_FUZZ_REFUSED_OR_ANSWERED_H
#define TESTS_FUZZ_REFUSED_OR_ANSWERED_H

#include <stddef.h>
#include <stdint.h>

struct protocol;

/* Aborts unless the body is either refused as the client's mistake, with a sentence, or
 * answered with legal JSON, behind which there may be bytes if the header says so. */
void refused_or_answered(const struct protocol *p, const uint8_t *data, size_t size);

/* The same for an input whose first line is a header: its Content-Type, or else its
 * Inference-Header-Content-Length. */
enum refused_header { REFUSED_TYPE, REFUSED_LENGTH };
void refused_or_answered_with(const struct protocol *p, enum refused_header header,
                              const uint8_t *data, size_t size);

#endif
