/*
 * decode.h -- what a system call means: its name as a C programmer writes it, the socket it
 * is about, the bytes it carries, whom it woke for. Read from the stopped server's memory.
 */
#ifndef ECHOLAB_DECODE_H
#define ECHOLAB_DECODE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cast.h"

#define CALL_ARGS 6
#define CALL_DATA 96  /* bytes of what was sent or heard that we keep to show */
#define READY_MOST 8  /* woken-for that we keep to name */

/* From here on errors stay inside the kernel: a signal broke in, and the call goes on. */
#define KERNEL_ERRNO 512

enum call_kind {
    CALL_OTHER, CALL_SOCKET, CALL_BIND, CALL_LISTEN, CALL_OPTION, CALL_CONNECT, CALL_ACCEPT,
    CALL_RECV, CALL_SEND, CALL_SHUTDOWN, CALL_CLOSE, CALL_FLAGS, CALL_POLL, CALL_SELECT,
    CALL_EPOLL_WAIT, CALL_EPOLL_NEW, CALL_EPOLL_CTL, CALL_FORK, CALL_WAIT, CALL_EXIT,
    CALL_FUTEX, CALL_NAP, CALL_URING
};

struct call {
    /* The tracer fills these. */
    long nr;
    uint64_t args[CALL_ARGS];
    long long begin, end; /* ns */
    long long result;
    int error;            /* errno, or 0 */

    /* decode_begin() and decode_end() fill these. */
    const char *name;     /* "recv", where the kernel's name is recvfrom */
    enum call_kind kind;
    int fd;               /* -1: it is about none */
    struct end *on;       /* what fd is; NULL for nothing known */
    char note[40];        /* what its other arguments say: "SO_REUSEADDR", "127.0.0.1:8000" */
    bool told;            /* its end is worth a line; its sleep is in any case */
    bool nonblock;        /* CALL_FLAGS: sets O_NONBLOCK; CALL_FORK: makes a thread */
    int queued;           /* CALL_ACCEPT: clients in the queue as it began; -1 unknown */
    char data[CALL_DATA];
    size_t kept;          /* of the bytes that were moved, so many are in data */
    struct end *ready[READY_MOST]; /* whom a wait ended for */
    int n_ready;          /* in ready; call.result counts all of them */
};

struct decoder {
    struct cast cast;
    struct epoll_entry *epoll[CAST_BUCKETS]; /* which socket an epoll event means */
};

/* A call begins: sets name, kind, fd, on, note and told. */
void decode_begin(struct decoder *decoder, pid_t pid, struct call *call);

/* The same call has ended: sets data, ready, and for accept() the new client. */
void decode_end(struct decoder *decoder, pid_t pid, struct call *call);

/* The kernel's name of a system call; NULL when we know none. */
const char *syscall_name(long nr);

/* "EAGAIN" for EAGAIN; numbers that the kernel keeps to itself are named as well. */
const char *errno_name(int error);

/* Does the wait with that kind (poll, select, epoll) ask about many at once? */
bool waits_for_many(enum call_kind kind);

#endif
