#ifndef SERVER_LOG_H
#define SERVER_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

/* Sets what log_event() writes. Call before threads start. */
void log_configure(enum log_level level, enum log_format format);

/* The level alone, at any time and from any thread. */
void log_set_level(enum log_level level);
enum log_level log_level_now(void);

/* One line on stderr, written whole with one write(2): time, level, event and the fields, which
 * come as pairs of name and value, ended by NULL:
 *     log_event(LOG_INFO, "listening", "host", host, "port", port_text, NULL);
 * Values may hold anything: they are quoted as the format needs. Never waits: where whoever
 * reads a pipe has stopped, lines up to PIPE_BUF are lost, and counted in the next that is not.
 * The program's only writer to stderr while serving. */
__attribute__((sentinel)) void log_event(enum log_level level, const char *event, ...);

#endif
