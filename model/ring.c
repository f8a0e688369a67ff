#include "model/ring.h"

struct ring ring_find(const uint8_t *grey, size_t width, size_t height)
{
    struct ring r = {.count = 2 * width + (height > 2 ? 2 * (height - 2) : 0)};
    size_t level = 0;

    for (size_t x = 0; x < width; x++) {
        r.histogram[grey[x]]++;
        r.histogram[grey[(height - 1) * width + x]]++;
    }
    for (size_t y = 1; y + 1 < height; y++) {
        r.histogram[grey[y * width]]++;
        r.histogram[grey[y * width + width - 1]]++;
    }
    for (size_t below = r.histogram[0]; below <= (r.count - 1) / 2; below += r.histogram[level])
        level++;
    r.median = (uint8_t)level;
    return r;
}
