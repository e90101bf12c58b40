/*
 * view.h -- one look at a running server, from /proc and the kernel's table of sockets: who
 * sleeps in which call, who waits in the queue, whose bytes lie unread.
 */
#ifndef ECHOLAB_VIEW_H
#define ECHOLAB_VIEW_H

#include <sys/types.h>

#include <stdbool.h>

#include "net.h"
#include "procfs.h"
#include "tcptable.h"

#define VIEW_TASKS 1024   /* more are counted, not looked at one by one */
#define VIEW_SOCKETS 2000 /* up to so many clients we look for whose descriptor is which */

/* One thread. */
struct view_task {
    pid_t pid, tid;
    char state;          /* as in ps: S sleeps, R runs */
    char call[24];       /* "recv"; "" when it is in none, or that cannot be seen */
    int fd;              /* the call's descriptor; -1 none */
    char on[ADDRESS_TEXT]; /* what fd is: a client's address, "the listener", or "" */
};

/* One connection. */
struct view_client {
    struct tcp_row row;
    pid_t pid;           /* who holds it; 0: nobody, or not known */
    int fd;              /* there; -1 not known */
};

struct view {
    pid_t pid;           /* the server's first process; 0: not known */
    char name[64];       /* what it was started as */
    char address[ADDRESS_TEXT];
    int port;            /* 0: it listens on none */
    bool listening;
    int waiting, backlog; /* clients in the queue; how many may be; -1 unknown */
    struct view_task tasks[VIEW_TASKS];
    int n_tasks;
    struct view_client *clients; /* to be freed by view_free() */
    int n_clients;
    int time_wait, close_wait;
    struct usage usage;
    unsigned long switches; /* times that one of its tasks was woken or set aside */
    double at;           /* seconds on the monotonic clock */
    double cpu;          /* of one core, since the look before; -1 unknown */
    double wakes;        /* a second, since the look before; -1 unknown */
    const char *hidden;  /* what could not be seen, and why; NULL: nothing */
};

/*
 * Looks at process pid (0: only at the port) and, when port is 0, at the first port that it
 * listens on. `before` is the look before, or NULL. Returns -1 when the process is gone.
 */
int view_look(struct view *view, pid_t pid, int port, const struct view *before);

void view_free(struct view *view);

/* The process that listens on the port: the eldest; 0 when there is none that we may see. */
pid_t listener_process(int port);

#endif
