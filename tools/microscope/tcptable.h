/* tcptable.h -- the TCP sockets of this machine, as ss and netstat list them. */
#ifndef ECHOLAB_TCPTABLE_H
#define ECHOLAB_TCPTABLE_H

#include <sys/types.h>

#include <stddef.h>

#include "net.h"

/* TCP states as /proc/net/tcp numbers them. */
enum { TCP_STATE_ESTABLISHED = 1, TCP_STATE_TIME_WAIT = 6, TCP_STATE_CLOSE_WAIT = 8,
       TCP_STATE_LISTEN = 10 };

/* One TCP socket of this machine. */
struct tcp_row {
    struct peer local, remote;
    int state;
    unsigned unsent, unread; /* bytes; of a listener, unread counts waiting clients */
    int backlog;             /* of a listener: how many may wait; -1 unknown */
    long long quiet;         /* ns since the last byte came, in steps of some ms; -1 unknown */
    unsigned long inode;     /* 0: no process holds it, as one not accepted yet */
};

/*
 * The TCP sockets with that local port, as process pid sees them, to be freed; *n says how
 * many. NULL with errno set when this system does not tell.
 */
struct tcp_row *tcp_table(pid_t pid, int port, size_t *n);

/* All that listen, on any port; else as tcp_table(). */
struct tcp_row *tcp_listeners(pid_t pid, size_t *n);

/* The port in an IPv4 or IPv6 address; 0 for others. */
int port_of(const struct peer *peer);

/* "ESTAB" for 1, as ss says it. */
const char *tcp_state_name(int state);

#endif
