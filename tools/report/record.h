/* record.h -- what `echolab play` has seen, kept as runs: to be drawn, and to be written. */
#ifndef ECHOLAB_RECORD_H
#define ECHOLAB_RECORD_H

#include <stdbool.h>

#include "pictures.h"
#include "run.h"
#include "worker.h"

struct record {
    bool traced; /* the servers are: there are traces in a folder of their own */
    struct run *runs;
    size_t n;
};

/*
 * Before the play: each of the n servers gets a tracer and a file for its trace. These files
 * do not outlive the program, however it ends (but by a signal that kills).
 */
void record_trace(struct record *record, struct worker *workers, size_t n);

/* After the play: turns the outcomes of the servers that listened into runs. */
void record_take(struct record *record, const struct worker *workers, size_t n);

/*
 * Writes the runs in the way that the name of the file says. Ends the program with exit code 1
 * when it cannot be written.
 */
void record_write(const struct record *record, const char *path, const char *title);

/* Frees it all, the workers' own lists excepted, and removes the traces. */
void record_free(struct record *record, const struct worker *workers, size_t n);

#endif
