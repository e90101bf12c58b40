/*
 * transport.h -- a connection, seen from callbacks.
 *
 * The transport moves bytes: it reads when there is something, and keeps what a slow peer
 * does not take yet. The protocol gives them a meaning: it is told what happened, and answers
 * by calling its transport. Neither ever waits.
 */
#ifndef ECHOLAB_TRANSPORT_H
#define ECHOLAB_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "loop.h"

struct transport;

/* What the protocol is told, in this order; those about data and writing again and again. */
struct protocol {
    void (*connection_made)(struct transport *t);
    /* Where the next bytes may be put, and how many: at least one. */
    char *(*get_buffer)(struct transport *t, size_t *room);
    void (*data_received)(struct transport *t, size_t n); /* they are in that buffer */
    void (*pause_writing)(struct transport *t);  /* more is unsent than the high-water mark */
    void (*resume_writing)(struct transport *t); /* less is unsent than the low-water mark */
    void (*eof_received)(struct transport *t);   /* no more data will come */
    void (*timed_out)(struct transport *t);      /* no byte moved for t->limit */
    /* The end: nothing more will come. The protocol closes t->fd. */
    void (*connection_lost)(struct transport *t);
};

struct transport {
    int fd;
    void *self;        /* the protocol's notes of this connection */
    void *server;      /* and of what all connections share */
    struct loop *loop;
    const struct protocol *protocol;
    long long limit;   /* ns; 0: for ever */
    long long moved;   /* when a byte moved last, as loop_turn_time() says */
    char *out;         /* what was written, and is not sent yet */
    size_t unsent, room;
    bool reading;
    bool full;         /* pause_writing() was called */
    bool eof;          /* nothing is to be sent after this */
    bool closing;      /* connection_lost() is to come when all is sent, or soon */
    struct handle soon;
    struct timer silence;
};

/*
 * Makes *t the transport of a non-blocking fd. connection_made() comes in the next turn, then
 * reading begins. The caller's memory must stay until connection_lost() has returned.
 */
void transport_open(struct transport *t, int fd, struct loop *loop,
                    const struct protocol *protocol, void *self, void *server);

/* timed_out() is to be called when no byte moved for so long; 0: never. */
void transport_limit(struct transport *t, double seconds);

/* Sends n bytes, now or later, in order. After close() or an error they are dropped. */
void transport_write(struct transport *t, const char *data, size_t n);

/* After all that was written the peer hears the end of the stream. We can still read. */
void transport_write_eof(struct transport *t);

/* Reads no more, sends what was written, and then connection_lost(). */
void transport_close(struct transport *t);

/* Drops what is unsent; connection_lost() comes in the next turn. */
void transport_abort(struct transport *t);

/* No data_received() until resume_reading(): the peer has to wait. */
void transport_pause_reading(struct transport *t);
void transport_resume_reading(struct transport *t);

#endif
