/*
 * hearing.c -- what came back to a client.
 *
 * The bytes that came since the last expectation are the next `echoed` bytes of what was
 * sent, and behind them `odd` ones that are something else. An honest echo has no odd bytes,
 * however long it is.
 */
#include "hearing.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ODD 65536

void
sent_bytes(const struct client *c, uint64_t from, unsigned char *out, size_t n)
{
    for (size_t i = 0; i < c->n_sent && n > 0; i++) {
        const struct segment *piece = &c->sent[i];
        uint64_t end = piece->start + piece->data.size;

        if (from < piece->start || from >= end)
            continue;
        size_t part = end - from < n ? (size_t)(end - from) : n;
        payload_bytes(&piece->data, from - piece->start, out, part);
        from += part;
        out += part;
        n -= part;
    }
}

/* Are all bytes of this piece answered, and, as an answer may come too early, written? */
static bool
is_done(const struct client *c, const struct segment *piece)
{
    uint64_t end = piece->start + piece->data.size;

    return end <= c->mark && end <= c->written;
}

/* Pieces that are answered need not be kept. */
static void
forget_answered(struct client *c)
{
    size_t done = 0;

    while (done < c->n_sent && is_done(c, &c->sent[done]))
        done++;
    if (done == 0)
        return;
    c->n_sent -= done;
    memmove(c->sent, c->sent + done, c->n_sent * sizeof(*c->sent));
}

static void
wait_is_over(struct crowd *crowd, struct client *c, enum event_kind kind)
{
    double waited = log_now(crowd->log) - c->waiting_since;

    if (c->waiting_since < 0)
        return;
    if (waited > c->longest_wait)
        c->longest_wait = waited;
    c->waiting_since = -1;
    log_event(crowd->log, (int)c->number, kind, c->heard);
}

static void
keep_odd(struct crowd *crowd, struct client *c, const unsigned char *bytes, size_t n)
{
    size_t room = MOST_ODD - c->n_odd;
    size_t part = n < room ? n : room;

    if (c->n_odd == 0)
        log_event(crowd->log, (int)c->number, EVENT_WRONG, n);
    if (c->odd == NULL)
        c->odd = malloc(MOST_ODD);
    if (c->odd == NULL)
        part = 0;
    else
        memmove(c->odd + c->n_odd, bytes, part);
    c->n_odd += part;
    c->lost_odd += n - part;
}

/* How many of the n bytes are what was sent next. */
static size_t
same_as_sent(struct crowd *crowd, const struct client *c, const unsigned char *bytes, size_t n)
{
    uint64_t open = c->told - c->mark - c->echoed;
    size_t same = 0;

    if (n > open)
        n = (size_t)open;
    sent_bytes(c, c->mark + c->echoed, crowd->expected, n);
    if (memcmp(crowd->expected, bytes, n) == 0)
        return n;
    while (crowd->expected[same] == bytes[same])
        same++;
    return same;
}

static void
compare(struct crowd *crowd, struct client *c, const unsigned char *bytes, size_t n)
{
    size_t same = c->n_odd == 0 ? same_as_sent(crowd, c, bytes, n) : 0;

    c->echoed += same;
    if (same < n)
        keep_odd(crowd, c, bytes + same, n - same);
    else if (c->mark + c->echoed == c->told)
        wait_is_over(crowd, c, EVENT_ECHO);
}

void
client_hears(struct crowd *crowd, struct client *c, size_t n)
{
    c->heard += n;
    compare(crowd, c, crowd->buffer, n);
}

uint64_t
client_unused(const struct client *c)
{
    return c->echoed + c->n_odd + c->lost_odd;
}

/* Copies n unused bytes from place `from` among them; those that were lost cannot be asked. */
static void
unused_bytes(const struct client *c, uint64_t from, unsigned char *out, size_t n)
{
    size_t part = 0;

    if (from < c->echoed) {
        part = c->echoed - from < n ? (size_t)(c->echoed - from) : n;
        sent_bytes(c, c->mark + from, out, part);
        from += part;
    }
    if (part < n)
        memcpy(out + part, c->odd + (from - c->echoed), n - part);
}

size_t
client_peek(const struct client *c, unsigned char *out, size_t room)
{
    uint64_t there = c->echoed + c->n_odd;
    uint64_t from = c->late < there ? c->late : there;
    size_t n = there - from < room ? (size_t)(there - from) : room;

    unused_bytes(c, from, out, n);
    return n;
}

enum agreement
client_agrees(struct crowd *crowd, const struct client *c, const struct payload *text)
{
    uint64_t there = c->echoed + c->n_odd;
    uint64_t n = there > c->late ? there - c->late : 0;

    if (n > text->size)
        n = text->size;
    for (uint64_t at = 0; at < n;) {
        size_t part = n - at < CROWD_CHUNK ? (size_t)(n - at) : CROWD_CHUNK;

        payload_bytes(text, at, crowd->expected, part);
        unused_bytes(c, c->late + at, crowd->buffer, part);
        if (memcmp(crowd->expected, crowd->buffer, part) != 0)
            return DISAGREES;
        at += part;
    }
    return n == text->size ? AGREES : AGREES_SO_FAR;
}

void
client_take(struct crowd *crowd, struct client *c, uint64_t n)
{
    size_t odd = 0;

    if (n > c->echoed) {
        odd = n - c->echoed < c->n_odd ? (size_t)(n - c->echoed) : c->n_odd;
        n = c->echoed;
    }
    c->mark += n;
    c->echoed -= n;
    c->late = 0;
    if (odd > 0) {
        /* An answer of its own kind: what was sent before it counts as answered. */
        size_t left = c->n_odd - odd;

        memmove(c->odd, c->odd + odd, left);
        c->mark = c->told;
        c->n_odd = 0;
        wait_is_over(crowd, c, EVENT_ANSWER);
        if (left > 0)
            keep_odd(crowd, c, c->odd, left);
    }
    forget_answered(c);
}

bool
client_all_echoed(const struct client *c)
{
    return c->mark + c->echoed == c->told && c->n_odd == 0;
}
