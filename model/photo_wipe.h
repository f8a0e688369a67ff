#ifndef MODEL_PHOTO_WIPE_H
#define MODEL_PHOTO_WIPE_H

#include <stdbool.h>

struct photo;

/* Wipes whatever is not written: specks, edges, the grain of the paper. Returns 0 and whether
 * anything is; -ENOMEM. */
int photo_wipe(struct photo *p, bool *ret_written);

#endif
