/* payload.c -- the bytes of a payload, computed from their place. */
#include "payload.h"

#include <string.h>

#define LINE_BYTES 61 /* no power of two: buffers should cut lines in the middle */

/* Eight bytes that look random; the same for the same seed and place (splitmix64). */
static uint64_t
noise(uint64_t seed, uint64_t place)
{
    uint64_t x = seed * 0xd1342543de82ef95u + place * 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void
random_bytes(uint64_t seed, uint64_t from, unsigned char *out, size_t n)
{
    size_t done = 0;

    while (done < n) {
        uint64_t eight = noise(seed, (from + done) / 8);
        size_t skip = (from + done) % 8;
        size_t part = n - done < 8 - skip ? n - done : 8 - skip;

        memcpy(out + done, (unsigned char *)&eight + skip, part);
        done += part;
    }
}

/* Random bytes, made printable, with line ends in their places. */
static void
make_lines(const struct payload *payload, uint64_t from, unsigned char *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t place = from + i;

        if (place + 1 == payload->size || place % LINE_BYTES == LINE_BYTES - 1)
            out[i] = '\n';
        else if (place + 2 == payload->size || place % LINE_BYTES == LINE_BYTES - 2)
            out[i] = '\r';
        else
            out[i] = (unsigned char)(' ' + out[i] % ('~' - ' ' + 1));
    }
}

void
payload_bytes(const struct payload *payload, uint64_t from, unsigned char *out, size_t n)
{
    if (payload->kind == PAYLOAD_TEXT) {
        for (size_t i = 0; i < n; i++)
            out[i] = payload->text[(from + i) % payload->text_len];
        return;
    }
    random_bytes(payload->seed, from, out, n);
    if (payload->kind == PAYLOAD_LINES)
        make_lines(payload, from, out, n);
}
