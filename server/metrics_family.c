#include "server/metrics_family.h"

int metrics_family(struct buf *out, const char *name, const char *type, const char *help)
{
    return buf_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

int metrics_label(struct buf *out, const char *name, const char *value)
{
    int r = buf_print(out, "%s=\"", name);

    for (const char *c = value; *c && r == 0; c++) {
        if (*c == '\\' || *c == '"')
            r = buf_append(out, "\\", 1);
        if (r == 0)
            r = *c == '\n' ? buf_text(out, "\\n") : buf_append(out, c, 1);
    }
    return r ? r : buf_text(out, "\"");
}
