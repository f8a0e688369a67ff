#include "server/http_cors.h"

#include <stddef.h>
#include <string.h>

const char *http_cors_allowed(const char *setting, const char *origin)
{
    size_t len = origin ? strlen(origin) : 0;

    if (len == 0)
        return NULL;
    if (strcmp(setting, "*") == 0)
        return setting;
    for (const char *at = setting; *at;) {
        at += strspn(at, " ,");
        size_t one = strcspn(at, " ,");

        if (one == len && memcmp(at, origin, len) == 0)
            return origin;
        at += one;
    }
    return NULL;
}
