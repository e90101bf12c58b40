/* net.h -- socket chores that are the same in every program. */
#ifndef ECHOLAB_NET_H
#define ECHOLAB_NET_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>

/* Who is at the other end: accept() fills it in. Start with PEER_UNKNOWN. */
struct peer {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    };
};
#define PEER_UNKNOWN { .len = sizeof(struct sockaddr_storage) }

/* Enough for "[IPv6 address%interface]:port" and for a Unix socket's path. */
#define ADDRESS_TEXT 120

struct settings;

/*
 * Opens the socket that `set` asks for, binds it and listens. Returns the descriptor. On
 * failure it says what failed and how to go on, and ends the program with exit code 3.
 */
int listen_on(const struct settings *set);

/*
 * Connects to host and port, or to host "unix:PATH"; gives up after timeout_ms (-1: never).
 * Returns a blocking descriptor, or -1 with errno set and *failed naming what failed
 * ("connect", or getaddrinfo's own words with errno 0).
 */
int connect_to(const char *host, const char *port, int timeout_ms, const char **failed);

/* The address of peer as text into out[ADDRESS_TEXT]; returns out. */
const char *address_text(const struct peer *peer, char *out);

/* The address that fd is bound to, as text into out[ADDRESS_TEXT]; returns out. */
const char *local_address_text(int fd, char *out);

/* The port that fd is bound to; 0 for a Unix socket. */
int local_port(int fd);

/* Is fd the socket of somebody who came to listen_fd? */
bool accepted_from(int fd, int listen_fd);

/* Sets O_NONBLOCK. Returns 0, or -1 with errno set. */
int set_nonblock(int fd);

/*
 * Is fd a terminal or a pipe, something that may say more later? A background job that reads
 * its terminal then gets an error instead of being stopped.
 */
bool is_terminal_or_pipe(int fd);

/* True when errno says "not now, ask again" (EAGAIN, EINTR): no reason to drop anybody. */
bool try_again(void);

#endif
