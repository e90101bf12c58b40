/*
 * run.h -- one server under one script of clients: what the clients did and, when it was
 * traced, what the server did. Everything that is drawn of a run is drawn from this, and it
 * can be written to a file and read again: the same file gives the same pictures.
 */
#ifndef ECHOLAB_RUN_H
#define ECHOLAB_RUN_H

#include <stdio.h>

#include "eventlog.h"
#include "scenario.h"
#include "track.h"

struct run {
    char title[64];          /* the server: "multi-blocking" */
    struct scenario cast;    /* of a scenario only its parties, n_parties, n_clients */
    struct eventlog log;     /* of the clients */
    bool traced;
    const char *trace_path;  /* the file that run_add_trace() has read; NULL: none */
    struct track track;      /* of the server */
    double took;             /* seconds */
    unsigned char ports[65536]; /* whose each port is: 1 + index of the party; 0 nobody's */
};

/* Names the run. What a terminal would obey is replaced. */
void run_set_title(struct run *run, const char *title);

/* Fills `ports` from the log; to be called when the log is whole. */
void run_index(struct run *run);

/* The party that has this port; NULL when none has. */
const struct party *run_port(const struct run *run, int port);

/* The name of the client with that port, else `otherwise`; a trace has names of its own. */
const char *run_name(const struct run *run, int port, const char *otherwise);

/* The moment, or the end of the run when it comes first (as before STILL). */
double before_end(const struct run *run, double at);

/* The party of client number `who`; NULL when there is none. */
const struct party *run_party(const struct run *run, int who);

/*
 * Takes the lines of a trace file into the run; the path must live as long as the run does.
 * Returns 0, or -1 when there is no such file.
 */
int run_add_trace(struct run *run, const char *path);

/*
 * Writes the run, and the lines of its trace behind it, as lines of JSON. Whether it could
 * be written, ferror() knows.
 */
void run_write(FILE *out, const struct run *run);

/*
 * Reads all runs of a file that run_write() made, or a trace alone, into runs[most]. Returns
 * how many; 0 with a sentence in problem[room] when there is none to read.
 */
size_t runs_read(const char *path, struct run *runs, size_t most, char *problem, size_t room);

void run_free(struct run *run);

#endif
