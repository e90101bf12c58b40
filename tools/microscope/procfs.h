/* procfs.h -- what /proc tells about other programs; nothing here disturbs them. */
#ifndef ECHOLAB_PROCFS_H
#define ECHOLAB_PROCFS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_PROCESSES 8192

/* What some processes have and have used, taken together. */
struct usage {
    double cpu;       /* seconds, in user space and in the kernel, reaped children too */
    double wanted;    /* seconds: the CPU of threads that live, and their waiting for a CPU */
    uint64_t memory;  /* bytes, a shared page counted once (PSS), or RSS where that is unknown */
    unsigned fds;     /* open descriptors */
    unsigned tasks;   /* threads and processes, without zombies */
    unsigned zombies; /* ended, and nobody has asked for their status */
};

/*
 * The processes below `root`, children of children too, into pids[most]. Zombies count, but
 * not those that are root's own children: to reap them is root's business. Returns how many.
 */
int processes_below(pid_t root, pid_t *pids, int most);

/*
 * Only the children of `parent` itself, zombies too. When that is the caller, these numbers are
 * safe to send signals to: a child's number is not given away before its parent has waited.
 */
int children_of(pid_t parent, pid_t *pids, int most);

/* Adds up what n processes use. */
void usage_of(const pid_t *pids, int n, struct usage *usage);

/* The state letter of a process as in ps (R, S, Z ...); 0 when there is none. */
char process_state(pid_t pid);

/* Clients that are connected to the listener on this port and not yet accepted; 0 if unknown. */
unsigned accept_queue(int port);

/* Is somebody listening on this port? *v6 is set when only ::1 answers. */
bool port_listens(int port, bool *v6);

/*
 * Reads a small file of /proc/PID/ into text[room], with a NUL behind it. Returns its length,
 * -1 when it is not there or not for us to see.
 */
ssize_t read_proc(pid_t pid, const char *name, char *text, size_t room);

#endif
