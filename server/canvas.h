#ifndef SERVER_CANVAS_H
#define SERVER_CANVAS_H

#include <stddef.h>
#include <stdint.h>

/* A picture to draw on, RGB. Whatever lies outside is cut off. */
struct canvas {
    uint8_t *rgb; /* [height][width][3] */
    int width, height;
};

enum { CANVAS_LETTER_WIDTH = 6, CANVAS_LETTER_HEIGHT = 7 }; /* pixels, times the scale */

enum canvas_align { CANVAS_LEFT, CANVAS_CENTRE, CANVAS_RIGHT };

/* White all over. Returns 0 or -ENOMEM. */
int canvas_init(struct canvas *c, int width, int height);
void canvas_finish(struct canvas *c); /* accepts a zeroed one */

/* Colours are 0xRRGGBB. */
void canvas_fill(struct canvas *c, int x, int y, int width, int height, uint32_t colour);

/* A line of dots, `gap` pixels apart along its longer side; 1 draws it whole. */
void canvas_line(struct canvas *c, int x0, int y0, int x1, int y1, int gap, uint32_t colour);

/* ASCII text whose top is at y; x is where it begins, has its middle, or ends. Other characters
 * are drawn as '?'. */
void canvas_text(struct canvas *c, int x, int y, int scale, enum canvas_align align,
                 uint32_t colour, const char *text);

/* The colour at `share` (0..1) of the way from `a` to `b`. */
uint32_t canvas_mix(uint32_t a, uint32_t b, double share);

#endif
