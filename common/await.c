/* await.c -- the calls of sockets, as tasks make them. */
#include "await.h"

#include <errno.h>
#include <string.h>

#include "loop.h"
#include "task.h"
#include "watch.h"

/* A task whose calls never have to wait gives way to others after so many. */
#define FAIR_TURNS 16

/* Sleeps until fd is ready, the task is cancelled, or its limit is over. */
static inline int
sleep_on(struct task *task, struct watch *watch, struct handle *handle, const char *what, int fd)
{
    struct loop *loop = task->future.loop;
    int result;

    if (watch_begin(loop, watch, handle, task_resume, task) == -1)
        return -1;
    result = await_wake(what, fd, task->limit);
    watch_end(loop, watch, handle);
    return result;
}

static int
await_ready(int fd, bool writing, const char *what)
{
    struct task *task = task_current();
    struct watch *watch = loop_watch(task->future.loop, fd);

    if (watch == NULL)
        return -1;
    return sleep_on(task, watch, writing ? &watch->writer : &watch->reader, what, fd);
}

int
await_readable(int fd)
{
    return await_ready(fd, false, "readable");
}

int
await_writable(int fd)
{
    return await_ready(fd, true, "writable");
}

int
await_accept(int listen_fd, struct peer *peer)
{
    for (;;) {
        int fd = accept4(listen_fd, &peer->any, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd != -1)
            loop_forget(task_current()->future.loop, fd);
        if (fd != -1 || !try_again())
            return fd;
        if (errno != EINTR && await_ready(listen_fd, false, "accept") == -1)
            return -1;
    }
}

/*
 * After a recv() that filled the buffer there is probably more, so the next one comes at
 * once. After any other there is probably nothing, and to ask would be a call in vain.
 */
ssize_t
await_recv(int fd, void *buf, size_t n)
{
    struct task *task = task_current();
    struct watch *watch = loop_watch(task->future.loop, fd);

    if (watch == NULL)
        return -1;
    for (;;) {
        if (watch->streak == 0 && sleep_on(task, watch, &watch->reader, "recv", fd) == -1)
            return -1;
        ssize_t got = recv(fd, buf, n, 0);
        if (got == -1 && try_again()) {
            watch->streak = 0;
            continue;
        }
        watch->streak = (size_t)got == n ? (watch->streak + 1) % FAIR_TURNS : 0;
        return got;
    }
}

ssize_t
await_recv_until(int fd, char *buf, size_t *len, size_t room, const char *end)
{
    size_t end_len = strlen(end);

    for (;;) {
        const char *at = memmem(buf, *len, end, end_len);

        if (at != NULL)
            return at - buf + (ssize_t)end_len;
        if (*len == room) {
            errno = EMSGSIZE;
            return -1;
        }
        ssize_t n = await_recv(fd, buf + *len, room - *len);
        if (n <= 0)
            return n;
        *len += (size_t)n;
    }
}

/* What send() left: the rest of n bytes, as the socket takes them. */
static ssize_t
await_send_rest(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        if (await_ready(fd, true, "send") == -1)
            return -1;
        ssize_t part = send(fd, bytes, n, 0);
        if (part == -1 && !try_again())
            return -1;
        if (part > 0) {
            bytes += part;
            n -= (size_t)part;
        }
    }
    return 0;
}

ssize_t
await_send_all(int fd, const void *buf, size_t n)
{
    ssize_t sent = send(fd, buf, n, 0);

    if (sent == (ssize_t)n)
        return sent; /* most often */
    if (sent == -1 && !try_again())
        return -1;
    if (sent == -1)
        sent = 0;
    if (await_send_rest(fd, (const char *)buf + sent, n - (size_t)sent) == -1)
        return -1;
    return (ssize_t)n;
}

int
await_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (connect(fd, addr, len) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return -1;
    if (await_ready(fd, true, "connect") == -1 ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}
