/* stream.c -- a connection as tasks like it: a protocol that keeps what comes. */
#include "stream.h"

#include <sys/socket.h>

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "task.h"
#include "transport.h"

struct stream {
    struct transport transport;
    char in[STREAM_ROOM];         /* what has come and was not read */
    size_t len;
    bool ended;                   /* no more will come */
    bool full;                    /* too much is unsent */
    bool lost;                    /* the connection is gone */
    bool closed;                  /* the task is gone too */
    struct task *reader, *writer; /* who waits; NULL when nobody does */
};

/* The wait is over for whoever it is: it looks again. */
static void
wake(struct task *task)
{
    if (task != NULL)
        call_soon(task->future.loop, &task->wake);
}

static void
connection_made(struct transport *t)
{
    (void)t;
}

static char *
get_buffer(struct transport *t, size_t *room)
{
    struct stream *stream = t->self;

    *room = sizeof(stream->in) - stream->len;
    return stream->in + stream->len;
}

/* When nothing more fits the peer has to wait, until the task reads on. */
static void
data_received(struct transport *t, size_t n)
{
    struct stream *stream = t->self;

    stream->len += n;
    if (stream->len == sizeof(stream->in))
        transport_pause_reading(t);
    wake(stream->reader);
}

static void
eof_received(struct transport *t)
{
    struct stream *stream = t->self;

    stream->ended = true;
    wake(stream->reader);
}

static void
pause_writing(struct transport *t)
{
    ((struct stream *)t->self)->full = true;
}

static void
resume_writing(struct transport *t)
{
    struct stream *stream = t->self;

    stream->full = false;
    wake(stream->writer);
}

static void
connection_lost(struct transport *t)
{
    struct stream *stream = t->self;

    close(t->fd);
    stream->lost = stream->ended = true;
    wake(stream->reader);
    wake(stream->writer);
    if (stream->closed)
        free(stream);
}

static const struct protocol protocol = {
    .connection_made = connection_made,
    .get_buffer = get_buffer,
    .data_received = data_received,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
    .eof_received = eof_received,
    .connection_lost = connection_lost,
};

struct stream *
stream_open(struct loop *loop, int fd)
{
    struct stream *stream = malloc(sizeof(*stream));

    if (stream == NULL)
        return NULL;
    *stream = (struct stream){ .len = 0 };
    transport_open(&stream->transport, fd, loop, &protocol, stream, NULL);
    return stream;
}

/* Connects to one address. Returns the descriptor, or -1 with errno set. */
static int
await_dial(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd == -1)
        return -1;
    loop_forget(task_current()->future.loop, fd);
    if (await_connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
        return fd;
    int saved = errno;
    loop_forget(task_current()->future.loop, fd);
    close(fd);
    errno = saved;
    return -1;
}

struct stream *
await_open_connection(struct loop *loop, const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *all;
    struct stream *stream;
    int fd = -1, saved;

    if (getaddrinfo(host, port, &hints, &all) != 0) {
        errno = ENOENT;
        return NULL;
    }
    errno = ENOENT;
    for (struct addrinfo *ai = all; ai != NULL && fd == -1 && errno != ECANCELED;
         ai = ai->ai_next)
        fd = await_dial(ai);
    saved = errno;
    freeaddrinfo(all);
    errno = saved;
    if (fd == -1)
        return NULL;
    stream = stream_open(loop, fd);
    if (stream == NULL)
        close(fd);
    return stream;
}

/* Waits until more has come. Returns 0, or -1 when nothing more will, or with errno. */
static int
await_more(struct stream *stream)
{
    int result;

    stream->reader = task_current();
    result = await_wake("stream", stream->transport.fd, task_current()->limit);
    stream->reader = NULL;
    return result;
}

/* Takes the first n bytes out of the stream's buffer. */
static void
take(struct stream *stream, char *buf, size_t n)
{
    memcpy(buf, stream->in, n);
    stream->len -= n;
    memmove(stream->in, stream->in + n, stream->len);
    if (!stream->ended)
        transport_resume_reading(&stream->transport);
}

ssize_t
await_read(struct stream *stream, char *buf, size_t n)
{
    while (stream->len == 0 && !stream->ended)
        if (await_more(stream) == -1)
            return -1;
    if (n > stream->len)
        n = stream->len;
    take(stream, buf, n);
    return (ssize_t)n;
}

ssize_t
await_read_exactly(struct stream *stream, char *buf, size_t n)
{
    size_t have = 0;

    while (have < n) {
        ssize_t more = await_read(stream, buf + have, n - have);

        if (more == 0)
            errno = ENODATA;
        if (more <= 0)
            return -1;
        have += (size_t)more;
    }
    return (ssize_t)n;
}

ssize_t
await_readline(struct stream *stream, char *buf, size_t room)
{
    const char *end;
    size_t n;

    for (;;) {
        end = memchr(stream->in, '\n', stream->len);
        n = end != NULL ? (size_t)(end - stream->in) + 1 : stream->len;
        if (end != NULL || stream->ended)
            break;
        if (n < sizeof(stream->in) && await_more(stream) == -1)
            return -1;
        if (n == sizeof(stream->in))
            break;
    }
    if (n >= room || (end == NULL && !stream->ended)) {
        errno = EMSGSIZE;
        return -1;
    }
    take(stream, buf, n);
    buf[n] = '\0';
    return (ssize_t)n;
}

void
stream_write(struct stream *stream, const char *data, size_t n)
{
    if (!stream->lost)
        transport_write(&stream->transport, data, n);
}

void
stream_write_eof(struct stream *stream)
{
    if (!stream->lost)
        transport_write_eof(&stream->transport);
}

int
await_drain(struct stream *stream)
{
    int result = 0;

    while (result == 0 && stream->full && !stream->lost) {
        stream->writer = task_current();
        result = await_wake("drain", stream->transport.fd, task_current()->limit);
        stream->writer = NULL;
    }
    if (result == 0 && stream->lost) {
        errno = ECONNRESET;
        result = -1;
    }
    return result;
}

void
stream_close(struct stream *stream)
{
    stream->closed = true;
    if (stream->lost)
        free(stream);
    else
        transport_close(&stream->transport);
}
