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
static int
await_ready(int fd, bool writing, const char *what)
{
    struct task *task = task_current();
    struct loop *loop = task->future.loop;
    struct watch *watch = loop_watch(loop, fd);
    struct handle *handle;
    int result;

    if (watch == NULL)
        return -1;
    handle = writing ? &watch->writer : &watch->reader;
    if (watch_begin(loop, watch, handle, task_resume, task) == -1)
        return -1;
    result = await_wake(what, fd, task->limit);
    watch_end(loop, watch, handle);
    return result;
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
    struct watch *watch = loop_watch(task_current()->future.loop, fd);

    if (watch == NULL)
        return -1;
    for (;;) {
        if (watch->streak == 0 && await_ready(fd, false, "recv") == -1)
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

ssize_t
await_send_all(int fd, const void *buf, size_t n)
{
    size_t sent = 0;

    while (sent < n) {
        ssize_t part = send(fd, (const char *)buf + sent, n - sent, 0);

        if (part >= 0)
            sent += (size_t)part;
        else if (!try_again())
            return -1;
        else if (errno != EINTR && await_ready(fd, true, "send") == -1)
            return -1;
    }
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
