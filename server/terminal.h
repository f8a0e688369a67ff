#ifndef SERVER_TERMINAL_H
#define SERVER_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Whether people look at `f`: a terminal, not a pipe or a file. */
bool terminal_is(FILE *f);

/* Whether `f` is a terminal that should be written to in colours: not with NO_COLOR set
 * (https://no-color.org), nor on TERM=dumb. */
bool terminal_has_colours(FILE *f);

/* Escape sequences; each is "" where `colours` is false. */
enum terminal_style {
    TERMINAL_PLAIN,
    TERMINAL_BOLD,
    TERMINAL_FAINT,
    TERMINAL_GOOD,
    TERMINAL_BAD
};
const char *terminal_style(bool colours, enum terminal_style style);

/* Writes text from outside, its control characters as '?': they could drive the terminal. */
void terminal_print(FILE *f, const char *text);

#endif
