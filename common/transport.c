/* transport.c -- a connection, seen from callbacks. */
#include "transport.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "say.h"

/* A peer that never pauses gets so many chunks before the others' turn. */
#define FAIR_TURNS 16
#define HIGH_WATER 65536
#define LOW_WATER 16384

static void
lose(void *arg)
{
    struct transport *t = arg;

    timer_cancel(t->loop, &t->silence);
    loop_forget(t->loop, t->fd);
    free(t->out);
    t->protocol->connection_lost(t);
}

/* connection_lost() comes in the next turn: who called us may still look at t. */
static void
lose_soon(struct transport *t)
{
    transport_pause_reading(t);
    remove_writer(t->loop, t->fd);
    t->closing = true;
    t->unsent = 0;
    t->soon.call = lose;
    call_soon(t->loop, &t->soon);
}

/* There is something to read; or the end, or an error: recv() knows. */
static void
on_readable(void *arg)
{
    struct transport *t = arg;
    bool more = true;

    for (int turns = 0; more && t->reading && turns < FAIR_TURNS; turns++) {
        size_t room;
        char *buffer = t->protocol->get_buffer(t, &room);
        ssize_t n = recv(t->fd, buffer, room, 0);

        if (n == -1) {
            if (!try_again())
                lose_soon(t);
            return;
        }
        t->moved = loop_turn_time(t->loop);
        more = (size_t)n == room;
        if (n > 0) {
            t->protocol->data_received(t, (size_t)n);
        } else {
            transport_pause_reading(t);
            t->protocol->eof_received(t);
        }
    }
}

void
transport_pause_reading(struct transport *t)
{
    t->reading = false;
    remove_reader(t->loop, t->fd);
}

void
transport_resume_reading(struct transport *t)
{
    if (t->reading || t->closing)
        return;
    t->reading = true;
    if (add_reader(t->loop, t->fd, on_readable, t) == -1) {
        complain("a connection is lost, it cannot be watched: %s", strerror(errno));
        lose_soon(t);
    }
}

/* All is sent: now what was asked for after it. */
static void
sent_all(struct transport *t)
{
    if (t->eof)
        shutdown(t->fd, SHUT_WR);
    if (t->closing)
        lose_soon(t);
}

/* There is room for some of what is unsent. */
static void
on_writable(void *arg)
{
    struct transport *t = arg;
    ssize_t n = send(t->fd, t->out, t->unsent, 0);

    if (n == -1) {
        if (!try_again())
            lose_soon(t);
        return;
    }
    t->moved = loop_turn_time(t->loop);
    t->unsent -= (size_t)n;
    memmove(t->out, t->out + n, t->unsent);
    if (t->unsent == 0) {
        remove_writer(t->loop, t->fd);
        free(t->out);
        t->out = NULL;
        t->room = 0;
        sent_all(t);
    }
    if (t->full && t->unsent < LOW_WATER) {
        t->full = false;
        t->protocol->resume_writing(t);
    }
}

/* Puts n bytes behind the unsent ones. Returns 0, or -1 when there is no memory. */
static int
keep(struct transport *t, const char *data, size_t n)
{
    if (t->unsent + n > t->room) {
        size_t room = (t->unsent + n + 4095) / 4096 * 4096;
        char *out = realloc(t->out, room);

        if (out == NULL)
            return -1;
        t->out = out;
        t->room = room;
    }
    memcpy(t->out + t->unsent, data, n);
    t->unsent += n;
    return 0;
}

void
transport_write(struct transport *t, const char *data, size_t n)
{
    bool idle = t->unsent == 0;
    ssize_t sent = 0;

    if (t->closing || t->eof)
        return;
    if (idle) { /* most often the socket takes all at once, and nothing is kept */
        sent = send(t->fd, data, n, 0);
        if (sent == (ssize_t)n)
            return;
        if (sent == -1 && try_again())
            sent = 0;
    }
    if (sent == -1 || keep(t, data + sent, n - (size_t)sent) == -1 ||
        (idle && add_writer(t->loop, t->fd, on_writable, t) == -1)) {
        lose_soon(t);
    } else if (!t->full && t->unsent > HIGH_WATER) {
        t->full = true;
        t->protocol->pause_writing(t);
    }
}

void
transport_write_eof(struct transport *t)
{
    if (t->eof || t->closing)
        return;
    t->eof = true;
    if (t->unsent == 0)
        sent_all(t);
}

void
transport_close(struct transport *t)
{
    if (t->closing)
        return;
    transport_pause_reading(t);
    t->closing = true;
    if (t->unsent == 0)
        sent_all(t);
}

void
transport_abort(struct transport *t)
{
    lose_soon(t);
}

static void
begin(void *arg)
{
    struct transport *t = arg;

    t->protocol->connection_made(t);
    transport_resume_reading(t);
}

/* Not every byte sets the timer anew: it looks when the last one moved. */
static void
on_silence(void *arg)
{
    struct transport *t = arg;
    long long until = t->moved + t->limit;

    if (t->closing && t->unsent == 0)
        return;
    if (until <= loop_now() || call_at(t->loop, &t->silence, until) == -1)
        t->protocol->timed_out(t);
}

void
transport_limit(struct transport *t, double seconds)
{
    timer_cancel(t->loop, &t->silence);
    t->limit = (long long)(seconds * 1e9);
    if (t->limit > 0)
        on_silence(t);
}

void
transport_open(struct transport *t, int fd, struct loop *loop, const struct protocol *protocol,
               void *self, void *server)
{
    *t = (struct transport){ .fd = fd, .self = self, .server = server, .loop = loop,
                             .protocol = protocol, .moved = loop_turn_time(loop) };
    t->soon = (struct handle){ .call = begin, .arg = t };
    t->silence.handle = (struct handle){ .call = on_silence, .arg = t };
    loop_forget(loop, fd); /* whatever had this number before is gone */
    call_soon(loop, &t->soon);
}
