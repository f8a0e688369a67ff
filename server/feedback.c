#include "server/feedback.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "model/error.h"
#include "server/file.h"

enum {
    APPLICATION_ID = 0x64696769, /* "digi": tells our files from other SQLite files */
    PAGE_LEN = 4096,
    BUSY_MS = 2000, /* while another process writes to the file */
};

struct feedback {
    char *path;
    long bytes_max;
    sqlite3 *db; /* NULL while closed */
    atomic_uint_fast64_t counts[FEEDBACK_CLASSES][FEEDBACK_CLASSES];
};

static const char schema[] =
    "PRAGMA application_id=1684629353;" /* APPLICATION_ID */
    "CREATE TABLE IF NOT EXISTS feedback("
    " id INTEGER PRIMARY KEY,"
    " time TEXT NOT NULL DEFAULT(strftime('%Y-%m-%dT%H:%M:%fZ','now')),"
    " model TEXT NOT NULL,"
    " version INTEGER NOT NULL,"
    " truth INTEGER NOT NULL,"      /* 10: no digit */
    " prediction INTEGER NOT NULL," /* 10: none */
    " pixels BLOB NOT NULL,"        /* 28x28, 255 = ink */
    " source_type TEXT NOT NULL,"
    " source BLOB NOT NULL)";

static int code_of(int sqlite)
{
    switch (sqlite & 0xFF) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return -EROFS;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return -EBADMSG;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    default:
        return -EIO;
    }
}

static void close_db(struct feedback *f)
{
    (void)sqlite3_close(f->db);
    f->db = NULL;
}

/* Says what SQLite says, and closes: the next call tries afresh. */
static int fail(struct feedback *f, int sqlite, struct error *err)
{
    int r = error_set(err, code_of(sqlite), "%s: %s", file_tail(f->path),
                      f->db ? sqlite3_errmsg(f->db) : sqlite3_errstr(sqlite));

    close_db(f);
    return r;
}

static int exec(struct feedback *f, const char *sql, struct error *err)
{
    int r = sqlite3_exec(f->db, sql, NULL, NULL, NULL);

    return r ? fail(f, r, err) : 0;
}

static int read_number(struct feedback *f, const char *sql, int64_t *ret, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int r = sqlite3_prepare_v2(f->db, sql, -1, &statement, NULL);

    if (r == SQLITE_OK)
        r = sqlite3_step(statement);
    if (r == SQLITE_ROW)
        *ret = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return r == SQLITE_ROW ? 0 : fail(f, r, err);
}

/* An empty database may become ours; one of somebody else's must not. */
static int check_owner(struct feedback *f, int64_t *ret_tables, struct error *err)
{
    int64_t id = 0;
    int r = read_number(f, "PRAGMA application_id", &id, err);

    if (r == 0)
        r = read_number(f, "SELECT count(*) FROM sqlite_master", ret_tables, err);
    if (r == 0 && id != APPLICATION_ID && *ret_tables > 0) {
        close_db(f);
        r = error_set(err, -EBADMSG, "%s is an SQLite file, but not one of digitd's feedback",
                      file_tail(f->path));
    }
    return r;
}

static int limit_size(struct feedback *f, struct error *err)
{
    char *sql = sqlite3_mprintf("PRAGMA max_page_count=%d", (int)(f->bytes_max / PAGE_LEN));
    int r = sql ? exec(f, sql, err) : fail(f, SQLITE_NOMEM, err);

    sqlite3_free(sql);
    return r;
}

static int recount(struct feedback *f, struct error *err)
{
    struct feedback_summary all;
    int r = feedback_summarise(f, "", &all, err);

    for (size_t t = 0; t < FEEDBACK_CLASSES && r == 0; t++)
        for (size_t p = 0; p < FEEDBACK_CLASSES; p++)
            atomic_store_explicit(&f->counts[t][p], all.confusion[t][p], memory_order_relaxed);
    return r;
}

int feedback_open(struct feedback *f, struct error *err)
{
    if (f->db)
        return 0;

    int64_t tables = 0;
    int r = sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

    if (r)
        return fail(f, r, err);
    (void)sqlite3_busy_timeout(f->db, BUSY_MS);
    r = check_owner(f, &tables, err);
    /* With the write-ahead log readers do not hold up writers; FULL waits for the disk. */
    if (r == 0)
        r = exec(f, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", err);
    if (r == 0)
        r = limit_size(f, err);
    /* What is there is left as it is: on a full disk it can still be read. */
    if (r == 0 && tables == 0)
        r = exec(f, schema, err);
    return r ? r : recount(f, err);
}

int feedback_create(const char *path, long bytes_max, struct feedback **ret, struct error *err)
{
    struct feedback *f = calloc(1, sizeof(*f));

    if (f)
        f->path = strdup(path);
    if (!f || !f->path) {
        free(f);
        return error_set(err, -ENOMEM, "out of memory");
    }
    f->bytes_max = bytes_max;
    *ret = f;
    return 0;
}

void feedback_destroy(struct feedback *f)
{
    if (!f)
        return;
    close_db(f);
    free(f->path);
    free(f);
}

static void bind(sqlite3_stmt *s, const struct feedback_entry *e)
{
    (void)sqlite3_bind_text(s, 1, e->model, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 2, e->version);
    (void)sqlite3_bind_int(s, 3, e->truth);
    (void)sqlite3_bind_int(s, 4, e->prediction);
    (void)sqlite3_bind_blob(s, 5, e->pixels, MODEL_INPUT, SQLITE_STATIC);
    (void)sqlite3_bind_text(s, 6, e->source_type, -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob(s, 7, e->source, (int)e->source_len, SQLITE_STATIC);
}

int feedback_add(struct feedback *f, const struct feedback_entry *entry, int64_t *ret_id,
                 struct error *err)
{
    static const char sql[] = "INSERT INTO feedback"
                              "(model,version,truth,prediction,pixels,source_type,source)"
                              "VALUES(?,?,?,?,?,?,?)";
    sqlite3_stmt *statement = NULL;
    int r = feedback_open(f, err);

    if (r < 0)
        return r;
    r = sqlite3_prepare_v2(f->db, sql, -1, &statement, NULL);
    if (r == SQLITE_OK) {
        bind(statement, entry);
        r = sqlite3_step(statement);
    }
    *ret_id = sqlite3_last_insert_rowid(f->db);
    (void)sqlite3_finalize(statement);
    if (r != SQLITE_DONE)
        return fail(f, r, err);
    atomic_fetch_add_explicit(&f->counts[entry->truth][entry->prediction], 1,
                              memory_order_relaxed);
    return 0;
}

/* Adds one group of rows; others, which only an edited file can hold, are passed over. */
static void add_group(sqlite3_stmt *s, struct feedback_summary *to)
{
    int truth = sqlite3_column_int(s, 0);
    int prediction = sqlite3_column_int(s, 1);
    uint64_t count = (uint64_t)sqlite3_column_int64(s, 2);

    if (truth < 0 || truth > FEEDBACK_NONE || prediction < 0 || prediction > FEEDBACK_NONE)
        return;
    to->confusion[truth][prediction] = count;
    to->total += count;
    to->right += truth == prediction ? count : 0;
}

int feedback_summarise(struct feedback *f, const char *model, struct feedback_summary *ret,
                       struct error *err)
{
    static const char sql[] = "SELECT truth,prediction,count(*) FROM feedback"
                              " WHERE ?1='' OR model=?1 GROUP BY truth,prediction";
    sqlite3_stmt *statement = NULL;
    int r = feedback_open(f, err);

    if (r < 0)
        return r;
    *ret = (struct feedback_summary){0};
    r = sqlite3_prepare_v2(f->db, sql, -1, &statement, NULL);
    if (r == SQLITE_OK) {
        (void)sqlite3_bind_text(statement, 1, model, -1, SQLITE_STATIC);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW)
            add_group(statement, ret);
    }
    (void)sqlite3_finalize(statement);
    return r == SQLITE_DONE ? 0 : fail(f, r, err);
}

uint64_t feedback_count(const struct feedback *f, int truth, int prediction)
{
    return atomic_load_explicit(&f->counts[truth][prediction], memory_order_relaxed);
}

int feedback_each(struct feedback *f,
                  int (*each)(void *to, const uint8_t *pixels, int truth, struct error *err),
                  void *to, struct error *err)
{
    static const char sql[] = "SELECT pixels,truth FROM feedback"
                              " WHERE truth BETWEEN 0 AND 9 AND length(pixels)=784 ORDER BY id";
    sqlite3_stmt *statement = NULL;
    int r = feedback_open(f, err);
    int said = 0;

    if (r < 0)
        return r;
    r = sqlite3_prepare_v2(f->db, sql, -1, &statement, NULL);
    if (r == SQLITE_OK)
        while (said == 0 && (r = sqlite3_step(statement)) == SQLITE_ROW)
            said = each(to, sqlite3_column_blob(statement, 0), sqlite3_column_int(statement, 1),
                        err);
    (void)sqlite3_finalize(statement);
    if (said < 0)
        return said;
    return r == SQLITE_DONE ? 0 : fail(f, r, err);
}
