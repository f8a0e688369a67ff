#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

struct app;
struct error;

/* The listeners and their event-loop threads. Only http*.c know libmicrohttpd. */
struct http;

/* Binds and starts serving `app`, which must outlive the server. Returns 0, or a negative errno
 * with `err` naming the address. */
int http_start(struct app *app, struct http **ret, struct error *err);

/* The ports in use: of interest after asking for port 0. The admin port is 0 if there is none.
 */
unsigned http_port(const struct http *h);
unsigned http_admin_port(const struct http *h);

/* Closes the listeners, answers what is in flight (waiting at most settings->drain_timeout_ms),
 * ends the threads, frees everything. Accepts NULL. */
void http_stop(struct http *h);

#endif
