#ifndef MODEL_RING_H
#define MODEL_RING_H

#include <stddef.h>
#include <stdint.h>

/* The outermost ring of a picture's pixels, which shows the paper. */
struct ring {
    size_t histogram[256];
    size_t count;
    uint8_t median; /* the lower one: the paper's grey */
};

/* grey: uint8_t[height][width], both sides at least 1. */
struct ring ring_find(const uint8_t *grey, size_t width, size_t height);

#endif
