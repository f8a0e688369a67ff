#ifndef SERVER_API_OBJECT_H
#define SERVER_API_OBJECT_H

#include "server/request.h"

struct served;

/* The frame of handlers whose answer is a JSON object that tells of one model. */

/* Finds and holds the request's model and begins the object with its name. Returns 0; the
 * status, if there is no such model and the refusal is written; or a negative errno. */
int api_object_begin(struct worker *w, const struct request *req, const struct served **ret,
                     struct response *res);

/* Appends "key":"text", quoted as JSON needs. */
int api_object_text(struct buf *out, const char *key, const char *text);

/* Lets the model go (NULL: there was none) and returns the status, once the body is written or,
 * if `r` is negative, could not be. */
int api_object_finish(struct response *res, const struct served *served, int r);

#endif
