/*
 * eventlog.h -- what happened, when, and to whom: the one source of every picture.
 *
 * The clients of a scenario write into it while they play; who watches the server writes
 * its events beside them. Lanes, tables and reports read it afterwards.
 */
#ifndef ECHOLAB_EVENTLOG_H
#define ECHOLAB_EVENTLOG_H

#include <stddef.h>
#include <stdint.h>

#define WHO_SERVER (-1)

enum event_kind {
    EVENT_ASKED,     /* a client began to connect */
    EVENT_CONNECTED, /* ... and is, as far as the kernel is concerned; number: its port */
    EVENT_REFUSED,
    EVENT_TYPED,     /* a client that waited for nothing sent something */
    EVENT_ECHO,      /* everything it sent so far has come back */
    EVENT_ANSWER,    /* other bytes came, and they were the expected ones */
    EVENT_WRONG,     /* bytes came that are neither */
    EVENT_EOF,       /* the server closed its side */
    EVENT_RESET,     /* the connection broke */
    EVENT_LEFT,      /* the client closed */
    EVENT_FAILED,    /* an expectation did not hold */
    EVENT_START,     /* the server listens */
    EVENT_SIGNAL,    /* the server gets a signal; number says which */
    EVENT_EXIT       /* the server is gone */
};

struct event {
    double at;       /* seconds since the log began */
    int who;         /* number of the client, or WHO_SERVER */
    enum event_kind kind;
    uint64_t number; /* bytes, or what the kind says */
};

struct eventlog {
    struct event *events;
    size_t n, room;
    uint64_t dropped; /* events that no longer had a place */
    double began;     /* on the clock of now_s() */
};

/* Seconds on a clock that nobody sets back. */
double now_s(void);

/* Starts an empty log whose time 0 is now. */
void log_begin(struct eventlog *log);

/* Seconds since the log began. */
double log_now(const struct eventlog *log);

/* Adds an event that happens now. A full log drops it and counts. */
void log_event(struct eventlog *log, int who, enum event_kind kind, uint64_t number);

/* Adds an event of another time, after those that are there. */
void log_add(struct eventlog *log, const struct event *event);

void log_free(struct eventlog *log);

#endif
