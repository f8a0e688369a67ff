#ifndef SERVER_HTTP_CORS_H
#define SERVER_HTTP_CORS_H

/* What Access-Control-Allow-Origin says to a page from `origin`, by the setting --cors-origins:
 * "*", or origins separated by commas. NULL: nothing, and the browser keeps the answer to
 * itself. */
const char *http_cors_allowed(const char *setting, const char *origin);

#endif
