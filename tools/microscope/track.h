/*
 * track.h -- what the server did during a run, as the lines of its trace tell: which task
 * slept when and on whom, and when each client was accepted, heard and answered.
 */
#ifndef ECHOLAB_TRACK_H
#define ECHOLAB_TRACK_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "json.h"

#define TRACK_NAPS 200000  /* more are thinned out: no picture shows so many */
#define TRACK_DEEDS 200000 /* more are counted, not kept */
#define TRACK_TASKS 64     /* later tasks share the last */
#define WHO_TEXT 16

/* The end of what has not ended. Times may be negative: a server begins before its clients. */
#define STILL HUGE_VAL

/* A task slept in a call. */
struct nap {
    int task;          /* index into tasks */
    double from, to;   /* seconds; to may be STILL */
    char call[16];
    char who[WHO_TEXT]; /* the trace's name of the client; "" none */
    int port;          /* of that client; 0 none */
};

struct track_task {
    int number;
    bool thread;
    double born, gone; /* seconds; gone may be STILL */
};

enum deed_kind { DEED_ACCEPT, DEED_RECV, DEED_SEND, DEED_EOF };

/* Something that the server did to a client. */
struct deed {
    enum deed_kind kind;
    double at;
    int port;
    char who[WHO_TEXT];
    double waited;     /* DEED_SEND: seconds since it typed; -1 no answer */
    char because[64];
};

struct track {
    double offset;     /* added to the times of the trace */
    struct nap *naps;
    size_t n_naps;
    struct deed *deeds;
    size_t n_deeds, dropped;
    struct track_task tasks[TRACK_TASKS];
    int n_tasks;
    double end;        /* of the last event */
    double shortest;   /* naps below this were thinned out */
    long long calls;   /* system calls in all; -1: the trace has no end */
    long long serving; /* of them, those since the first client was accepted */
};

/* Starts a track; the times of its trace get `offset` seconds added. */
void track_begin(struct track *track, double offset);

/* Takes one line of a trace in. Lines that are none are ignored. */
void track_line(struct track *track, const struct json *line);

/* Forgets what was over before the time 0, and begins there what was not. */
void track_trim(struct track *track);

void track_free(struct track *track);

#endif
