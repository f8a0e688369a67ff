#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

struct error;
struct model;
struct settings;

/* What the program ends with. */
enum {
    COMMAND_FINE = 0,
    COMMAND_FAILED = 1,
    COMMAND_WRONG_USAGE = 2,
    COMMAND_BAD_DATA = 65,   /* EX_DATAERR */
    COMMAND_SIGNALLED = 128, /* plus the number of the signal */
};

/* The commands of the program. Each does all of its work, says on stderr what went wrong, and
 * returns one of the above. */
int command_serve(const struct settings *s);
int command_predict(const struct settings *s);
int command_eval(const struct settings *s);
int command_inspect(const struct settings *s);
int command_bench(const struct settings *s);
int command_quantize(const struct settings *s);
int command_batch(const struct settings *s);
int command_feedback(const struct settings *s);
int command_healthcheck(const struct settings *s);

/* Loads the ONNX file at `path`; "" is the built-in model. Returns as model_load_file(), with
 * `err` naming the file. */
int command_load(const struct settings *s, const char *path, struct model **ret,
                 struct error *err);

/* Returns 0; or -EINVAL if what `flag` says is to be written is one of the files that are read.
 */
int command_check_output(const struct settings *s, const char *flag, const char *path,
                         struct error *err);

/* Says on stderr what went wrong, and returns the exit code for it. */
int command_fail(const char *command, const struct error *err);

/* Makes sure that stdout took all that was printed; COMMAND_FINE or COMMAND_FAILED. */
int command_flush(const char *command);

#endif
