#include <inttypes.h>

#include "model/cpu.h"
#include "model/model.h"
#include "server/metrics_family.h"
#include "server/metrics_shard.h"

static int write_info(const struct catalogue *c, struct buf *out)
{
    int r =
        metrics_family(out, "digitd_model_info", "gauge", "A model that is served; always 1.");

    for (size_t i = 0; i < c->n && r == 0; i++) {
        const struct served *served = &c->served[i];
        const struct model_info *info = model_info(served->model);

        r = buf_print(out, "digitd_model_info{version=\"%s\",sha256=\"%s\",cpu=\"%s\",",
                      served->version_text, info->sha256, cpu_name(info->cpu));
        if (r == 0)
            r = metrics_label(out, "model", served->name);
        if (r == 0)
            r = buf_text(out, ",");
        if (r == 0)
            r = metrics_label(out, "accuracy", info->accuracy);
        if (r == 0)
            r = buf_text(out, "} 1\n");
    }
    return r;
}

/* One sample of a version; `more` are further labels. */
static int sample(struct buf *out, const char *name, const struct known *k, const char *more,
                  double value)
{
    int r = buf_print(out, "%s{version=\"%s\"%s,", name, k->version_text, more);

    if (r == 0)
        r = metrics_label(out, "model", k->name);
    return r ? r : buf_print(out, "} %.15g\n", value);
}

static int write_states(const struct catalogue *c, struct buf *out)
{
    static const char name[] = "digitd_model_state";
    static const char *const states[] = {
        [CATALOGUE_UNAVAILABLE] = ",state=\"unavailable\"",
        [CATALOGUE_LOADING] = ",state=\"loading\"",
        [CATALOGUE_READY] = ",state=\"ready\"",
        [CATALOGUE_UNLOADING] = ",state=\"unloading\"",
    };
    int r = metrics_family(out, name, "gauge", "1 for the state that a version is in.");

    for (size_t i = 0; i < c->n_known && r == 0; i++)
        r = sample(out, name, &c->known[i], states[c->known[i].state], 1);
    return r;
}

static double value_failed(const struct known *k)
{
    return k->failed;
}

static double value_loads(const struct known *k)
{
    return (double)k->loads;
}

static double value_failures(const struct known *k)
{
    return (double)k->failures;
}

static double value_load_s(const struct known *k)
{
    return k->load_s;
}

static double value_loaded_at(const struct known *k)
{
    return k->loaded_at;
}

static int write_loads(const struct catalogue *c, struct buf *out)
{
    static const struct {
        const char *name, *type, *help;
        double (*value)(const struct known *k);
    } rows[] = {
        {"digitd_model_load_failed",              "gauge",
         "1 if the file that is there was refused; the log and the index say why.",     value_failed   },
        {"digitd_model_loads_total",              "counter", "Files taken.",            value_loads    },
        {"digitd_model_load_failures_total",      "counter", "Files refused.",          value_failures },
        {"digitd_model_load_seconds",             "gauge",   "Of the last file taken.", value_load_s   },
        {"digitd_model_loaded_timestamp_seconds", "gauge",
         "When the last file was taken; 0 is never.",                                   value_loaded_at},
    };
    int r = 0;

    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]) && r == 0; k++) {
        r = metrics_family(out, rows[k].name, rows[k].type, rows[k].help);
        for (size_t i = 0; i < c->n_known && r == 0; i++)
            r = sample(out, rows[k].name, &c->known[i], "", rows[k].value(&c->known[i]));
    }
    return r;
}

/* What the shards have counted of a version. */
static uint64_t total(const struct metrics *m, const struct known *k, bool images)
{
    uint64_t n = 0;

    for (size_t i = 0; i < m->n; i++) {
        const struct metrics_version *v = &m->shards[i].versions[k->slot];

        if (atomic_load_explicit(&v->id, memory_order_acquire) == k->id)
            n += atomic_load_explicit(images ? &v->images : &v->answers, memory_order_relaxed);
    }
    return n;
}

static int write_answers(const struct metrics *m, const struct catalogue *c, struct buf *out)
{
    static const char answers[] = "digitd_model_answers_total";
    static const char images[] = "digitd_model_images_total";
    int r = metrics_family(out, answers, "counter", "Requests that a version has answered.");

    for (size_t i = 0; i < c->n_known && r == 0; i++)
        r = sample(out, answers, &c->known[i], "", (double)total(m, &c->known[i], false));
    if (r == 0)
        r = metrics_family(out, images, "counter", "Images in those requests.");
    for (size_t i = 0; i < c->n_known && r == 0; i++)
        r = sample(out, images, &c->known[i], "", (double)total(m, &c->known[i], true));
    return r;
}

int metrics_write_models(const struct metrics *m, const struct catalogue *c, struct buf *out)
{
    int r = write_info(c, out);

    if (r == 0)
        r = write_states(c, out);
    if (r == 0)
        r = write_loads(c, out);
    return r ? r : write_answers(m, c, out);
}
