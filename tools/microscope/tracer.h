/*
 * tracer.h -- follows a server from outside, with ptrace: each system call of each of its
 * threads and processes stops twice, where it begins and where it ends. What a call means
 * is none of the tracer's business; see decode.h.
 */
#ifndef ECHOLAB_TRACER_H
#define ECHOLAB_TRACER_H

#include <sys/types.h>

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "decode.h"

/* One thread of the traced server; a process is its first thread. */
struct task {
    pid_t tid, pid;
    int number;         /* 1 is the server itself, then in order of birth */
    bool thread;        /* shares the memory of task number `parent` */
    int parent;         /* number; 0 when unknown */
    bool native;        /* the call in hand is of this machine's own numbering */
    bool in_call;
    bool asleep;        /* in_call, and `hooks.asleep` was told */
    struct call call;   /* the call in hand, or the last one */
    struct task *next;
};

struct tracer {
    /* Chosen by the caller. */
    bool exit_kill;     /* the server dies when the tracer does */
    void *ctx;          /* handed to every hook */
    void (*entered)(void *ctx, struct task *task);  /* a call begins */
    void (*asleep)(void *ctx, struct task *task);   /* ... and really sleeps */
    void (*left)(void *ctx, struct task *task);     /* ... and ended */
    void (*came)(void *ctx, struct task *task);     /* a thread or process began */
    void (*gone)(void *ctx, struct task *task, int status); /* ... ended; as wait() says */
    void (*signalled)(void *ctx, struct task *task, int sig);
    void (*tick)(void *ctx, long long now);         /* every 1 to 50 ms */
    bool enough;        /* set by a hook: tracer_run() returns at once */

    /* The tracer's own. */
    struct task *tasks;
    int born;           /* tasks so far */
    int alive;
    pid_t server;       /* the first process */
    bool ours;          /* we started it; else we attached to it */
    bool running;       /* its program runs: exec() is behind it */
    int status;         /* how the server ended, as wait() says */
    int missed;         /* children that were there already, and are not traced */
    int interrupts;     /* SIGINT and SIGTERM that reached the tracer */
    long long looked;   /* when sleepers were last looked for */
};

/* Nanoseconds on the monotonic clock, the one that all events are timed by. */
long long monotonic_ns(void);

/*
 * Starts argv under the tracer, its stdin, stdout as given (-1: as ours). Ends the program
 * with a line that says why when it cannot: 4 when ptrace is refused, 1 when there is no
 * such program.
 */
void tracer_start(struct tracer *tracer, char *const *argv, int in, int out);

/*
 * Attaches to each thread of a running process, and of its children. Ends the program with 4
 * when the process itself is refused; children that are, `missed` counts.
 */
void tracer_attach(struct tracer *tracer, pid_t pid);

/*
 * Follows the server until it and all its children have ended, or, when attached, until
 * SIGINT or SIGTERM. A signal for a server that we started is passed on, the third kills.
 */
void tracer_run(struct tracer *tracer);

/* For the two above: a task that is traced from now on; ends the program without memory. */
struct task *tracer_add_task(struct tracer *tracer, pid_t tid);

/* From here on SIGCHLD and the wish to stop wait until tracer_run() asks for them. */
void tracer_hold_signals(sigset_t *held);

/* The server's exit code as a shell would say it: 128 + signal when one ended it. */
int tracer_exit_code(const struct tracer *tracer);

#endif
