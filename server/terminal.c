#include "server/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool terminal_is(FILE *f)
{
    return isatty(fileno(f)) == 1;
}

bool terminal_has_colours(FILE *f)
{
    const char *refused = getenv("NO_COLOR");
    const char *type = getenv("TERM");

    return terminal_is(f) && !(refused && *refused) && type && strcmp(type, "dumb") != 0;
}

const char *terminal_style(bool colours, enum terminal_style style)
{
    static const char *const codes[] = {
        [TERMINAL_PLAIN] = "\033[0m", [TERMINAL_BOLD] = "\033[1m", [TERMINAL_FAINT] = "\033[2m",
        [TERMINAL_GOOD] = "\033[32m", [TERMINAL_BAD] = "\033[31m",
    };

    return colours ? codes[style] : "";
}

void terminal_print(FILE *f, const char *text)
{
    for (; *text; text++) {
        bool control = (unsigned char)*text < 0x20 || *text == 0x7f;

        (void)fputc(control ? '?' : *text, f);
    }
}
