/*
 * payload.h -- what a client sends: a text, or many bytes that nobody has to keep.
 *
 * Every byte can be computed again from its place, so that an echo of many MiB is verified
 * without remembering what was sent, and each client gets bytes of its own: an answer that
 * went to the wrong client is seen.
 */
#ifndef ECHOLAB_PAYLOAD_H
#define ECHOLAB_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

enum payload_kind {
    PAYLOAD_TEXT,   /* the text, again and again until `size` bytes are full */
    PAYLOAD_RANDOM, /* any byte value */
    PAYLOAD_LINES   /* printable lines of at most 61 bytes; the last bytes are CR LF */
};

struct payload {
    enum payload_kind kind;
    uint64_t size; /* bytes in all */
    uint64_t seed; /* another seed, other bytes */
    const unsigned char *text;
    size_t text_len;
};

/* Puts the n bytes that start at byte `from` of the payload into out. */
void payload_bytes(const struct payload *payload, uint64_t from, unsigned char *out, size_t n);

#endif
