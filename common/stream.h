/*
 * stream.h -- a connection as tasks like it: read and readline instead of callbacks.
 *
 * Below it is a transport, which reads ahead a little and sends behind the task's back. One
 * task may read and one may write at a time. What begins with await_ fails with ECANCELED
 * when the task is cancelled; nothing that has come is lost then.
 */
#ifndef ECHOLAB_STREAM_H
#define ECHOLAB_STREAM_H

#include <sys/types.h>

#include <stddef.h>

#include "loop.h"

/* The longest line that await_readline() takes. */
#define STREAM_ROOM 4096

struct stream;

/* A stream on a non-blocking fd, which it will close. NULL with errno ENOMEM. */
struct stream *stream_open(struct loop *loop, int fd);

/*
 * Connects to host and port and opens a stream there. Returns NULL with errno set; ENOENT
 * when there is no such host. Looking a name up holds up the whole loop: getaddrinfo() knows
 * no "not now". A number is no name.
 */
struct stream *await_open_connection(struct loop *loop, const char *host, const char *port);

/* At least one byte, at most n. Returns how many; 0 at the end; -1 with errno. */
ssize_t await_read(struct stream *stream, char *buf, size_t n);

/* All n bytes. Returns n; or -1 with errno, ENODATA when the end came before. */
ssize_t await_read_exactly(struct stream *stream, char *buf, size_t n);

/*
 * A line with its \n into buf[room], ended by a NUL; what stands before the end of the stream
 * counts as one. Returns its length; 0 at the end; -1 with errno, EMSGSIZE when it is too long.
 */
ssize_t await_readline(struct stream *stream, char *buf, size_t room);

/* Sends n bytes now or later; never waits. See await_drain(). */
void stream_write(struct stream *stream, const char *data, size_t n);

/* After this the peer hears the end of the stream. */
void stream_write_eof(struct stream *stream);

/* Waits until the peer has taken enough. Returns 0; -1 with ECONNRESET when it is gone. */
int await_drain(struct stream *stream);

/* Sends what was written, closes, and frees the stream; nobody may use it any more. */
void stream_close(struct stream *stream);

#endif
