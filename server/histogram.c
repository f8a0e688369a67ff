#include "server/histogram.h"

#include <inttypes.h>

static const struct {
    uint64_t ns;
    const char *le;
} bounds[HISTOGRAM_BOUNDS] = {
    {10000,       "1e-05" },
    {20000,       "2e-05" },
    {50000,       "5e-05" },
    {100000,      "0.0001"},
    {200000,      "0.0002"},
    {500000,      "0.0005"},
    {1000000,     "0.001" },
    {2000000,     "0.002" },
    {5000000,     "0.005" },
    {10000000,    "0.01"  },
    {20000000,    "0.02"  },
    {50000000,    "0.05"  },
    {100000000,   "0.1"   },
    {200000000,   "0.2"   },
    {500000000,   "0.5"   },
    {1000000000,  "1"     },
    {2000000000,  "2"     },
    {5000000000,  "5"     },
    {10000000000, "10"    },
};

/* There is one writer: no locked instruction is needed, only that readers see whole numbers. */
static void add(_Atomic uint64_t *to, uint64_t n)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    size_t i = 0;

    while (i < HISTOGRAM_BOUNDS && ns > bounds[i].ns)
        i++;
    add(&h->counts[i], 1);
    add(&h->sum_ns, ns);
}

void histogram_collect(const struct histogram *h, struct histogram_sum *sum)
{
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
        sum->counts[i] += atomic_load_explicit(&h->counts[i], memory_order_relaxed);
    sum->sum_ns += atomic_load_explicit(&h->sum_ns, memory_order_relaxed);
}

uint64_t histogram_count(const struct histogram_sum *sum)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
        count += sum->counts[i];
    return count;
}

int histogram_write(const struct histogram_sum *sum, const char *name, const char *labels,
                    struct buf *out)
{
    const char *comma = *labels ? "," : "";
    uint64_t below = 0;
    int r = 0;

    for (size_t i = 0; i < HISTOGRAM_BOUNDS && r == 0; i++) {
        below += sum->counts[i];
        r = buf_print(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels, comma,
                      bounds[i].le, below);
    }
    /* Of the same snapshot, so that +Inf and _count agree while others go on counting. */
    below += sum->counts[HISTOGRAM_BOUNDS];
    if (r == 0)
        r = buf_print(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma,
                      below);
    if (r == 0)
        r = buf_print(out, "%s_sum{%s} %.9f\n", name, labels, (double)sum->sum_ns / 1e9);
    return r ? r : buf_print(out, "%s_count{%s} %" PRIu64 "\n", name, labels, below);
}
