/*
 * 41_coroutine.c -- a client's story in one go again, on one thread.
 *
 * Grew from:   10_blocking.c
 * New here:    tasks: where a call would sleep, await_ lets the others run.
 *              A task for each client, one that accepts, one that waits for
 *              the signal to stop; and time for what is owed at the end.
 * Gone:        one client at a time; and the pieces that 22_epoll.c cuts a
 *              client's story into, one for each event.
 * Still wrong: one thread: while one client makes us work, the others
 *              wait; one crash ends all.  And the failure of a task that
 *              nobody waits for is lost if nobody takes care (--boom=lost).
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "chores.h"
#include "loop.h"
#include "net.h"
#include "say.h"
#include "stage.h"
#include "task.h"

/* What all tasks share. */
struct shared {
    int listen_fd;
    struct loop *loop;
    const struct settings *set;
    struct future signal;       /* its number, once it has come */
};

/* Hears one whole line and sends it back.  0: keep the client, -1: drop. */
static int
await_echo_line(struct conn *c)
{
    while (c->owed == 0) {
        ssize_t n = await_recv(c->fd, c->buf + c->len, room_for(c));

        if (n == -1)
            return client_failed(c);
        client_said(c, (size_t)n);
        if (c->boom)
            return task_fail("Unexpected network error");
        if (n == 0 && c->owed == 0)
            return -1;          /* it left, and we owe it nothing */
    }
    if (await_send_all(c->fd, c->buf, c->owed) == -1)
        return client_failed(c);
    client_got(c, c->owed);
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
    if (c->boom && c->set->boom == BOOM_LOST)
        return -1;              /* so it goes up, and nobody closes */
    if (c->boom)
        complain("caught: %s; closing %s", task_why(), c->name);
    client_left(c);
    return 0;
}

/* Takes clients in until it is cancelled. */
static long
accept_clients(void *arg)
{
    const struct shared *shared = arg;
    size_t size = sizeof(struct conn) + shared->set->room;

    for (;;) {
        /* ACCEPT: others run until somebody connects. */
        struct peer peer = PEER_UNKNOWN;
        int fd = await_accept(shared->listen_fd, &peer);

        if (fd == -1 && errno == ECANCELED)
            return 0;
        if (fd == -1) {
            int nap = accept_failed();

            if (nap == -1 || await_sleep(nap / 1000.0) == -1)
                return 0;
            continue;
        }

        /* SERVE: in a task of its own; we go on accepting. */
        char name[ADDRESS_TEXT];
        struct task *task = task_start_with_room(shared->loop,
            address_text(&peer, name), __func__, serve, size);
        if (task == NULL) {
            complain("cannot create a task for %s: %s", name,
                     strerror(errno));
            close(fd);
            continue;
        }
        client_came_at(task->arg, fd, &peer, shared->set);
        task_drop(task);        /* nobody will ask how it ended */
    }
}

/* The first signal to stop; a second one takes its default action. */
static void
on_stop_signal(int sig, void *shared)
{
    future_set_result(&((struct shared *)shared)->signal, sig);
}

/* SIGUSR1 asks who is here, and for what they wait. */
static void
on_question(int sig, void *arg)
{
    (void)sig;
    (void)arg;
    tasks_dump();
}

/* The first task: starts the second, waits for the signal, ends it all. */
static long
live(void *arg)
{
    struct shared *shared = arg;
    double grace = shared->set->grace;
    struct task *door = task_start(shared->loop, "accept", __func__,
                                   accept_clients, shared);

    if (door == NULL)
        err(1, "task_start");
    long sig = await_future(&shared->signal);

    /* Nobody new: whoever connects from now on is refused. */
    task_cancel(door);
    await_task(door);
    shutdown(shared->listen_fd, SHUT_RDWR);

    /* One deadline for all: the clients finish side by side. */
    size_t left = tasks_alive() - 1;
    say("Got the signal SIG%s: %zu task%s, %g s to finish",
        sigabbrev_np((int)sig), left, left == 1 ? "" : "s", grace);
    left = await_others(grace);
    if (left > 0)
        say("%zu task%s cancelled", left, left == 1 ? " is" : "s are");
    return 0;
}

static void
run(int listen_fd, const struct settings *set)
{
    struct shared shared = { listen_fd, loop_open(set->max_fds), set,
                             { .done = false } };
    struct loop *loop = shared.loop;

    if (loop == NULL || set_nonblock(listen_fd) == -1)
        err(1, "loop_open");
    future_init(&shared.signal, loop);
    if (add_stop_signals(loop, on_stop_signal, &shared) == -1 ||
        add_signal(loop, SIGUSR1, on_question, NULL) == -1)
        err(1, "add_signal");
    struct task *first = task_start(loop, "main", __func__, live, &shared);
    if (first == NULL)
        err(1, "task_start");
    task_run(first);
    tasks_end(loop);            /* cancels who is left, waits for the last */
    loop_close(loop);
}

const struct stage stage_coroutine = {
    .name = "coroutine",
    .file = "41_coroutine.c",
    .parent = "blocking",
    .summary = "one thread, a task for each client",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_READ_TIMEOUT | TAKES_GRACE |
        TAKES_BOOM_TASK,
    .chunk = 16384,
    .lines = false,
    .stops = STOPS_ITSELF,
    .run = run,
};
