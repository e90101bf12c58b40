/*
 * 41_coroutine.c -- a client's story in one go again, on one thread.
 *
 * Grew from:   10_blocking.c
 * New here:    tasks: where a call would sleep, await_ lets the others run.
 *              A task for each client, and one that accepts.
 * Gone:        one client at a time; and the pieces that 22_epoll.c cuts a
 *              client's story into, one for each event.
 * Still wrong: one thread: while one client makes us work, the others
 *              wait; one crash ends all.
 */
#include <err.h>
#include <errno.h>
#include <unistd.h>

#include "await.h"
#include "chores.h"
#include "loop.h"
#include "net.h"
#include "say.h"
#include "stage.h"
#include "task.h"

/* What the task that accepts has to know. */
struct door {
    int listen_fd;
    struct loop *loop;
    const struct settings *set;
};

/* Hears one whole line and sends it back.  0: keep the client, -1: drop. */
static int
await_echo_line(struct conn *c)
{
    while (c->owed == 0) {
        ssize_t n = await_recv(c->fd, c->buf + c->len, room_for(c));

        if (n == -1 && errno == ETIMEDOUT)
            client_silent(c);
        if (n == -1)
            return -1;
        client_said(c, (size_t)n);
        if (n == 0 && c->owed == 0)
            return -1;          /* it left, and we owe it nothing */
    }
    size_t left = c->owed;
    if (await_send_all(c->fd, c->buf, left) == -1)
        return -1;
    client_got(c, left);
    return 0;
}

/* Serves one client until it leaves. */
static long
serve(void *arg)
{
    struct conn *c = arg;

    await_limit(c->set->read_timeout);
    while (await_echo_line(c) == 0)
        ;
    client_left(c);
    return 0;
}

/* Takes clients in until the listener is shut down. */
static long
accept_clients(void *arg)
{
    const struct door *door = arg;
    size_t size = sizeof(struct conn) + door->set->room;

    for (;;) {
        /* ACCEPT: others run until somebody connects. */
        struct peer peer = PEER_UNKNOWN;
        int fd = await_accept(door->listen_fd, &peer);

        if (fd == -1) {
            int nap = accept_failed();

            if (nap == -1)
                return 0;
            await_sleep(nap / 1000.0);
            continue;
        }

        /* SERVE: in a task of its own; we go on accepting. */
        char name[ADDRESS_TEXT];
        struct task *task = task_start(door->loop, address_text(&peer, name),
                                       __func__, serve, size);
        if (task == NULL) {
            complain("cannot create a task for %s: no memory", name);
            close(fd);
            continue;
        }
        client_came_at(task->arg, fd, &peer, door->set);
        task_drop(task);
    }
}

static void
run(int listen_fd, const struct settings *set)
{
    struct loop *loop = loop_open(set->max_fds);
    struct task *task;

    if (loop == NULL || set_nonblock(listen_fd) == -1)
        err(1, "loop_open");
    task = task_start(loop, "accept", __func__, accept_clients,
                      sizeof(struct door));
    if (task == NULL)
        err(1, "task_start");
    *(struct door *)task->arg = (struct door){ listen_fd, loop, set };
    task_run(task);
    tasks_end(loop);
    loop_close(loop);
}

const struct stage stage_coroutine = {
    .name = "coroutine",
    .file = "41_coroutine.c",
    .parent = "blocking",
    .summary = "one thread, a task for each client",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_READ_TIMEOUT,
    .chunk = 16384,
    .lines = false,
    .stops = STOPS_BY_LISTENER,
    .run = run,
};
