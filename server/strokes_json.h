#ifndef SERVER_STROKES_JSON_H
#define SERVER_STROKES_JSON_H

struct batch;
struct error;
struct scan;

/* Reads a drawing at the scanner, [[[x,y], ..], ..]: strokes of points in any unit, y down; a
 * third number of a point (pressure, time) is ignored. Draws it with a brush that suits its
 * size and adds it to the batch as a picture. Returns 0; -EBADMSG for bad syntax; -EINVAL for
 * what is no list of points; -E2BIG for too many points or pictures; -ENOMEM. */
int strokes_json_read(struct scan *s, struct batch *b, struct error *err);

#endif
