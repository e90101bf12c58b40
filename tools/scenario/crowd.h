/*
 * crowd.h -- the clients of a scenario: thousands of sockets in one epoll loop.
 *
 * Nothing here waits but crowd_pump(), and that for no longer than it is told. What a client
 * is told to send goes out while the loop turns; what comes back is compared at once with
 * what the client sent, so that only bytes that are not its echo need memory.
 */
#ifndef ECHOLAB_CROWD_H
#define ECHOLAB_CROWD_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eventlog.h"
#include "payload.h"

enum where {
    ABSENT,     /* never connected, or told to leave */
    CONNECTING, /* the kernel has not said yes */
    CONNECTED,
    BROKEN /* refused, reset, or otherwise lost; `error` says why */
};

/* A piece of what a client was told to send. */
struct segment {
    struct payload data;
    uint64_t start; /* its place among all bytes that the client was told to send */
};

struct client {
    unsigned number;
    int fd;
    enum where where;
    int error;              /* errno of what broke it */
    bool asked_out;         /* epoll is to tell when there is room to send */
    bool asked_in;          /* ... when there is something to read */
    bool in_epoll;
    struct segment *sent;   /* pieces that are not answered yet */
    size_t n_sent;
    uint64_t told;          /* bytes that it was told to send */
    uint64_t released;      /* of them, those whose time has come: drip holds back */
    uint64_t written;       /* of them, those that the kernel took */
    bool fin_wanted, fin_sent, close_wanted;
    double next_drip;       /* when the next byte may go; 0: not dripping */
    int drip_ms;

    bool stopped;           /* told not to read */
    uint64_t sip;           /* reads so many bytes at a time; 0: all there is */
    int sip_ms;
    double next_sip;
    uint64_t mark;          /* place in the sent bytes up to which all is answered */
    uint64_t echoed;        /* bytes behind mark that came back as they were sent */
    unsigned char *odd;     /* then came these, which are not the echo */
    size_t n_odd;
    uint64_t lost_odd;      /* ... and so many more, not kept */
    uint64_t heard;         /* bytes received in all */
    uint64_t late;          /* bytes of expectations that failed and may still come */
    bool eof, reset;
    double eof_at;
    double waiting_since;   /* on the log's clock; -1: it waits for nothing */
    double longest_wait;
};

struct crowd {
    struct client *clients;
    unsigned n;
    int epoll_fd;
    unsigned n_timed;          /* clients that drip or sip */
    struct sockaddr_storage server;
    socklen_t server_len;
    struct eventlog *log;
    int own_limit;             /* errno when we ourselves ran out of something; 0: no */
    unsigned char *buffer;     /* for what goes out or comes in */
    unsigned char *expected;   /* for what should come in */
};

/* How far the bytes that came agree with a text. */
enum agreement { AGREES, AGREES_SO_FAR, DISAGREES };

/* Makes n clients, all absent. Returns 0, or -1 with errno set. */
int crowd_open(struct crowd *crowd, unsigned n, struct eventlog *log);

/* Where client_connect() goes: 127.0.0.1, or ::1 when v6 is true. */
void crowd_aim(struct crowd *crowd, int port, bool v6);

/* Everybody leaves; frees all. */
void crowd_close(struct crowd *crowd);

/* Lets everything happen that can happen; waits at most ms for something. */
void crowd_pump(struct crowd *crowd, int ms);

/* Begins to connect; crowd_pump() brings it to an end, and what became of it is in the log. */
void client_connect(struct crowd *crowd, struct client *c);

/* Sends the payload, all at once or (drip_ms > 0) byte by byte. */
void client_send(struct crowd *crowd, struct client *c, const struct payload *data, int drip_ms);

/* These two happen as soon as all that was told before is sent. */
void client_shutdown(struct crowd *crowd, struct client *c);
void client_close(struct crowd *crowd, struct client *c);

/* Ends the connection at once, with RST. */
void client_reset(struct crowd *crowd, struct client *c);

/* From now on read not at all, or sip bytes every ms (0: as usual). */
void client_stop_reading(struct crowd *crowd, struct client *c);
void client_read_slowly(struct crowd *crowd, struct client *c, uint64_t sip, int ms);

/* Does what came begin with the text? Bytes of failed expectations are skipped before. */
enum agreement client_agrees(struct crowd *crowd, const struct client *c,
                             const struct payload *text);

/* The first n bytes that came are used up, n of them at most; for the next expectation. */
void client_take(struct crowd *crowd, struct client *c, uint64_t n);

/* Copies up to `room` bytes of what came and is not used up into out; returns how many. */
size_t client_peek(const struct client *c, unsigned char *out, size_t room);

/* Bytes that came and are not used up. */
uint64_t client_unused(const struct client *c);

/* Has everything come back that was sent, and nothing else? */
bool client_all_echoed(const struct client *c);

#endif
