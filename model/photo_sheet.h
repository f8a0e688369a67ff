#ifndef MODEL_PHOTO_SHEET_H
#define MODEL_PHOTO_SHEET_H

#include <stddef.h>
#include <stdint.h>

/* The upright part of a photograph in which a sheet of paper, or a board, lies. */
struct photo_sheet {
    size_t left, top, width, height;
};

/* Takes rows and columns off the sides of grey[height][width] as long as most of them is much
 * darker or brighter than what is in the middle. Nothing is taken if too little would be left.
 */
struct photo_sheet photo_sheet_find(const uint8_t *grey, size_t width, size_t height);

#endif
