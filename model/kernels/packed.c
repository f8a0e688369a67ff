#include "model/kernels/packed.h"

static size_t vectors_of(size_t channels)
{
    return (channels + VECTOR_LANES - 1) / VECTOR_LANES;
}

size_t LEVEL(packed_len)(size_t channels, size_t terms)
{
    return KERNELS_LANES + vectors_of(channels) * VECTOR_LANES * terms;
}

static size_t time_with(const struct packed_shape *s, size_t block)
{
    size_t time = 0;
    size_t left = vectors_of(s->channels);

    while (left > 0) {
        size_t vectors = LEVEL(tile_next)(block, left);

        time += LEVEL(tile_time)(vectors, s->width, s->load);
        time += LEVEL(tile_time)(vectors, 1, s->load) * s->singles;
        left -= vectors;
    }
    return time;
}

static size_t fastest_block(const struct packed_shape *s)
{
    size_t best = 1;

    for (size_t block = 2; block <= TILE_VECTORS; block++)
        if (time_with(s, block) <= time_with(s, best))
            best = block;
    return best;
}

/* weights: [group_in][places] of one channel; packed: [places][in][lanes], from the channel's
 * lane and its first input */
static void fill_channel(const struct packed_shape *s, const float *weights, size_t lanes,
                         float *packed)
{
    for (size_t place = 0; place < s->places; place++)
        for (size_t i = 0; i < s->group_in; i++)
            packed[(place * s->in + i) * lanes] = weights[i * s->places + place];
}

void LEVEL(packed_fill)(const struct packed_shape *s, const float *weights, float *packed)
{
    size_t terms = s->in * s->places;
    size_t block = fastest_block(s);
    size_t left = vectors_of(s->channels);

    memset(packed, 0, LEVEL(packed_len)(s->channels, terms) * sizeof(*packed));
    packed[0] = (float)block;
    packed += KERNELS_LANES;
    for (size_t channel = 0; channel < s->channels;) {
        size_t vectors = LEVEL(tile_next)(block, left);
        size_t lanes = vectors * VECTOR_LANES;

        for (size_t i = 0; i < lanes && channel < s->channels; i++, channel++)
            fill_channel(s, weights + channel * s->group_in * s->places, lanes,
                         packed + channel / s->group_out * s->group_in * lanes + i);
        packed += lanes * terms;
        left -= vectors;
    }
}

void LEVEL(packed_row)(const struct tile *t, size_t channels, size_t width, const float *packed,
                       const float *bias, const float *in, float *out)
{
    size_t terms = t->rows * t->runs * t->run;
    size_t block = (size_t)packed[0];
    size_t left = vectors_of(channels);

    packed += KERNELS_LANES;
    while (left > 0) {
        size_t vectors = LEVEL(tile_next)(block, left);

        LEVEL(tile_row)(t, vectors, width, packed, bias, in, out);
        packed += vectors * VECTOR_LANES * terms;
        bias += vectors * VECTOR_LANES;
        out += vectors * VECTOR_LANES;
        left -= vectors;
    }
}
