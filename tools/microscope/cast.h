/*
 * cast.h -- who plays in the story that a trace tells: the sockets of the server, and the
 * clients behind them, named alice, bob, carol ... in the order in which they were seen.
 */
#ifndef ECHOLAB_CAST_H
#define ECHOLAB_CAST_H

#include <sys/types.h>

#include <stdbool.h>

#include "net.h"

#define NAME_TEXT 16
#define CAST_BUCKETS 4096
#define LISTENERS 8 /* ports that we remember a server to listen on */

/* What a descriptor is. */
enum end_kind {
    END_OTHER, END_LISTENER, END_CLIENT, END_EPOLL, END_PIPE, END_TIMER, END_EVENT,
    END_SIGNAL, END_FILE, END_URING
};

struct actor {
    int number;              /* 1 is the first */
    char name[NAME_TEXT];
    char address[ADDRESS_TEXT];
    int port;
    bool accepted, left;
    bool spoke;              /* it was heard at least once */
    int accepted_by;         /* the number of that task */
    long long accepted_at;   /* ns, as all times here */
    long long typed;         /* when the bytes came that no answer followed yet; 0: none */
    long long unread_since;  /* its bytes lie in the kernel since then; 0: none that we saw */
    long long unread_told;   /* the unread_since that was told */
    unsigned unread;         /* bytes unread at the last look */
    unsigned long looked;    /* the last look that saw it */
    struct actor *next;     /* of the same bucket */
};

/* One socket, known by its inode, or anything else that a descriptor may be. */
struct end {
    unsigned long inode;
    enum end_kind kind;
    struct actor *client;   /* of END_CLIENT */
    struct end *next;
};

struct cast {
    struct end *ends[CAST_BUCKETS];
    struct actor *clients[CAST_BUCKETS]; /* by port */
    int n_clients;
    int ports[LISTENERS];    /* 0: free */
};

/* The client that has that address now; NULL when there is none. */
struct actor *find_actor(const struct cast *cast, const struct peer *peer);

/* The same, or a new one with the next name. */
struct actor *actor_at(struct cast *cast, const struct peer *peer);

/* What descriptor fd of the process is. NULL when it is not open. */
struct end *end_of_fd(struct cast *cast, pid_t pid, int fd);

/* The socket that accept() gave: peer when accept() told it, else the socket is asked. */
struct end *accepted_end(struct cast *cast, pid_t pid, int fd, const struct peer *peer);

/* Remembers that the server listens on the port of its socket fd. */
void note_listener(struct cast *cast, pid_t pid, int fd);

/* Finds the listeners and clients among the descriptors of a server that runs already. */
void survey(struct cast *cast, pid_t pid);

/* A duplicate of another process's descriptor, to be closed; -1 with errno set. */
int borrow_fd(pid_t pid, int fd);

/* Clients that wait to be accepted on the listener; -1 when that cannot be told. */
int queue_length(pid_t pid, int fd);

/* ns since the last byte came on that TCP connection (in steps of some ms); -1 unknown. */
long long quiet_ns(pid_t pid, int fd);

#endif
