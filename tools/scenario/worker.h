/*
 * worker.h -- scenarios played in processes of their own, several at once.
 *
 * Each worker adopts the orphans of its own server, so that servers never mix; what happens
 * comes through a pipe while it happens.
 */
#ifndef ECHOLAB_WORKER_H
#define ECHOLAB_WORKER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "player.h"

enum progress { WAITS, PLAYS, OVER };

struct worker {
    const struct scenario *scenario; /* these three are the job */
    struct target target;
    int limit_ms;

    enum progress progress;
    struct outcome outcome; /* grows while it plays; whole when it is over */
    bool lost;              /* the worker itself died: the outcome means nothing */
    pid_t pid;
    int fd;
    double began;           /* on the clock of now_s() */
    char *heard;            /* what came through the pipe and is not a whole message yet */
    size_t n_heard, room;
};

/*
 * Plays all n jobs, at most `at_once` at a time; those of scenarios that want to be alone are
 * played last and one by one. `look` is called ten times a second (NULL: never). Returns 0, or
 * the number of the signal (SIGINT, SIGTERM) that ended it early.
 */
int workers_play(struct worker *workers, size_t n, unsigned at_once, void (*look)(void *),
                 void *context);

/* Frees what the outcomes hold. */
void workers_free(struct worker *workers, size_t n);

#endif
