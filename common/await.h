/*
 * await.h -- the calls of sockets, as tasks make them: each does what the call without
 * await_ does on a blocking socket, and lets others run while it would sleep.
 *
 * All take non-blocking descriptors, return -1 with errno set on failure, and fail also with
 * ECANCELED when the task is cancelled and with ETIMEDOUT when await_limit() is over.
 */
#ifndef ECHOLAB_AWAIT_H
#define ECHOLAB_AWAIT_H

#include <sys/types.h>

#include <stddef.h>

#include "net.h"

/* Waits until fd can be read, or written: for calls that are not here. Returns 0. */
int await_readable(int fd);
int await_writable(int fd);

/* The next client of a listening socket, as a non-blocking descriptor. */
int await_accept(int listen_fd, struct peer *peer);

/* At least one byte, at most n; 0 when no more will come. */
ssize_t await_recv(int fd, void *buf, size_t n);

/*
 * Reads on behind the *len bytes that are in buf until `end` is among them. Returns how many
 * bytes go up to and with the first `end`; those behind it count in *len and are for the
 * next call. Returns 0 when no more will come, -1 with EMSGSIZE when `room` is full.
 */
ssize_t await_recv_until(int fd, char *buf, size_t *len, size_t room, const char *end);

/* Sends all n bytes. Returns n; after a failure nobody knows how many went. */
ssize_t await_send_all(int fd, const void *buf, size_t n);

/* Connects fd. Returns 0. */
int await_connect(int fd, const struct sockaddr *addr, socklen_t len);

#endif
